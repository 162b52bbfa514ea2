/*
 * Weighted least connections: the backend that would have the fewest sessions for its weight after
 * getting this one. Ties are broken at random, so that workers and balancers do not march in step.
 */
#include "balance/balance.h"

/* Whether a is better (-1), as good (0) or worse (1) than b: cross products, no division. */
static int compare(const struct balance_candidate *a, const struct balance_candidate *b)
{
    uint64_t left = ((uint64_t)a->active + 1) * b->weight;
    uint64_t right = ((uint64_t)b->active + 1) * a->weight;

    if (left == right)
        return 0;
    return left < right ? -1 : 1;
}

static size_t pick(const struct balance_candidate *candidates, size_t count,
                   const struct balance_chance *chance)
{
    size_t best = 0;
    uint32_t ties = 1;

    for (size_t i = 1; i < count; i++) {
        int order = compare(&candidates[i], &candidates[best]);

        if (order < 0)
            ties = 1;
        /* The k-th of equals replaces the chosen one with a chance of 1/k: all are as likely. */
        if (order < 0 || (order == 0 && rng_below(chance->rng, ++ties) == 0))
            best = i;
    }
    return best;
}

const struct balance_ops balance_least_conn = {.reads_active = true, .pick = pick};
