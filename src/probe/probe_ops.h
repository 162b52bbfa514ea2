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
    PROBE_CONNECTING, /* the SYN is out; its timer is the first deadline */
    PROBE_SHAKING,    /* connected; ops->shake() goes on; its timer is the first deadline */
    PROBE_ANSWERING,  /* hands are shaken; ops->answer() goes on; its timer is the second one */
    PROBE_DECIDED,    /* the result stands and has not been told; at most until its timer */
    PROBE_LINGERING,  /* told; ops->linger() still waits for something, until its timer */
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
    uint64_t shook_us; /* 0 before PROBE_ANSWERING */
    uint64_t deadline_ms;
    struct probe_result result;      /* from PROBE_DECIDED on */
    struct certificate *certificate; /* of a full handshake, for the result; else NULL */
    char *body;                      /* of an answer, for the result; else NULL */
    void *talk;                      /* what ops keep, from open() to release(); else NULL */
    struct list place;               /* in the engine's list for its state */
};

struct probe_ops {
    /* For TLS: what is offered by ALPN as it stands on the wire (RFC 7301), or NULL. */
    const char *alpn;

    /* The connection stands: makes `talk`. 0, or -1 with errno (no verdict). May be NULL. */
    int (*open)(struct probe *probe, struct ssl_ctx_st *tls);

    /*
     * Goes on until it must wait: returns LOOP_READ or LOOP_WRITE, or 0 once it has decided or
     * called probe_shook().
     */
    unsigned (*shake)(struct probe *probe);

    /* After probe_shook(): the same. NULL: the handshake is the answer. */
    unsigned (*answer)(struct probe *probe);

    /* Decides: the second deadline has passed. */
    void (*late)(struct probe *probe);

    /*
     * After a good result, and whenever something comes then: LOOP_READ while there is something
     * to wait for before the goodbye, else 0. NULL: there never is.
     */
    unsigned (*linger)(struct probe *probe);

    /*
     * Says goodbye. True when the peer is expected to close in answer. NULL: nothing is said.
     */
    bool (*leave)(struct probe *probe);

    /* Frees `talk`. NULL when there is none. */
    void (*release)(struct probe *probe);
};

extern const struct probe_ops probe_tcp_ops;
extern const struct probe_ops probe_tls_ops;
extern const struct probe_ops probe_http_ops;
extern const struct probe_ops probe_h2_ops;

/* The handshake is over (probe.c): what follows has the second deadline. */
void probe_shook(struct probe *probe);

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
