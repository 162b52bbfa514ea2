#include "checker/schedule.h"

static uint64_t mix(uint64_t hash, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    return hash;
}

uint32_t schedule_hash(const char *service, const char *backend)
{
    uint64_t hash = mix(mix(mix(0xcbf29ce484222325u, service), "/"), backend);

    return (uint32_t)(hash ^ hash >> 32);
}

uint64_t schedule_first(uint64_t now_ms, uint32_t hash)
{
    return now_ms + hash % SCHEDULE_FIRST_MS;
}

uint64_t schedule_next(uint64_t now_ms, uint64_t interval_ms, uint32_t hash, struct rng *rng)
{
    uint64_t period = interval_ms - interval_ms / 20;
    uint64_t jitter = interval_ms / 40;
    uint64_t earliest = now_ms + period / 16 + 1; /* beyond the place that it is in now */
    uint64_t next = earliest - earliest % period + hash % period;

    if (next < earliest)
        next += period;
    next += rng_below(rng, (uint32_t)(2 * jitter + 1));
    next -= jitter;
    return next < now_ms + interval_ms ? next : now_ms + interval_ms;
}
