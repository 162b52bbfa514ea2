/*
 * Moves the bytes of one direction, from one socket of a session to the other:
 *
 *     from ──recv──► arena ──send──► to         small messages; what `to` does not take now
 *                      └─► spill ──────┘        waits in one spill buffer
 *     from ──splice─► pipe ──splice─► to        bulk, once reads fill the buffer
 *
 * In each turn the small messages of all sessions that have something are gathered first, then all
 * are sent: their receivers wake to full queues.
 *
 * Nothing is read while anything waits, so what a slow reader leaves behind is bounded by one
 * buffer or one pipe. The end of the stream is its last item: it is passed on after the last byte,
 * once, and in one segment with it where both came together. Sockets are edge-triggered; `readable`
 * and `writable` remember what epoll said.
 */
#ifndef K0SLB_WORKER_PUMP_H
#define K0SLB_WORKER_PUMP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "worker/pipe_pool.h"

/* One read of the copying way. */
#define PUMP_BUFFER_SIZE (16 * 1024)

/* What one turn can gather. Memory is used only as far as it is ever filled. */
#define PUMP_ARENA_SIZE (1024 * 1024)

/* A socket of a session. */
struct side {
    struct loop_watch watch; /* fd -1 while there is none */
    bool readable;           /* cleared by EAGAIN, or by a short read when nothing special is on */
    bool writable;           /* cleared by EAGAIN */
    bool special;            /* FIN, error or an urgent byte was reported: trust EAGAIN alone */
    bool is_hung;            /* an error was reported, or that it is shut both ways */
    bool has_sent;           /* something has been sent to it */
    bool is_prompt;          /* TCP_NODELAY is set */
};

/* A direction. */
struct flow {
    uint32_t pending;   /* bytes in the pipe, or at `bytes` */
    uint16_t offset;    /* of the first of them from `bytes` */
    uint16_t error;     /* errno of the source; told when its bytes are gone */
    char *bytes;        /* in the arena, or memory of its own; NULL without any */
    uint8_t pipe;       /* while bytes are in flight: 1 + its place in the pool; else 0 */
    uint8_t full_reads; /* reads in a row that filled the buffer */
    bool is_gathered;   /* `bytes` lies in the arena: for this turn only */
    bool ended;         /* the source has sent its FIN */
    bool shut;          /* and it has been passed on */
    bool is_last;       /* the other direction is shut: closing the socket passes the end on */
    bool is_watched;    /* bytes come in by gathering alone, so that someone sees all of them */
};

/* What all pumps of a worker share. */
struct pump_means {
    struct pipe_pool *pipes;
    enum conf_relay relay;
    char *arena; /* PUMP_ARENA_SIZE bytes, then PUMP_BUFFER_SIZE for what is not gathered */
    uint32_t arena_taken; /* bytes */
};

enum pump_outcome {
    PUMP_WAIT,          /* nothing more can be done until an event */
    PUMP_AGAIN,         /* the budget of this turn is spent; there is more to do */
    PUMP_SOURCE_FAILED, /* errno says how; what was received is flushed or waits in the flow */
    PUMP_SINK_FAILED,   /* errno says how */
};

/* 0, or -1 with errno ENOMEM. pump_means_fini() leaves the pool alone. */
int pump_means_init(struct pump_means *means, struct pipe_pool *pipes,
                    enum conf_relay relay) MUST_CHECK;
void pump_means_fini(struct pump_means *means);

/* Remembers what the loop reported of a socket. */
void side_note(struct side *side, unsigned events);

/*
 * Receives what is there into the arena, if it is a small message and nothing waits. False when the
 * arena is full: then every flow that has gathered must run before anything else is gathered. A
 * flow must run in the turn in which it gathered.
 */
bool pump_gather(struct pump_means *means, struct flow *flow, struct side *from);

/*
 * Gives the flow bytes to send before any others: `size` of them, `offset` into memory that came
 * from malloc(3) and is the flow's from here on. It holds nothing before.
 */
void pump_load(struct flow *flow, void *memory, size_t offset, size_t size);

/* Every flow that gathered has run: the arena is empty. */
void pump_gathered(struct pump_means *means);

/*
 * Moves what can be moved, at most about a megabyte. `moved` is a counter of this process on the
 * board: bytes that left for the sink are added.
 */
enum pump_outcome pump_run(struct pump_means *means, struct flow *flow, struct side *from,
                           struct side *to, _Atomic uint64_t *moved);

/* Gives back what the flow holds; a pipe with bytes in it is closed. */
void flow_fini(struct flow *flow, struct pump_means *means);

#endif
