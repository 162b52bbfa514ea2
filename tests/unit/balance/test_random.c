/* The better of two: shares by weight when nobody is busy, and the lighter of two drawn. */
#include <string.h>

#include "balance/balance.h"
#include "unit/unit.h"

#define PICKS 100000

static void test_shares(void)
{
    static const struct balance_candidate candidates[] = {
        {.weight = 1}, {.weight = 2}, {.weight = 5}};
    struct rng rng;
    struct balance_chance chance = {.rng = &rng};
    unsigned taken[3] = {0};
    struct balance_candidate busy[3];

    rng_seed(&rng, 1);
    memcpy(busy, candidates, sizeof(busy));
    for (unsigned i = 0; i < PICKS; i++) {
        size_t chosen = balance_random.pick(busy, 3, &chance);

        taken[chosen]++;
        busy[chosen].active++;
    }
    for (unsigned i = 0; i < 3; i++) {
        double share = (double)taken[i] / PICKS;

        CU_ASSERT_DOUBLE_EQUAL(share, candidates[i].weight / 8.0, 0.01);
    }
}

/* Of two the busier one is taken only when both draws are of it: a quarter of the time. */
static void test_lighter(void)
{
    static const struct balance_candidate candidates[] = {{.weight = 1, .active = 100},
                                                          {.weight = 1, .active = 1}};
    struct rng rng;
    struct balance_chance chance = {.rng = &rng};
    unsigned busier = 0;

    rng_seed(&rng, 2);
    for (unsigned i = 0; i < PICKS; i++)
        busier += balance_random.pick(candidates, 2, &chance) == 0;
    CU_ASSERT_DOUBLE_EQUAL((double)busier / PICKS, 0.25, 0.01);
}

static void test_alone(void)
{
    static const struct balance_candidate candidate = {.weight = 256, .active = 7};
    struct rng rng;
    struct balance_chance chance = {.rng = &rng};

    rng_seed(&rng, 3);
    ASSERT_NUMBER(balance_random.pick(&candidate, 1, &chance), 0);
}

extern const struct unit_test random_tests[];
const struct unit_test random_tests[] = {
    {"shares", test_shares},
    {"lighter", test_lighter},
    {"alone", test_alone},
    {NULL, NULL},
};
