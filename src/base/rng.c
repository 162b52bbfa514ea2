#include "base/rng.h"

#include <sys/random.h>

#include "base/mono.h"

void rng_seed(struct rng *rng, uint64_t seed)
{
    rng->state = seed * 2654435761u + 0x9e3779b97f4a7c15u;
    if (rng->state == 0)
        rng->state = 1;
}

void rng_init(struct rng *rng)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = mono_us() ^ (uint64_t)(uintptr_t)rng;
    rng_seed(rng, seed);
}

static uint32_t next(struct rng *rng)
{
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return (uint32_t)((rng->state * 2685821657736338717u) >> 32);
}

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    return (uint32_t)(((uint64_t)next(rng) * bound) >> 32);
}
