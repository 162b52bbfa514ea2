#include "base/defs.h"
#include "base/rng.h"
#include "unit/unit.h"

extern const struct unit_test rng_tests[];

static void test_same_seed_same_numbers(void)
{
    struct rng a;
    struct rng b;
    unsigned different = 0;

    rng_seed(&a, 7);
    rng_seed(&b, 7);
    for (int i = 0; i < 100; i++)
        different += rng_below(&a, 1u << 30) != rng_below(&b, 1u << 30);
    ASSERT_NUMBER(different, 0);
    rng_seed(&b, 8);
    for (int i = 0; i < 100; i++)
        different += rng_below(&a, 1u << 30) != rng_below(&b, 1u << 30);
    CU_ASSERT(different > 90);
}

/* Every number below the bound comes, about equally often, and nothing else. */
static void test_spread(void)
{
    static const uint32_t bounds[] = {1, 2, 3, 5, 7, 16};
    struct rng rng;

    rng_seed(&rng, 1);
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        unsigned seen[16] = {0};
        unsigned fair = 30000 / bounds[i];

        for (int n = 0; n < 30000; n++) {
            uint32_t number = rng_below(&rng, bounds[i]);

            CU_ASSERT_FATAL(number < bounds[i]);
            seen[number]++;
        }
        for (uint32_t n = 0; n < bounds[i]; n++)
            CU_ASSERT(seen[n] > fair * 9 / 10 && seen[n] < fair * 11 / 10 + 2);
    }
}

static void test_any_seed_lives(void)
{
    /* The last one would make a state of 0, which stays 0 for ever. */
    static const uint64_t seeds[] = {0, 1, UINT64_MAX, 0xd5dbd7ee873fe25bu};

    for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
        struct rng rng;
        uint32_t all = 0;

        rng_seed(&rng, seeds[i]);
        CU_ASSERT(rng.state != 0);
        for (int n = 0; n < 64; n++)
            all |= rng_below(&rng, UINT32_MAX);
        CU_ASSERT(all > UINT32_MAX / 2);
    }
}

static void test_init_differs(void)
{
    struct rng a;
    struct rng b;

    rng_init(&a);
    rng_init(&b);
    CU_ASSERT(a.state != b.state);
}

const struct unit_test rng_tests[] = {
    {"same_seed_same_numbers", test_same_seed_same_numbers},
    {"spread", test_spread},
    {"any_seed_lives", test_any_seed_lives},
    {"init_differs", test_init_differs},
    {NULL, NULL},
};
