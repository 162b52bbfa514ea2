/*
 * A client address always goes to the same backend while that one is there: weighted rendezvous
 * hashing (Thaler and Ravishankar, 1998). Each backend gets a number from its name and the client's
 * address; the highest wins. When one of N goes, only its own clients move, and they spread over
 * all the others; no table has to be kept, and every balancer agrees.
 */
#include "balance/balance.h"

#include <math.h>

/* The last step of splitmix64: every bit of the result depends on every bit of the number. */
static uint64_t mix(uint64_t number)
{
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

/* Exponentially distributed by weight: the chance to win is the share of the weight. */
static double score(const struct balance_candidate *candidate, uint64_t client)
{
    uint64_t number = mix(candidate->identity ^ mix(client));
    double evenly = ((double)(number >> 11) + 0.5) / (double)(UINT64_C(1) << 53);

    return candidate->weight / -log(evenly);
}

static size_t pick(const struct balance_candidate *candidates, size_t count,
                   const struct balance_chance *chance)
{
    uint64_t client = balance_hash(chance->client->ip, sizeof(chance->client->ip));
    size_t best = 0;
    double highest = score(&candidates[0], client);

    for (size_t i = 1; i < count; i++) {
        double own = score(&candidates[i], client);

        if (own > highest) {
            highest = own;
            best = i;
        }
    }
    return best;
}

const struct balance_ops balance_source_hash = {.reads_identity = true, .pick = pick};
