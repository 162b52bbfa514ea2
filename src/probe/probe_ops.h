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
    PROBE_KEPT,       /* told; its connection is open for the next question of its session */
};

struct probe {
    struct probe_engine *engine;
    const struct probe_ops *ops;
    struct probe_question question;
    enum probe_state state;
    struct loop_watch watch; /* its socket, level-triggered */
    unsigned events;         /* what is waited for on it */
    struct loop_timer timer;
    uint64_t began_us;
    uint64_t shook_us; /* 0 before the handshake, and while a kept connection is asked */
    uint64_t deadline_ms;
    bool is_kept;        /* its socket is one of those that the engine keeps, idle or asked again */
    bool was_kept;       /* a kept connection was asked first, and brought no answer */
    unsigned asked;      /* questions over its connection, this one included */
    unsigned most_asked; /* how many there may be */
    struct probe_result result;      /* from PROBE_DECIDED on */
    struct certificate *certificate; /* of a full handshake, for the result; else NULL */
    char *body;                      /* of an answer, for the result; else NULL */
    void *talk;                      /* what ops keep, from open() to release(); else NULL */
    struct list place;               /* in the engine's list for its state */
};

struct probe_engine {
    struct loop *loop;
    struct ssl_ctx_st *tls;
    probe_wake_fn *wake;
    void *wake_context;
    struct list waiting; /* PROBE_WAITING, the oldest first */
    struct list running; /* the states between */
    struct list leaving; /* PROBE_LINGERING and PROBE_LEAVING, the oldest first */
    struct list kept;    /* PROBE_KEPT */
    unsigned open;       /* sockets of those that run and leave, but for … */
    unsigned kept_open;  /* … those of kept connections, idle or asked again */
    unsigned staggered;  /* sessions that have begun to keep */
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
     * After a good result with nothing to linger for: makes the connection ready for another
     * question. False when it is not good for one. NULL: it never is.
     */
    bool (*keep)(struct probe *probe);

    /* Whether nothing has come over a kept connection, and it is open. */
    bool (*is_quiet)(struct probe *kept);

    /* Whether a connection that was kept is what this question would make. */
    bool (*fits)(const struct probe *kept, const struct probe_question *question);

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

/* Waits for these events, as long as nothing else is said. 0, or -1 with errno. */
int probe_watch(struct probe *probe, unsigned events) MUST_CHECK;

/* Begins what waits, as far as there is room. */
void probe_begin_waiting(struct probe_engine *engine);

/*
 * How probes end (ending.c). Drops one, in whatever state: its socket resets. Tells the result of
 * one that has decided. Goes on, after an event or at its timer, with one whose result was told.
 * Gives up a kept connection. Gives up the connection of one that goes on without it.
 */
void ending_drop(struct probe *probe);
void ending_finish(struct probe *probe);
void ending_go_on(struct probe *probe);
void ending_time_out(struct probe *probe);
void ending_give_up(struct probe *kept);
void ending_cut(struct probe *probe);

/* Whether one more socket may be opened; those that are only leaving make room for it. */
bool ending_makes_room(struct probe_engine *engine);

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
