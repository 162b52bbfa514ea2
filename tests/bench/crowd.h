/* Many clients in one process: holds connections open, and makes requests and new connections. */
#ifndef K0SLB_TESTS_BENCH_CROWD_H
#define K0SLB_TESTS_BENCH_CROWD_H

#include "base/addr.h"
#include "base/defs.h"

struct crowd_plan {
    struct addr target;
    struct addr source;    /* the first of the addresses that the clients come from */
    unsigned source_count; /* how many there are, taken in turn */
    unsigned held;         /* connections to hold */
    unsigned at_once;      /* how many open or wait for an answer at any time */
};

/*
 * Opens the connections that are to be held; each has sent a message and had it back when it counts
 * as open. Then obeys lines on standard input until it ends:
 *
 *     requests SECONDS   sends a message on one held connection after the other
 *     few SECONDS        the same on the first at_once of them alone
 *     connects SECONDS   opens a connection, sends a message, waits for it, closes; again and again
 *
 * Prints a line "WORD DONE FAILED MICROSECONDS" after each, and one with the word "open" first.
 * Returns 0, or -1 with errno when it cannot begin.
 */
int crowd_run(const struct crowd_plan *plan) MUST_CHECK;

#endif
