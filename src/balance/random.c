/*
 * The better of two: two backends are drawn by their weights, and the one with fewer sessions for
 * its weight gets the connection. Nearly as even as looking at all of them, and balancers that know
 * nothing of each other do not all run to the same one (Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001).
 */
#include "balance/balance.h"

static size_t draw(const struct balance_candidate *candidates, size_t count, struct rng *rng)
{
    uint32_t total = 0;
    uint32_t place;
    size_t drawn = 0;

    for (size_t i = 0; i < count; i++)
        total += candidates[i].weight;
    place = rng_below(rng, total);
    while (place >= candidates[drawn].weight)
        place -= candidates[drawn++].weight;
    return drawn;
}

/* Whether a would have fewer sessions for its weight than b after getting this one. */
static bool is_lighter(const struct balance_candidate *a, const struct balance_candidate *b)
{
    return ((uint64_t)a->active + 1) * b->weight < ((uint64_t)b->active + 1) * a->weight;
}

static size_t pick(const struct balance_candidate *candidates, size_t count,
                   const struct balance_chance *chance)
{
    size_t first = draw(candidates, count, chance->rng);
    size_t second = draw(candidates, count, chance->rng);

    return is_lighter(&candidates[second], &candidates[first]) ? second : first;
}

const struct balance_ops balance_random = {.reads_active = true, .pick = pick};
