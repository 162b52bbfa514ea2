#include <stdio.h>

#include "balance/balance.h"
#include "base/defs.h"

#include "unit/unit.h"

extern const struct unit_test least_conn_tests[];

static size_t pick(const struct balance_candidate *candidates, size_t count, struct rng *rng)
{
    struct balance_chance chance = {.rng = rng};

    return balance_least_conn.pick(candidates, count, &chance);
}

/* The fewest sessions for its weight, the new one counted. */
static void test_clear_cases(void)
{
    static const struct {
        struct balance_candidate candidates[3];
        size_t wanted;
    } cases[] = {
        {{{.weight = 1, .active = 3}, {.weight = 1, .active = 1}, {.weight = 1, .active = 2}}, 1},
        {{{.weight = 1, .active = 0}, {.weight = 1, .active = 1}, {.weight = 1, .active = 1}}, 0},
        {{{.weight = 1, .active = 1}, {.weight = 1, .active = 1}, {.weight = 1, .active = 0}}, 2},
        {{{.weight = 1, .active = 0}, {.weight = 2, .active = 0}, {.weight = 1, .active = 0}}, 1},
        {{{.weight = 1, .active = 1}, {.weight = 4, .active = 6}, {.weight = 1, .active = 1}}, 1},
        {{{.weight = 2, .active = 8}, {.weight = 4, .active = 18}, {.weight = 1, .active = 4}}, 0},
        {{{.weight = 256, .active = 254}, {.weight = 1, .active = 0}, {.weight = 1, .active = 0}},
         0},
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

/*
 * Equals get equal shares: chi-square with three degrees of freedom stays below 16.3 but once in a
 * thousand seeds, and this seed is fixed.
 */
static void check_ties(const struct balance_candidate *candidates, size_t count, size_t equals)
{
    const unsigned picks = 100000;
    unsigned got[8] = {0};
    double expected = (double)picks / (double)equals;
    double chi_square = 0;
    struct rng rng;

    rng_seed(&rng, 20261123);
    for (unsigned i = 0; i < picks; i++)
        got[pick(candidates, count, &rng)]++;
    for (size_t i = 0; i < equals; i++)
        chi_square += (got[i] - expected) * (got[i] - expected) / expected;
    for (size_t i = equals; i < count; i++)
        ASSERT_NUMBER(got[i], 0);
    CU_ASSERT(chi_square < 16.3);
}

static void test_ties(void)
{
    static const struct balance_candidate plain[] = {
        {.weight = 1, .active = 7}, {.weight = 1, .active = 7}, {.weight = 1, .active = 7},
        {.weight = 1, .active = 7}, {.weight = 1, .active = 8},
    };

    check_ties(plain, 4, 4);
    check_ties(plain, 5, 4);
    check_ties(plain, 3, 3);
    check_ties(plain, 2, 2);
}

/* Equal is what has the same sessions for its weight. */
static void test_weighted_ties(void)
{
    static const struct balance_candidate weighted[] = {
        {.weight = 1, .active = 1},     {.weight = 2, .active = 3}, {.weight = 4, .active = 7},
        {.weight = 128, .active = 255}, {.weight = 3, .active = 6},
    };

    check_ties(weighted, 5, 4);
}

/* A better one that comes late takes all, and forgets the ties before it. */
static void test_late_best(void)
{
    static const struct balance_candidate candidates[] = {
        {.weight = 1, .active = 0},
        {.weight = 1, .active = 0},
        {.weight = 1, .active = 9},
        {.weight = 1, .active = 9},
    };
    static const struct balance_candidate reversed[] = {
        {.weight = 1, .active = 9}, {.weight = 1, .active = 9}, {.weight = 1, .active = 9},
        {.weight = 1, .active = 0}, {.weight = 1, .active = 0},
    };
    unsigned got[5] = {0};
    struct rng rng;

    check_ties(candidates, 4, 2);
    rng_seed(&rng, 4);
    for (unsigned i = 0; i < 20000; i++)
        got[pick(reversed, 5, &rng)]++;
    ASSERT_NUMBER(got[0] + got[1] + got[2], 0);
    CU_ASSERT(got[3] > 9700 && got[3] < 10300);
}

static void test_needs(void)
{
    CU_ASSERT(balance_least_conn.reads_active);
    CU_ASSERT(!balance_least_conn.takes_ticket);
}

const struct unit_test least_conn_tests[] = {
    {"clear_cases", test_clear_cases}, {"ties", test_ties},   {"weighted_ties", test_weighted_ties},
    {"late_best", test_late_best},     {"needs", test_needs}, {NULL, NULL},
};
