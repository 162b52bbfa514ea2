#include <string.h>

#include "balance/balance.h"
#include "base/defs.h"

#include "unit/unit.h"

extern const struct unit_test source_spread_tests[];

static size_t pick(const struct balance_candidate *candidates, size_t count, struct rng *rng)
{
    struct balance_chance chance = {.rng = rng};

    return balance_source_spread.pick(candidates, count, &chance);
}

/* Where nobody has as few for its weight, chance has no say. */
static void test_clear_cases(void)
{
    static const struct {
        struct balance_candidate candidates[3];
        size_t wanted;
    } cases[] = {
        {{{.weight = 1, .active = 3}, {.weight = 1, .active = 1}, {.weight = 1, .active = 2}}, 1},
        {{{.weight = 256, .active = 1}, {.weight = 1, .active = 0}, {.weight = 256, .active = 1}},
         1},
        {{{.weight = 1, .active = 1}, {.weight = 2, .active = 1}, {.weight = 1, .active = 1}}, 1},
        {{{.weight = 1, .active = 1}, {.weight = 2, .active = 3}, {.weight = 4, .active = 6}}, 0},
        {{{.weight = 1, .active = UINT32_MAX},
          {.weight = 256, .active = UINT32_MAX},
          {.weight = 255, .active = UINT32_MAX}},
         1},
    };
    struct rng rng;

    rng_seed(&rng, 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int again = 0; again < 100; again++)
            ASSERT_NUMBER(pick(cases[i].candidates, 3, &rng), cases[i].wanted);
    }
}

/* As many sessions as backends are one at each, whatever the weights; and so on, round by round. */
static void test_one_at_each(void)
{
    static const uint16_t weights[][4] = {{1, 1, 1, 1}, {1, 2, 3, 4}, {256, 1, 1, 100}};
    struct rng rng;

    rng_seed(&rng, 2);
    for (size_t k = 0; k < ARRAY_LEN(weights); k++) {
        for (int again = 0; again < 1000; again++) {
            struct balance_candidate candidates[4];

            memset(candidates, 0, sizeof(candidates));
            for (size_t i = 0; i < 4; i++)
                candidates[i].weight = weights[k][i];
            for (size_t i = 0; i < 4; i++)
                candidates[pick(candidates, 4, &rng)].active++;
            for (size_t i = 0; i < 4; i++)
                ASSERT_NUMBER(candidates[i].active, 1);
        }
    }
}

/*
 * The first sessions of many clients have shares by weight: chi-square with three degrees of
 * freedom stays below 16.3 but once in a thousand seeds, and this seed is fixed.
 */
static void test_ties_go_by_weight(void)
{
    static const struct balance_candidate candidates[] = {
        {.weight = 1}, {.weight = 2}, {.weight = 3}, {.weight = 4}};
    const unsigned picks = 100000;
    unsigned got[ARRAY_LEN(candidates)] = {0};
    double chi_square = 0;
    struct rng rng;

    rng_seed(&rng, 20261124);
    for (unsigned i = 0; i < picks; i++)
        got[pick(candidates, ARRAY_LEN(candidates), &rng)]++;
    for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
        double expected = (double)picks * candidates[i].weight / 10;

        chi_square += (got[i] - expected) * (got[i] - expected) / expected;
    }
    CU_ASSERT(chi_square < 16.3);
}

const struct unit_test source_spread_tests[] = {
    {"clear_cases", test_clear_cases},
    {"one_at_each", test_one_at_each},
    {"ties_go_by_weight", test_ties_go_by_weight},
    {NULL, NULL},
};
