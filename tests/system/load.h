/*
 * Clients that go on while a test does things to the balancer: short connections one after the
 * other, sessions that stay open and talk in turn, and bulk both ways. Backends have to echo.
 */
#ifndef K0SLB_TESTS_SYSTEM_LOAD_H
#define K0SLB_TESTS_SYSTEM_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

#include "system/crowd.h"

#define LOAD_THREADS 12

/* How long each short connection took from connect(2) to its echo: bucket k, below 2^k ms. */
#define LOAD_BUCKETS 16

struct load_plan {
    struct addr address;
    unsigned visitors; /* threads, each with one short connection at a time */
    unsigned pause_us; /* of a visitor between two of them */
    unsigned streams;  /* sessions, looked after by one thread; at most CROWD_MAX */
    unsigned bulks;    /* threads, each with one session; 1 MiB there and back, again and again */
};

struct load {
    struct load_plan plan;
    atomic_bool stop;
    _Atomic uint64_t visits;
    _Atomic uint64_t failed_visits;
    _Atomic uint64_t rounds; /* of all streams */
    _Atomic uint64_t lost_streams;
    _Atomic uint64_t bulk_rounds;
    _Atomic uint64_t lost_bulks;
    _Atomic uint64_t took[LOAD_BUCKETS];
    _Atomic uint64_t slowest_ms;
    struct crowd crowd;
    pthread_t threads[LOAD_THREADS];
    unsigned thread_count;
};

/* Begins; every session is open when it returns. Returns 0, or -1 and nothing runs. */
int load_start(struct load *load, const struct load_plan *plan) MUST_CHECK;

/* Waits until so many short connections have been made. */
bool load_wait_visits(struct load *load, uint64_t visits, unsigned within_ms);

/* Each kind has done something whole that began after this call. */
bool load_wait_round(struct load *load, unsigned within_ms);

/* Ends everything, in order. Says on stdout what there was, with times. */
void load_stop(struct load *load);

/* Of all kinds together: what did not come to its end byte for byte. */
uint64_t load_failures(const struct load *load);

#endif
