/*
 * Small random numbers for spreading load and timing: xorshift64* (Vigna, 2016). Fast and seeded
 * from getrandom(2); not for secrets.
 */
#ifndef K0SLB_BASE_RNG_H
#define K0SLB_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state; /* never 0 */
};

/* Seeds from the kernel, and from the clock where getrandom(2) fails. Once per process. */
void rng_init(struct rng *rng);

/* Seeds with a fixed number, for tests. */
void rng_seed(struct rng *rng, uint64_t seed);

/* A number from 0 to bound - 1; bound is at least 1. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

#endif
