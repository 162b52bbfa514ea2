/*
 * What a client sends first, looked at as it accumulates: is it one TLS ClientHello and nothing
 * else? Pure: a function of the bytes.
 *
 * A ClientHello is one handshake message (RFC 8446, section 4.1.2; RFC 5246, section 7.4.1.2) in
 * one or more records (RFC 8446, section 5.1). A server that has not answered one has done nothing
 * yet that another server could not do as well. One that announces early data is a request already.
 */
#ifndef K0SLB_WORKER_HELLO_H
#define K0SLB_WORKER_HELLO_H

#include <stddef.h>
#include <stdint.h>

/* A longer one, record headers included, is as good as none. */
#define HELLO_MOST (16 * 1024)

enum hello_verdict {
    HELLO_NONE,  /* something else, and whatever follows will not change that */
    HELLO_PART,  /* the beginning of one; more has to come */
    HELLO_WHOLE, /* exactly one */
};

/*
 * Looks at all that has come so far, at least one byte. *expected is set unless the verdict is
 * NONE: how many bytes there will be in all, as far as the records seen so far tell; at least
 * `size`, at most HELLO_MOST.
 */
enum hello_verdict hello_look(const uint8_t *bytes, size_t size, size_t *expected);

#endif
