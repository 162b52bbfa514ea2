/*
 * Weighted round robin. Over any run of W tickets, W the sum of the weights, every backend is
 * chosen exactly as often as its weight says, whichever workers drew the tickets: ticket t leads to
 * place t × step mod W on a line on which each backend has a stretch of its weight's length, and a
 * step without a common divisor with W visits every place once. A step near the golden section of W
 * keeps the turns of a heavy backend apart.
 */
#include "balance/balance.h"

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* Equal weights are all 1 here, so that plain turns result. */
static uint64_t weights_divisor(const struct balance_candidate *candidates, size_t count)
{
    uint64_t divisor = 0;

    for (size_t i = 0; i < count && divisor != 1; i++)
        divisor = common_divisor(candidates[i].weight, divisor);
    return divisor;
}

static uint64_t step_for(uint64_t places, size_t count)
{
    uint64_t step;

    if (places == count)
        return 1;
    step = places * 618 / 1000;
    while (step == 0 || common_divisor(step, places) != 1)
        step++;
    return step;
}

static size_t pick(const struct balance_candidate *candidates, size_t count,
                   const struct balance_chance *chance)
{
    uint64_t divisor = weights_divisor(candidates, count);
    uint64_t places = 0;
    uint64_t place;
    size_t chosen = 0;

    for (size_t i = 0; i < count; i++)
        places += candidates[i].weight / divisor;
    place = chance->ticket % places * step_for(places, count) % places;
    while (place >= candidates[chosen].weight / divisor)
        place -= candidates[chosen++].weight / divisor;
    return chosen;
}

const struct balance_ops balance_round_robin = {.takes_ticket = true, .pick = pick};
