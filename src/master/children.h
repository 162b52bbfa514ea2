/* Who should live: places for the children that an epoch asks for. */
#ifndef K0SLB_MASTER_CHILDREN_H
#define K0SLB_MASTER_CHILDREN_H

#include <stdbool.h>

#include "base/defs.h"
#include "master/child.h"

struct epoch;
struct master;

/*
 * Forks what the master's epoch asks for and is missing, and lets go of what it does not ask for:
 * surplus workers finish their sessions, a stats process without a listener ends.
 */
void children_adjust(struct master *master);

/* Allocates what so many workers need on the board. Returns 0, or -1 with errno ENOSPC. */
int children_make_room(struct master *master, unsigned workers) MUST_CHECK;

/* Forks a checker for the epoch and listeners given, which waits until it is told to begin. NULL
 * when that is not possible. */
struct child *children_add_successor(struct master *master, const struct epoch *epoch);

/* The checker that is ending for its successor's sake; NULL when there is none. */
struct child *children_leaving_checker(struct master *master);

/* Ends the checker in force. Writing on the board is its business until it has ended. */
void children_dismiss_checker(struct master *master);

/* Tells a successor to begin: from now on it is a checker like any other. */
void child_begin(struct child *successor);

/* Whether a reload or a renewal is on its way: nobody is born into the middle of it. */
bool children_are_changing(const struct master *master);

/* Ends a child for good: TERM now, its place is free when it has ended. */
void child_dismiss(struct child *child);

/* The living child of a role that is not leaving and no successor; NULL when there is none. */
struct child *children_find(struct master *master, enum board_role role);

#endif
