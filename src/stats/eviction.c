#include "stats/eviction.h"

#include <stdbool.h>

/* 0:ffff::/32, which IPv4 addresses are given here, is no network of anybody's (RFC 4291). */
uint64_t eviction_origin(const struct addr *client)
{
    size_t bytes = client->family == ADDR_IPV4 ? 4 : 8;
    uint64_t origin = client->family == ADDR_IPV4 ? 0xffff : 0;

    for (size_t i = 0; i < bytes; i++)
        origin = origin << 8 | client->ip[i];
    return origin;
}

static unsigned count_of(const struct eviction_place *const *places, size_t count, uint64_t origin)
{
    unsigned found = 0;

    for (size_t i = 0; i < count; i++)
        found += places[i]->origin == origin;
    return found;
}

static bool goes_before(const struct eviction_place *a, const struct eviction_place *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->since_ms < b->since_ms;
}

size_t eviction_choose(const struct eviction_place *const *places, size_t count)
{
    unsigned most = 0;
    size_t chosen = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned found = count_of(places, count, places[i]->origin);

        if (found > most || (found == most && goes_before(places[i], places[chosen])))
            chosen = i;
        most = found > most ? found : most;
    }
    return chosen;
}
