#include <stdio.h>

#include "balance/balance.h"
#include "base/defs.h"

#include "unit/unit.h"

extern const struct unit_test round_robin_tests[];

#define MOST 1024

static size_t pick(const struct balance_candidate *candidates, size_t count, uint64_t ticket)
{
    struct balance_chance chance = {.ticket = ticket};

    return balance_round_robin.pick(candidates, count, &chance);
}

/* How often each weight's place is chosen over a run of tickets. */
static void count_picks(const struct balance_candidate *candidates, size_t count, uint64_t first,
                        uint64_t tickets, unsigned *picks)
{
    for (size_t i = 0; i < count; i++)
        picks[i] = 0;
    for (uint64_t ticket = first; ticket < first + tickets; ticket++) {
        size_t chosen = pick(candidates, count, ticket);

        CU_ASSERT_FATAL(chosen < count);
        picks[chosen]++;
    }
}

/* Over any run of as many tickets as the weights' sum, each gets exactly its weight. */
static bool is_exact(const unsigned *weights, size_t count)
{
    struct balance_candidate candidates[MOST] = {{0}};
    unsigned picks[MOST];
    uint64_t sum = 0;
    const uint64_t firsts[] = {0, 1, 12345, UINT64_C(1) << 40};

    for (size_t i = 0; i < count; i++) {
        candidates[i].weight = (uint16_t)weights[i];
        sum += weights[i];
    }
    for (size_t f = 0; f < ARRAY_LEN(firsts); f++) {
        count_picks(candidates, count, firsts[f], sum, picks);
        for (size_t i = 0; i < count; i++) {
            if (picks[i] != weights[i])
                return false;
        }
    }
    return true;
}

static void test_every_small_case(void)
{
    unsigned wrong = 0;

    for (unsigned code = 0; code < 7 * 7 * 7 * 7; code++) {
        unsigned weights[4] = {1 + code % 7, code / 7 % 7, code / 49 % 7, code / 343 % 7};
        size_t count = 1;

        while (count < 4 && weights[count] != 0)
            count++;
        wrong += !is_exact(weights, count);
    }
    ASSERT_NUMBER(wrong, 0);
}

static void test_large_weights(void)
{
    static const unsigned cases[][5] = {
        {256, 1, 1, 1, 1},     {256, 255, 254, 253, 251}, {1, 2, 4, 8, 256},
        {100, 1, 100, 1, 100}, {256, 256, 256, 256, 255}, {97, 89, 83, 79, 73},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CU_ASSERT(is_exact(cases[i], 5));
}

static void test_most_backends(void)
{
    unsigned weights[MOST];

    for (unsigned i = 0; i < MOST; i++)
        weights[i] = 1 + i % 3;
    CU_ASSERT(is_exact(weights, MOST));
}

static void test_alone(void)
{
    struct balance_candidate candidate = {.weight = 256};

    for (uint64_t ticket = 0; ticket < 600; ticket++)
        ASSERT_NUMBER(pick(&candidate, 1, ticket), 0);
}

/* Equal weights take plain turns, whatever the weight is. */
static void test_plain_turns(void)
{
    static const uint16_t weights[] = {1, 2, 100, 256};

    for (size_t w = 0; w < ARRAY_LEN(weights); w++) {
        struct balance_candidate candidates[3] = {
            {.weight = weights[w]}, {.weight = weights[w]}, {.weight = weights[w]}};

        for (uint64_t ticket = 0; ticket < 30; ticket++)
            ASSERT_NUMBER(pick(candidates, 3, ticket), ticket % 3);
    }
}

/* The longest run of the first one, which is the heavy one. */
static unsigned longest_run(const struct balance_candidate *candidates, size_t count)
{
    unsigned longest = 0;
    unsigned run = 0;

    for (uint64_t ticket = 0; ticket < 4000; ticket++) {
        run = pick(candidates, count, ticket) == 0 ? run + 1 : 0;
        if (run > longest)
            longest = run;
    }
    return longest;
}

/* A heavy backend's turns stand apart: its whole weight never comes in one go. */
static void test_turns_are_apart(void)
{
    static const struct {
        struct balance_candidate candidates[3];
        unsigned most;
    } cases[] = {
        {{{.weight = 16}, {.weight = 9}, {.weight = 7}}, 2},
        {{{.weight = 50}, {.weight = 26}, {.weight = 25}}, 2},
        {{{.weight = 200}, {.weight = 51}, {.weight = 50}}, 4},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CU_ASSERT(longest_run(cases[i].candidates, 3) <= cases[i].most);
}

/* The counter may go round; nothing but one turn's order is lost. */
static void test_last_tickets(void)
{
    struct balance_candidate candidates[] = {{.weight = 3}, {.weight = 2}, {.weight = 1}};

    for (uint64_t ticket = UINT64_MAX - 100; ticket != 100; ticket++)
        CU_ASSERT_FATAL(pick(candidates, 3, ticket) < 3);
}

static void test_needs(void)
{
    CU_ASSERT(balance_round_robin.takes_ticket);
    CU_ASSERT(!balance_round_robin.reads_active);
}

const struct unit_test round_robin_tests[] = {
    {"every_small_case", test_every_small_case},
    {"large_weights", test_large_weights},
    {"most_backends", test_most_backends},
    {"alone", test_alone},
    {"plain_turns", test_plain_turns},
    {"turns_are_apart", test_turns_are_apart},
    {"last_tickets", test_last_tickets},
    {"needs", test_needs},
    {NULL, NULL},
};
