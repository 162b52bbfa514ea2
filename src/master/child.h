/*
 * The master's children: a place for each that should live, its fork, its end, and the next fork.
 * The only file that calls fork(2) but base/daemonize.c.
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

struct epoch;
struct helper_birth;
struct master;

/* Workers, some of them leaving; two checkers and stats processes while one replaces another. */
#define CHILD_MOST (3 * CONF_MAX_WORKERS + 4)

/* A place: what should live here, and what does. */
struct child {
    struct master *master;
    enum board_role role; /* BOARD_ROLE_NONE: a free place */
    unsigned slot;        /* of a worker */
    bool is_born;         /* it has said that it is at work */
    bool is_leaving;      /* nobody is to follow it */
    bool is_successor;    /* a checker that waits until it may begin */
    uint64_t awaits;      /* the transaction that it has to answer; 0 = none */
    uint64_t behind; /* the one that is decided and that it has not said to be done; 0 = none */
    char name[24];
    pid_t pid; /* 0 while none lives */
    uint64_t start_time;
    uint64_t forked_ms;
    struct loop_watch channel; /* the master's end; fd -1 while none lives */
    struct backoff backoff;
    struct loop_timer respawn;
};

/* Forks into a place; a fork that fails is tried again later. */
void child_spawn(struct child *child, const struct epoch *epoch);

/* The timer of a place whose child died: forks again, but never into the middle of a reload. */
void child_respawn(struct loop_timer *timer);

/* Forks a process that does one thing and has no place (role/helper.h). Its pid, or -1 with errno.
 */
pid_t children_fork_helper(const struct helper_birth *birth) MUST_CHECK;

/* Collects every child that has ended (SIGCHLD may stand for several), and sees to the next. */
void children_reap(struct master *master);

/* Sends a signal to each living child of a role; BOARD_ROLE_NONE means every role. */
void children_signal(struct master *master, enum board_role role, int signal);

/* How many of a role are at work and to stay. */
unsigned children_born(const struct master *master, enum board_role role);

/* How many of a role live; BOARD_ROLE_NONE means every role. */
unsigned children_living(const struct master *master, enum board_role role);

#endif
