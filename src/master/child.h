/*
 * The master's children: a place for each that should live, its fork, its end, and the next fork.
 * The only file that calls fork(2).
 */
#ifndef K0SLB_MASTER_CHILD_H
#define K0SLB_MASTER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "board/board.h"
#include "conf/conf.h"
#include "master/backoff.h"

struct master;

/* Workers, the checker, stats. */
#define CHILD_MOST (CONF_MAX_WORKERS + 2)

/* A place: what should live here, and what does. */
struct child {
    struct master *master;
    enum board_role role;
    unsigned slot; /* of a worker */
    char name[24];
    pid_t pid; /* 0 while none lives */
    uint64_t start_time;
    uint64_t forked_ms;
    struct loop_watch channel; /* the master's end; fd -1 while none lives */
    struct backoff backoff;
    struct loop_timer respawn;
};

/* Makes the places that the epoch asks for and forks into each. A fork that fails is tried again.
 */
void children_start(struct master *master);

/* Collects every child that has ended (SIGCHLD may stand for several), and sees to the next. */
void children_reap(struct master *master);

/* Sends a signal to each living child of a role; BOARD_ROLE_NONE means every role. */
void children_signal(struct master *master, enum board_role role, int signal);

/* How many of a role live; BOARD_ROLE_NONE means every role. */
unsigned children_living(const struct master *master, enum board_role role);

#endif
