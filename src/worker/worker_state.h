/* What a worker knows: the state that its files share, passed along instead of globals. */
#ifndef K0SLB_WORKER_WORKER_STATE_H
#define K0SLB_WORKER_WORKER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/rng.h"
#include "base/told.h"
#include "board/board_writer.h"
#include "conf/epoch.h"
#include "role/role.h"
#include "worker/pipe_pool.h"
#include "worker/pump.h"

struct acceptors;
struct closings;
struct dead_peers;
struct idle_queues;
struct replays;

struct worker {
    const struct role_birth *birth;
    struct role_life *life;
    struct loop *loop;
    struct board *board;
    struct board_worker *own; /* this worker's region */
    const struct epoch *epoch;
    struct rng rng;

    struct acceptors *acceptors;
    bool draining;
    bool sources_were_full;   /* that was logged, and there has been no room since */
    struct told sources_full; /* how often it was logged */
    struct told limited;      /* clients beyond source_max_connections */
    struct told unreached;    /* backends that this machine could not connect to */

    uint32_t sessions;
    uint32_t sessions_most;          /* what the descriptors allow */
    struct list *at_backend;         /* by backend slot: its sessions */
    uint64_t *avoided_at_ms;         /* by backend slot: when it was last seen to fail, 0 = never */
    struct list *connecting;         /* by service slot: attempts, the earliest deadline first */
    struct loop_timer connect_timer; /* for the earliest of them all */
    struct list starved;             /* attempts that found no descriptor */
    struct loop_timer starved_timer; /* when they are tried again */
    struct list ready;               /* sessions that have something to do in this turn */
    struct list leaving;             /* sessions of which one side is gone */
    struct loop_timer leave_timer;
    uint64_t *retired_at_ms;   /* by backend slot: since when its sessions drain, 0 = not */
    struct list moved;         /* sessions to addresses that their backends no longer have */
    uint64_t moved_at_ms;      /* when the last of them came to be that */
    struct closings *closings; /* sessions of backends that are down or in maint */
    struct idle_queues *idle;
    struct replays *replays; /* hellos that may be replayed, and how many were */
    struct dead_peers *dead_peers;
    struct loop_watch health_watch;
    uint16_t local_port_first; /* what the kernel gives to outgoing connections */
    uint16_t local_port_last;

    struct pipe_pool pipes;
    struct pump_means means;
};

#endif
