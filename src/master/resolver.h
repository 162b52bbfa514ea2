/*
 * Host names as backends' addresses. A short-lived unprivileged process looks them up; the master
 * keeps what it found (names.h) and publishes it on the board, from where a changed address moves
 * new connections and leaves old ones. Without names in the configuration nothing of this happens.
 */
#ifndef K0SLB_MASTER_RESOLVER_H
#define K0SLB_MASTER_RESOLVER_H

#include <sys/types.h>

#include "base/loop.h"
#include "board/board.h"
#include "conf/epoch.h"
#include "master/lookup.h"
#include "master/names.h"

struct master;

/* How long one round of lookups may take. */
#define RESOLVER_SECONDS 10

struct resolver {
    struct names names;
    pid_t pid;                 /* of the process; 0 = none that has not been reaped */
    struct loop_watch answers; /* its pipe; fd -1 = no answer is awaited */
    size_t awaited;            /* so many records may still come */
    struct loop_timer due;
    struct loop_timer deadline;
};

#define RESOLVER_CLOSED                                                                            \
    {                                                                                              \
        .answers = {.fd = -1 }                                                                     \
    }

/*
 * Takes the names of the master's epoch, and from an earlier master's board (NULL = none) what they
 * resolved to: nobody waits for a lookup then. Before slots_publish(). 0, or -1 with errno ENOMEM.
 */
int resolver_open(struct master *master, const struct board *before) MUST_CHECK;

/* The loop can run: asks for all names as soon as it does. */
void resolver_begin(struct master *master);

/*
 * A reload, before its decision: makes room for the names of its epoch. 0, or -1 with errno ENOMEM.
 */
int resolver_prepare(struct master *master, const struct epoch *epoch) MUST_CHECK;

/*
 * The same, decided, before slots_publish(): forgets names that are gone and asks for all others as
 * soon as the loop runs. Lookups that are out go on, unless new names would have to wait for them.
 */
void resolver_change(struct master *master, const struct epoch *epoch);

/* A process of the master's has been reaped. */
void resolver_reaped(struct master *master, pid_t pid);

/* Asks nothing any more, and ends the process if one lives; resolver_is_gone() once it is reaped.
 */
void resolver_stop(struct master *master);
bool resolver_is_gone(const struct master *master);

void resolver_close(struct master *master);

#endif
