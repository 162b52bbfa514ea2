/*
 * What every child is born with, and the life all of them share: a loop, signals as events, the
 * channel to the master, a heartbeat.
 */
#ifndef K0SLB_ROLE_ROLE_H
#define K0SLB_ROLE_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/loop.h"
#include "board/board.h"
#include "board/board_writer.h"
#include "conf/epoch.h"

/* Once a second: state is written, words that nobody announces are looked at. */
#define ROLE_HEARTBEAT_MS 1000

/* A child's inheritance. Made by the master before the fork; constant afterwards. */
struct role_birth {
    enum board_role role;
    unsigned slot; /* of a worker, from 0 */
    char name[24]; /* "worker 1", "checker", "stats" */
    const struct epoch *epoch;
    struct board *board;
    const int *listeners; /* by the epoch's listener index, -1 where this host cannot have it */
    bool is_successor;    /* waits for BEGIN before it starts: a reload's new checker */
    int channel;          /* this child's end */
    int log;              /* the log pipe's writing end */
    int look_event;       /* eventfd: workers write it, the checker reads it ("look now") */
    int health_event;     /* eventfd: the checker writes it, and a worker without room for a
                             connection; workers watch it edge-triggered and
                             never read it ("health has changed") */
};

struct role_life;

/* A change of epochs, while it happens. Both are mapped until change() returns. */
struct role_change {
    const struct epoch *before;
    const struct epoch *after;
    const int *listeners; /* as in struct role_birth, of the epoch after */
};

/* How a role lives. Every function gets the state that prepare() made. */
struct role_ops {
    /* As root still, descriptors already those of the child: what needs privilege. NULL on
     * failure, with a line logged. */
    void *(*prepare)(const struct role_birth *birth);
    /* Privileges are gone; sets watches and timers in the life's loop. 0, or -1 with a line. */
    int (*start)(void *state, struct role_life *life);
    /* After each turn's events; may be NULL. */
    void (*turn)(void *state);
    /* Each second. */
    void (*heartbeat)(void *state);
    /*
     * A reload has been committed: from here on the new epoch is obeyed. Must not fail. Listeners
     * that are not in the new table are closed after it and must no longer be watched. NULL for a
     * role that is replaced by a successor instead.
     */
    void (*change)(void *state, const struct role_change *change);
    /* USR1: stop accepting, finish, then call role_finish(). */
    void (*drain)(void *state);
    /* The life is over; frees everything (leak checkers look). */
    void (*stop)(void *state);
};

/*
 * The whole life of a child, from right after fork(2): the birth checklist (descriptors, signals,
 * title, board, privileges, log), then the loop until TERM or role_finish(). When the master is
 * gone it goes on. Returns the status for _exit(2): 0, or ROLE_EXIT_SETUP.
 */
int role_live(const struct role_birth *birth, const struct role_ops *ops) MUST_CHECK;

/* A birth that failed for a reason that a quick retry will not cure. */
#define ROLE_EXIT_SETUP 3

/* For a role's functions: what it lives on. */
struct loop *role_loop(const struct role_life *life);
const struct role_birth *role_birth(const struct role_life *life);

/* The epoch in force and its listeners, by index; -1 for those of others and for closed ones. */
const struct epoch *role_epoch(const struct role_life *life);
const int *role_listeners(const struct role_life *life);

/* Closes this process's listeners, also those that come with later epochs. They are unwatched. */
void role_close_listeners(struct role_life *life);

/* Tells the master something; a message that cannot be sent is logged. */
void role_tell(const struct role_life *life, uint32_t channel_type);

/* Ends the life after this turn. */
void role_finish(struct role_life *life);

/* Whether a turn may block: a role with work left over asks for a turn that does not. */
void role_hurry(struct role_life *life);

#endif
