#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/defs.h"
#include "checker/schedule.h"

#define MANY 1000

static uint32_t hash_of(unsigned number)
{
    char name[32];

    snprintf(name, sizeof(name), "controller%u", number);
    return schedule_hash("kubeAPI", name);
}

static void test_hash_tells_identities_apart(void)
{
    CU_ASSERT_EQUAL(schedule_hash("a", "b"), schedule_hash("a", "b"));
    CU_ASSERT_NOT_EQUAL(schedule_hash("a", "b"), schedule_hash("b", "a"));
    CU_ASSERT_NOT_EQUAL(schedule_hash("ab", "c"), schedule_hash("a", "bc"));
}

static void test_first_round_is_soon_and_spread(void)
{
    unsigned early = 0;

    for (unsigned i = 0; i < MANY; i++) {
        uint64_t first = schedule_first(5000, hash_of(i));

        CU_ASSERT_TRUE(first >= 5000 && first < 5000 + SCHEDULE_FIRST_MS);
        early += first < 5000 + SCHEDULE_FIRST_MS / 2;
    }
    CU_ASSERT_TRUE(early > MANY * 4 / 10 && early < MANY * 6 / 10);
}

static void test_interval_is_an_upper_bound(void)
{
    static const uint64_t intervals[] = {1, 10, 19, 200, 1000, 86400000};
    struct rng rng;

    rng_seed(&rng, 1);
    for (size_t i = 0; i < ARRAY_LEN(intervals); i++) {
        uint64_t now = 1000000;

        for (int k = 0; k < 1000; k++) {
            uint64_t next = schedule_next(now, intervals[i], hash_of(7), &rng);

            CU_ASSERT_TRUE(next > now && next <= now + intervals[i]);
            CU_ASSERT_TRUE(k == 0 || (next - now) * 10 >= intervals[i] * 8);
            now = next;
        }
    }
}

static void test_chance_varies_the_step(void)
{
    unsigned differs = 0;
    struct rng rng;
    uint64_t now = 1000000;
    uint64_t last = 0;

    rng_seed(&rng, 2);
    for (int k = 0; k < 100; k++) {
        uint64_t next = schedule_next(now, 1000, hash_of(3), &rng);

        differs += next - now != last;
        last = next - now;
        now = next;
    }
    CU_ASSERT_TRUE(differs > 80);
}

/* A thousand backends that all became up in one moment: never twice the mean in any 100 ms. */
static void test_probes_never_synchronize(void)
{
    enum { ROUNDS = 20, BIN_MS = 100, BINS = ROUNDS * 1000 / BIN_MS };
    unsigned *started = calloc(BINS, sizeof(*started));
    struct rng rng;

    CU_ASSERT_PTR_NOT_NULL_FATAL(started);
    rng_seed(&rng, 3);
    for (unsigned i = 0; i < MANY; i++) {
        uint64_t at = schedule_next(0, 1000, hash_of(i), &rng);

        for (; at < ROUNDS * 1000; at = schedule_next(at, 1000, hash_of(i), &rng))
            started[at / BIN_MS]++;
    }
    for (unsigned i = 0; i < BINS; i++)
        CU_ASSERT_TRUE(started[i] <= 2 * MANY * BIN_MS / 950);
    free(started);
}

const struct unit_test schedule_tests[] = {
    {"hash_tells_identities_apart", test_hash_tells_identities_apart},
    {"first_round_is_soon_and_spread", test_first_round_is_soon_and_spread},
    {"interval_is_an_upper_bound", test_interval_is_an_upper_bound},
    {"chance_varies_the_step", test_chance_varies_the_step},
    {"probes_never_synchronize", test_probes_never_synchronize},
    {NULL, NULL},
};
