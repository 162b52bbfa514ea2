/*
 * Who loses a place when all are taken: pure, so that it can be told in tables. The client that has
 * most of the places loses one, so that nobody can take them all from the others; of its places,
 * or where all have as many, the one of the lowest rank, and of these the oldest.
 */
#ifndef K0SLB_STATS_EVICTION_H
#define K0SLB_STATS_EVICTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct eviction_place {
    uint64_t origin; /* whose it is */
    unsigned rank;   /* the lowest goes first */
    uint64_t since_ms;
};

/*
 * Where a client comes from, as a number: an IPv4 address, or the network of 64 bits that an IPv6
 * address is in, since who has one address there may have them all.
 */
uint64_t eviction_origin(const struct addr *client);

/* The index of the place that is lost. There has to be one. */
size_t eviction_choose(const struct eviction_place *const *places, size_t count);

#endif
