/* A reconnect storm: so many connections at once as a service's clients open after it was away. */
#ifndef K0SLB_TESTS_BENCH_STORM_H
#define K0SLB_TESTS_BENCH_STORM_H

#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

struct storm_plan {
    struct addr target;              /* sends back what it gets */
    struct addr source;              /* the first of the addresses that the clients come from */
    unsigned source_count;           /* how many there are, taken in turn */
    unsigned connections;            /* in all */
    unsigned processes;              /* that share them */
    void (*all_open)(void *context); /* called while they all are open; may be NULL */
    void *context;
};

struct storm_result {
    unsigned done; /* connected, and had a message sent back */
    unsigned failed;
    uint64_t total_us; /* from the first connect(2) to the last answer */
    uint64_t p50_us;   /* of one connection, from its connect(2) to its answer */
    uint64_t p99_us;
    uint64_t most_us;
    /* By this network namespace meanwhile: the balancer's SYNs to its backends are among them. */
    uint64_t syns_again;
    uint64_t overflows; /* connections that found an accept queue full */
    uint64_t drops;
};

/* Opens them all, keeps them until every one is open or has failed, and closes them. 0, or -1 with
 * errno. Only for a program without threads: it forks. */
int storm_run(const struct storm_plan *plan, struct storm_result *result) MUST_CHECK;

#endif
