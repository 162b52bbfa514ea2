/* A logger whose sink is a pipe that the test reads, or does not. */
#ifndef K0SLB_TESTS_UNIT_MASTER_DESK_H
#define K0SLB_TESTS_UNIT_MASTER_DESK_H

#include "master/logger.h"

#define DESK_SEEN_SIZE (256 * 1024)

struct desk {
    struct logger logger;
    struct loop *loop;
    int sink[2];               /* the other way round: [1] is the logger's standard error */
    char seen[DESK_SEEN_SIZE]; /* what desk_seen() gave last */
    unsigned before;           /* descriptors */
};

struct desk *desk_open(void);

/* Also holds that every descriptor is closed. */
void desk_close(struct desk *desk);

/* What a child writes, and then one turn of the loop. */
void desk_take(struct desk *desk, const char *text);
void desk_write(struct desk *desk, const char *text);
void desk_turn(struct desk *desk);

/* Turns until the logger has nothing left to do. */
void desk_settle(struct desk *desk);

/*
 * Takes what has come out and returns it line by line without the times ("2026-11-23T13:19:00Z "),
 * "!" where one is missing.
 */
const char *desk_seen(struct desk *desk);

/* Fills the sink's pipe to the last byte; takes all of that out again. */
void desk_block(struct desk *desk);
void desk_unblock(struct desk *desk);

/* Lines of a kilobyte, until the queue is more than full. Returns how many were dropped. */
unsigned desk_overfill(struct desk *desk);

#endif
