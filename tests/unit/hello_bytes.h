/* ClientHellos to order, built by hand: what a TLS client sends first. */
#ifndef K0SLB_TESTS_UNIT_HELLO_BYTES_H
#define K0SLB_TESTS_UNIT_HELLO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The shortest that can be ordered. */
#define HELLO_BYTES_LEAST 128

/* Room for any. */
#define HELLO_BYTES_MOST (20 * 1024)

struct hello_order {
    size_t size;      /* of all bytes, record headers included */
    unsigned records; /* that share the message; 0 = 1 */
    bool early_data;  /* announces it (RFC 8446, section 4.2.10) */
    uint8_t seed;     /* makes one hello differ from another */
};

/* Writes the hello and returns its size; padding (RFC 7685) makes it as long as ordered. */
size_t hello_bytes(uint8_t bytes[HELLO_BYTES_MOST], const struct hello_order *order);

#endif
