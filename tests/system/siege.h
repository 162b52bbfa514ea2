/*
 * Clients that a server of HTTP should not have: many of them, from addresses of their own, in a
 * process of their own. Who is thrown out comes back a little later; but for those that say
 * nothing, who stay away.
 */
#ifndef K0SLB_TESTS_SYSTEM_SIEGE_H
#define K0SLB_TESTS_SYSTEM_SIEGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/defs.h"

#define SIEGE_MAX 10000

enum siege_kind {
    SIEGE_IDLE,    /* says nothing */
    SIEGE_DRIP,    /* a byte of an endless head now and then */
    SIEGE_GARBAGE, /* bytes that are no HTTP */
    SIEGE_HUGE,    /* a head without end, as fast as it goes */
    SIEGE_GREEDY,  /* asks for a large answer and never reads it */
    SIEGE_MANY,    /* a hundred requests at once */
    SIEGE_HALF,    /* half a request, and FIN */
    SIEGE_RESET,   /* a request, and RST */
};

/* What they have met, in memory that both processes share. */
struct siege_counts {
    _Atomic bool stop;
    _Atomic uint64_t opened;
    _Atomic uint64_t refused;
    _Atomic uint64_t ended; /* by the server */
};

struct siege {
    pid_t pid; /* 0 = it does not run */
    struct siege_counts *counts;
};

struct siege_plan {
    struct addr target;
    enum siege_kind kind;
    unsigned clients;   /* at most SIEGE_MAX */
    unsigned addresses; /* from 127.1.KIND.1 on; at most 250 */
    const char *path;   /* that is asked for */
};

/* Begins; 0, or -1. To be ended by siege_fini() in any case. */
int siege_start(struct siege *siege, const struct siege_plan *plan) MUST_CHECK;

/* So many connections have been opened in all. */
bool siege_wait_opened(const struct siege *siege, uint64_t connections, unsigned within_ms);

/* Closes them all, and ends. */
void siege_fini(struct siege *siege);

#endif
