/* By the client's address: even, steady, and only the clients of a lost backend move. */
#include <stdio.h>
#include <string.h>

#include "balance/balance.h"
#include "unit/unit.h"

#define CLIENTS  100000
#define BACKENDS 5

static struct addr client_number(unsigned number)
{
    return (struct addr){
        .family = ADDR_IPV4,
        .port = (uint16_t)(number * 7),
        .ip = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static void make(struct balance_candidate *candidates)
{
    static const uint16_t weights[BACKENDS] = {1, 1, 2, 4, 2};

    for (unsigned i = 0; i < BACKENDS; i++) {
        char name[32];
        int length = snprintf(name, sizeof(name), "k0s-controller%u", i + 1);

        candidates[i] = (struct balance_candidate){.backend = (uint16_t)i,
                                                   .weight = weights[i],
                                                   .identity = balance_hash(name, (size_t)length)};
    }
}

static unsigned choose(const struct balance_candidate *candidates, size_t count, unsigned number)
{
    struct addr client = client_number(number);
    const struct balance_chance chance = {.client = &client};

    return candidates[balance_source_hash.pick(candidates, count, &chance)].backend;
}

static void test_shares(void)
{
    struct balance_candidate candidates[BACKENDS];
    unsigned taken[BACKENDS] = {0};

    make(candidates);
    for (unsigned i = 0; i < CLIENTS; i++)
        taken[choose(candidates, BACKENDS, i)]++;
    for (unsigned i = 0; i < BACKENDS; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)taken[i] / CLIENTS, candidates[i].weight / 10.0, 0.01);
}

/* Another port of the same client is the same client; the order of backends does not matter. */
static void test_steady(void)
{
    struct balance_candidate candidates[BACKENDS];
    struct balance_candidate turned[BACKENDS];
    unsigned moved = 0;

    make(candidates);
    for (unsigned i = 0; i < BACKENDS; i++)
        turned[i] = candidates[BACKENDS - 1 - i];
    for (unsigned i = 0; i < 1000; i++) {
        struct addr client = client_number(i);
        const struct balance_chance chance = {.client = &client};
        unsigned before = choose(candidates, BACKENDS, i);

        client.port++;
        moved +=
            candidates[balance_source_hash.pick(candidates, BACKENDS, &chance)].backend != before;
        moved += choose(turned, BACKENDS, i) != before;
    }
    ASSERT_NUMBER(moved, 0);
}

/* Only those of the one that is gone move, and they spread over all the others. */
static void test_one_goes(void)
{
    struct balance_candidate candidates[BACKENDS];
    unsigned moved = 0;
    unsigned strayed = 0;
    unsigned onto[BACKENDS] = {0};

    make(candidates);
    for (unsigned i = 0; i < CLIENTS; i++) {
        unsigned before = choose(candidates, BACKENDS, i);
        unsigned after = choose(candidates, BACKENDS - 1, i);

        if (before == BACKENDS - 1) {
            moved++;
            onto[after]++;
        } else {
            strayed += after != before;
        }
    }
    ASSERT_NUMBER(strayed, 0);
    CU_ASSERT_DOUBLE_EQUAL((double)moved / CLIENTS, 0.2, 0.01);
    for (unsigned i = 0; i < BACKENDS - 1; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)onto[i] / moved, candidates[i].weight / 8.0, 0.02);
}

extern const struct unit_test source_hash_tests[];
const struct unit_test source_hash_tests[] = {
    {"shares", test_shares},
    {"steady", test_steady},
    {"one_goes", test_one_goes},
    {NULL, NULL},
};
