/*
 * Clients of an API: so many new TLS connections a second with one request each, and watches that
 * stay open and silent. A process of its own, so that the test has no threads; what its clients
 * meet is counted in memory that both share.
 */
#ifndef K0SLB_TESTS_SYSTEM_SURGE_H
#define K0SLB_TESTS_SYSTEM_SURGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/defs.h"

#define SURGE_WATCHES 24

struct surge_watch {
    _Atomic int server;         /* k of "ck"; 0 while it is not open */
    _Atomic uint64_t closed_ms; /* mono_ms(); 0 = it is open */
};

struct surge_counts {
    _Atomic bool stop;
    _Atomic uint64_t begun;
    _Atomic uint64_t answered; /* with 200 */
    _Atomic uint64_t unready;  /* with anything else */
    _Atomic uint64_t failed;   /* refused, or ended or given up before any byte came */
    _Atomic uint64_t cut;      /* after the first one */
    _Atomic uint64_t slowest_ms;
    _Atomic uint64_t failed_ms; /* mono_ms() of the last failure */
    struct surge_watch watches[SURGE_WATCHES];
};

struct surge {
    pid_t pid; /* 0 = it does not run */
    unsigned watch_count;
    struct surge_counts *counts;
};

struct surge_plan {
    struct addr address;
    unsigned per_second; /* 0 = none */
    unsigned watches;    /* at most SURGE_WATCHES */
};

/* Begins; every watch is open when it returns. 0, or -1; to be ended by surge_fini() in any case.
 */
int surge_start(struct surge *surge, const struct surge_plan *plan) MUST_CHECK;

/* So many further requests have been answered, well or not. */
bool surge_wait(const struct surge *surge, unsigned requests, unsigned within_ms);

/* Waits until every request has come to its end, and begins no other. False when that fails. */
bool surge_finish(struct surge *surge);

void surge_fini(struct surge *surge);

/* How many watches that server has still, and when the last of the others was closed. */
unsigned surge_open_watches(const struct surge *surge, int server);
uint64_t surge_last_close_ms(const struct surge *surge, int server);

#endif
