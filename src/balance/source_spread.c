/*
 * The backend with the fewest sessions from this client address for its weight; ties at random, in
 * proportion to the weights. One that has none is before all others, whatever the weights: a client
 * that opens as many sessions as there are backends has one at each of them, whichever workers they
 * came through. So konnectivity's agents, which redial until they hold one tunnel to each
 * controller, get there without a wasted connection.
 */
#include "balance/balance.h"

/* Whether a has fewer (-1), as many (0) or more (1) than b: cross products, no division. */
static int compare(const struct balance_candidate *a, const struct balance_candidate *b)
{
    uint64_t left = (uint64_t)a->active * b->weight;
    uint64_t right = (uint64_t)b->active * a->weight;

    if (left == right)
        return 0;
    return left < right ? -1 : 1;
}

static size_t pick(const struct balance_candidate *candidates, size_t count,
                   const struct balance_chance *chance)
{
    uint32_t ties = candidates[0].weight; /* the sum of the equals' weights */
    size_t best = 0;

    for (size_t i = 1; i < count; i++) {
        int order = compare(&candidates[i], &candidates[best]);

        if (order > 0)
            continue;
        ties = order < 0 ? candidates[i].weight : ties + candidates[i].weight;
        /* Each of the equals replaces the chosen one with a chance of its weight in their sum. */
        if (order < 0 || rng_below(chance->rng, ties) < candidates[i].weight)
            best = i;
    }
    return best;
}

const struct balance_ops balance_source_spread = {.reads_sources = true, .pick = pick};
