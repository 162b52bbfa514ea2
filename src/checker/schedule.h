/*
 * When to ask: pure arithmetic on monotonic milliseconds. Each backend has a place of its own in
 * every interval, by a hash of its identity, so that probes stay spread whatever happens, and a new
 * checker falls into the step of the old one.
 */
#ifndef K0SLB_CHECKER_SCHEDULE_H
#define K0SLB_CHECKER_SCHEDULE_H

#include <stdint.h>

#include "base/rng.h"

/* The first round of probes begins within this time, spread over most of it. */
#define SCHEDULE_FIRST_MS 150

/* The place of a backend: a hash of both names (FNV-1a, 64 bits, folded). */
uint32_t schedule_hash(const char *service, const char *backend);

/* When the first probe starts. */
uint64_t schedule_first(uint64_t now_ms, uint32_t hash);

/*
 * The next start in a regular interval, which is its upper bound: the places of one backend are
 * 95 % of it apart, and each start is up to 2.5 % earlier or later by chance.
 */
uint64_t schedule_next(uint64_t now_ms, uint64_t interval_ms, uint32_t hash, struct rng *rng);

#endif
