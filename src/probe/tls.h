/*
 * Inside the room: what the kinds that speak TLS share. A talk goes with a probe from the TCP
 * connection to the goodbye. Errors of OpenSSL stand in a queue of the thread, not of a connection:
 * it is emptied before each call, so that no backend is judged by another one's trouble.
 */
#ifndef K0SLB_PROBE_TLS_H
#define K0SLB_PROBE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/defs.h"

#include "probe/session_keep.h"

struct probe;
struct probe_question;

struct tls_talk {
    SSL *ssl;
    struct probe *probe;
    bool certificate_wanted;    /* the server asked for one, so its own was good enough to go on */
    bool identity_sent;         /* and got ours */
    bool has_ticket;            /* a session for the next time has come */
    bool broken;                /* after an error nothing may be said any more */
    uint32_t era;               /* of the session's holder when this began */
    struct session_terms terms; /* what a session from here is good for */
    uint64_t full_ms;           /* when the handshake was that this session goes back to */
    unsigned long error;        /* what broke it: OpenSSL's, or 0 and … */
    int error_number;           /* … errno, or 0: the other end closed */
    void *question;             /* what a kind keeps; freed with free(3) */
};

/* How a read or a write went. */
enum tls_outcome {
    TLS_MOVED,  /* `size` bytes */
    TLS_WAITS,  /* for `events` */
    TLS_CLOSED, /* the other end will send no more */
    TLS_BROKEN, /* tls_decide_broken() knows why */
};

struct tls_move {
    enum tls_outcome outcome;
    size_t size;
    unsigned events;
};

/* The context that all share; NULL with a line logged. */
SSL_CTX *tls_context_new(void) MUST_CHECK;
void tls_context_free(SSL_CTX *tls);

/* For struct probe_ops. */
int tls_open(struct probe *probe, SSL_CTX *tls);
unsigned tls_shake(struct probe *probe);
bool tls_leave(struct probe *probe);
void tls_release(struct probe *probe);
bool tls_is_quiet(struct probe *probe);
bool tls_fits(const struct probe *kept, const struct probe_question *question);

/* Whether something has been received that was not read yet: the socket will not tell. */
bool tls_has_more(const struct tls_talk *talk);

struct tls_move tls_read(struct tls_talk *talk, void *data, size_t size);
struct tls_move tls_write(struct tls_talk *talk, const void *data, size_t size);

/* Decides after TLS_BROKEN, or a handshake that failed (tls_error.c). */
void tls_decide_broken(struct probe *probe);

#endif
