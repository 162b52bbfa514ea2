/*
 * Moves the bytes of one direction, from one socket of a session to the other:
 *
 *     from ──recv──► buffer ──send──► to        small messages; what `to` does not take now
 *                      └─► spill ──────┘        waits in one spill buffer
 *     from ──splice─► pipe ──splice─► to        bulk, once reads fill the buffer
 *
 * Nothing is read while anything waits, so what a slow reader leaves behind is bounded by one
 * buffer or one pipe. The end of the stream is its last item: it is passed on after the last byte,
 * once. Sockets are edge-triggered; `readable` and `writable` remember what epoll said.
 */
#ifndef K0SLB_WORKER_PUMP_H
#define K0SLB_WORKER_PUMP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "conf/conf.h"
#include "worker/pipe_pool.h"

/* One read of the copying way. */
#define PUMP_BUFFER_SIZE (16 * 1024)

/* A socket of a session. */
struct side {
    struct loop_watch watch; /* fd -1 while there is none */
    bool readable;           /* cleared by EAGAIN, or by a short read when nothing special is on */
    bool writable;           /* cleared by EAGAIN */
    bool special;            /* FIN, error or an urgent byte was reported: trust EAGAIN alone */
    bool has_sent;           /* something has been sent to it */
    bool is_prompt;          /* TCP_NODELAY is set */
};

/* A direction. */
struct flow {
    uint32_t pending;   /* bytes in the pipe, or in the spill buffer */
    uint32_t offset;    /* of the first of them in the spill buffer */
    char *spill;        /* PUMP_BUFFER_SIZE bytes while something waits in it, else NULL */
    struct pipe *pipe;  /* while bytes are in flight, else NULL */
    uint8_t full_reads; /* reads in a row that filled the buffer */
    bool ended;         /* the source has sent its FIN */
    bool shut;          /* and it has been passed on */
    bool is_last;       /* the other direction is shut: closing the socket passes the end on */
};

/* What all pumps of a worker share. */
struct pump_means {
    struct pipe_pool *pipes;
    enum conf_relay relay;
    char buffer[PUMP_BUFFER_SIZE];
};

enum pump_outcome {
    PUMP_WAIT,          /* nothing more can be done until an event */
    PUMP_AGAIN,         /* the budget of this turn is spent; there is more to do */
    PUMP_SOURCE_FAILED, /* errno says how; what was received is flushed or waits in the flow */
    PUMP_SINK_FAILED,   /* errno says how */
};

/* Remembers what the loop reported of a socket. */
void side_note(struct side *side, unsigned events);

/*
 * Moves what can be moved, at most about a megabyte. `moved` is a counter of this process on the
 * board: bytes that left for the sink are added.
 */
enum pump_outcome pump_run(struct pump_means *means, struct flow *flow, struct side *from,
                           struct side *to, _Atomic uint64_t *moved);

/* Gives back what the flow holds; a pipe with bytes in it is closed. */
void flow_fini(struct flow *flow, struct pump_means *means);

#endif
