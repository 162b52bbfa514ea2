#include "balance/slow_start.h"

#include <stdbool.h>

/* The whole of a weight, and the least of it that ever counts: so a newcomer gets something from
 * the first moment on. */
#define WHOLE 10000
#define LEAST (WHOLE / 100)

/* How much of the time is over, in parts of WHOLE. */
static uint32_t part_after(const struct balance_request *request, uint64_t elapsed_ms)
{
    uint64_t part;

    if (elapsed_ms >= request->service->slow_start)
        return WHOLE;
    part = elapsed_ms * WHOLE / request->service->slow_start;
    return part > LEAST ? (uint32_t)part : LEAST;
}

/* Since it came up. The checker's clock may be a moment ahead of the time of this turn. */
static uint32_t part_of_health(const struct balance_request *request, unsigned slot)
{
    uint64_t since_ms = board_health_since(request->board, slot);

    if (!(board_health_marks(request->board, slot) & BOARD_MARK_RAMP))
        return WHOLE;
    return part_after(request, request->now_ms > since_ms ? request->now_ms - since_ms : 0);
}

/*
 * Since an administrator has said that it is ready: from that moment on, not from when anybody has
 * noted it. The wall clock may have been set; a time that has not come yet is none.
 */
static uint32_t part_of_word(const struct balance_request *request, unsigned slot, uint64_t wall_ms)
{
    uint64_t since_ms = board_admin_act(request->board, slot).since_ms;

    if (since_ms == 0 || wall_ms < since_ms)
        return WHOLE;
    return part_after(request, wall_ms - since_ms);
}

/* How much of a candidate's weight counts by now, in parts of WHOLE. */
static uint32_t part_of(const struct balance_request *request,
                        const struct balance_candidate *candidate, uint64_t wall_ms)
{
    unsigned slot = epoch_backend(request->epoch, candidate->backend)->slot;
    uint32_t of_health = part_of_health(request, slot);
    uint32_t of_word = part_of_word(request, slot, wall_ms);

    return of_health < of_word ? of_health : of_word;
}

/* Fills in everyone's part; returns whether anyone is on the way. */
static bool read_parts(const struct balance_request *request,
                       const struct balance_candidate *candidates, size_t count, uint32_t *parts)
{
    const uint64_t wall_ms = request->wall_ms(request->context);
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        parts[i] = part_of(request, &candidates[i], wall_ms);
        any |= parts[i] < WHOLE;
    }
    return any;
}

/* A number below the bound: any, but for a client that is to stay somewhere always the same. */
static uint32_t toss(const struct balance_request *request, const struct balance_ops *ops,
                     uint64_t identity, uint32_t bound)
{
    const struct addr *client = request->client;
    struct rng own;

    if (!ops->reads_identity)
        return rng_below(request->rng, bound);
    rng_seed(&own, balance_hash(client->ip, sizeof(client->ip)) ^ identity);
    return rng_below(&own, bound);
}

/* One of them all, by the parts of their weights. */
static size_t draw(const struct balance_request *request, const struct balance_ops *ops,
                   const struct balance_candidate *candidates, const uint32_t *parts, size_t count)
{
    uint32_t total = 0;
    uint32_t place;
    size_t drawn = 0;

    for (size_t i = 0; i < count; i++)
        total += candidates[i].weight * parts[i];
    place = toss(request, ops, 0, total);
    while (place >= candidates[drawn].weight * parts[drawn]) {
        place -= candidates[drawn].weight * parts[drawn];
        drawn++;
    }
    return drawn;
}

/* With those that are not on the way, the drawn one alone: its share is at most its part. */
static size_t keep_drawn(struct balance_candidate *candidates, const uint32_t *parts, size_t count,
                         size_t drawn)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (parts[i] == WHOLE || i == drawn)
            candidates[kept++] = candidates[i];
    }
    return kept;
}

/* Each in its part of all times; when nobody would be left, as above. */
static size_t keep_some(const struct balance_request *request, const struct balance_ops *ops,
                        struct balance_candidate *candidates, const uint32_t *parts, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (parts[i] == WHOLE || toss(request, ops, candidates[i].identity, WHOLE) < parts[i])
            candidates[kept++] = candidates[i];
    }
    if (kept > 0)
        return kept;
    candidates[0] = candidates[draw(request, ops, candidates, parts, count)];
    return 1;
}

/* It would give all it has to one that has no sessions yet. */
static bool goes_by_sessions(const struct balance_ops *ops)
{
    return ops->reads_active || ops->reads_sources;
}

size_t slow_start_hold_back(const struct balance_request *request, const struct balance_ops *ops,
                            struct balance_candidate *candidates, size_t count)
{
    uint32_t parts[CONF_MAX_BACKENDS];

    if (request->service->slow_start == 0 || count == 1 ||
        !read_parts(request, candidates, count, parts))
        return count;
    if (!goes_by_sessions(ops))
        return keep_some(request, ops, candidates, parts, count);
    return keep_drawn(candidates, parts, count, draw(request, ops, candidates, parts, count));
}
