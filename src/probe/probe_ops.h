/*
 * Inside the room: a probe, and what differs between the kinds of them. probe.c drives every probe
 * through its states; a kind says what is spoken once the TCP connection stands.
 */
#ifndef K0SLB_PROBE_PROBE_OPS_H
#define K0SLB_PROBE_PROBE_OPS_H

#include "base/list.h"
#include "probe/probe.h"

struct ssl_ctx_st;

enum probe_state {
    PROBE_WAITING,    /* in the queue: no socket, no deadline yet */
    PROBE_CONNECTING, /* the SYN is out; its timer is the deadline */
    PROBE_SPEAKING,   /* connected; ops->step() goes on; its timer is the deadline */
    PROBE_DECIDED,    /* the result stands and has not been told; at most until its timer */
    PROBE_LEAVING,    /* told; the peer may close first, until its timer */
};

struct probe {
    struct probe_engine *engine;
    const struct probe_ops *ops;
    struct probe_question question;
    enum probe_state state;
    struct loop_watch watch; /* its socket, level-triggered */
    struct loop_timer timer;
    uint64_t began_us;
    uint64_t deadline_ms;
    struct probe_result result; /* from PROBE_DECIDED on */
    void *talk;                 /* what ops keep, from open() to release(); else NULL */
    struct list place;          /* in the engine's list for its state */
};

struct probe_ops {
    enum board_check_code timeout; /* when the deadline passes while it speaks */
    const char *timeout_text;

    /* The connection stands: makes `talk`. 0, or -1 with errno (no verdict). May be NULL. */
    int (*open)(struct probe *probe, struct ssl_ctx_st *tls);

    /* Goes on until it must wait: returns LOOP_READ or LOOP_WRITE, or 0 once it has decided. */
    unsigned (*step)(struct probe *probe);

    /*
     * After a good result: says goodbye. True when the peer is expected to close in answer. NULL:
     * nothing is said.
     */
    bool (*leave)(struct probe *probe);

    /* Frees `talk`. NULL when there is none. */
    void (*release)(struct probe *probe);
};

extern const struct probe_ops probe_tcp_ops;
extern const struct probe_ops probe_tls_ops;

/* The context that all TLS probes share; NULL with a line logged. */
struct ssl_ctx_st *probe_tls_context_new(void) MUST_CHECK;
void probe_tls_context_free(struct ssl_ctx_st *tls);

/*
 * Each decides a probe (verdict.c). With an errno, one of this machine's own troubles is no
 * verdict; without a description it is described by strerror(3).
 */
void probe_decide_good(struct probe *probe, enum board_check_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
void probe_decide_bad(struct probe *probe, enum board_check_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
void probe_decide_error(struct probe *probe, enum board_check_code code, int error);
void probe_decide_connect(struct probe *probe, int error); /* what connect(2) ended with */
void probe_decide_nothing(struct probe *probe, int error); /* no verdict */

#endif
