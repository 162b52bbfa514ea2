#include "unit/unit.h"

#include "base/defs.h"
#include "base/rng.h"
#include "checker/flapping.h"

static void test_three_within_a_minute(void)
{
    struct flapping flapping = {0};

    CU_ASSERT_FALSE(flapping_is_shown(&flapping, 1));
    flapping_note(&flapping, 1000);
    flapping_note(&flapping, 30000);
    CU_ASSERT_FALSE(flapping_is_shown(&flapping, 30000));
    ASSERT_NUMBER(flapping_next(&flapping, 30000), UINT64_MAX);
    flapping_note(&flapping, 61000);
    CU_ASSERT_TRUE(flapping_is_shown(&flapping, 61000));
    ASSERT_NUMBER(flapping_next(&flapping, 61000), 121000);
    CU_ASSERT_TRUE(flapping_is_shown(&flapping, 120999));
    CU_ASSERT_FALSE(flapping_is_shown(&flapping, 121000));
    ASSERT_NUMBER(flapping_next(&flapping, 121000), UINT64_MAX);
}

static void test_three_in_more_than_a_minute(void)
{
    struct flapping flapping = {0};

    flapping_note(&flapping, 1000);
    flapping_note(&flapping, 30000);
    flapping_note(&flapping, 61001);
    CU_ASSERT_FALSE(flapping_is_shown(&flapping, 61001));
    flapping_note(&flapping, 90000);
    CU_ASSERT_TRUE(flapping_is_shown(&flapping, 90000));
}

/* Once it is shown, each time that it goes down within a minute keeps it shown. */
static void test_goes_on(void)
{
    struct flapping flapping = {0};

    flapping_note(&flapping, 1000);
    flapping_note(&flapping, 2000);
    flapping_note(&flapping, 3000);
    flapping_note(&flapping, 62000);
    CU_ASSERT_TRUE(flapping_is_shown(&flapping, 121999));
    flapping_note(&flapping, 121000);
    CU_ASSERT_TRUE(flapping_is_shown(&flapping, 180999));
    CU_ASSERT_FALSE(flapping_is_shown(&flapping, 181000));
    flapping_note(&flapping, 181000);
    CU_ASSERT_FALSE(flapping_is_shown(&flapping, 181000));
}

/* What the words say of a whole history: a quick third, and no minute without since then. */
static bool expect(const uint64_t *downs, unsigned count, uint64_t now_ms)
{
    uint64_t quiet_from = now_ms;

    for (unsigned i = count; i-- > 0;) {
        if (quiet_from - downs[i] >= FLAPPING_WINDOW_MS)
            return false;
        if (i >= 2 && downs[i] - downs[i - 2] <= FLAPPING_WINDOW_MS)
            return true;
        quiet_from = downs[i];
    }
    return false;
}

static void test_histories(void)
{
    static const uint32_t most[] = {25000, 40000, 65000, 130000};
    struct rng rng;
    unsigned wrong = 0;
    unsigned shown = 0;
    unsigned looked = 0;

    rng_seed(&rng, 6);
    for (unsigned i = 0; i < 4000; i++) {
        struct flapping flapping = {0};
        uint64_t downs[12];
        uint64_t now_ms = 1;

        for (unsigned k = 0; k < ARRAY_LEN(downs); k++) {
            uint64_t later_ms;

            now_ms += rng_below(&rng, most[i % ARRAY_LEN(most)]);
            downs[k] = now_ms;
            flapping_note(&flapping, now_ms);
            later_ms = now_ms + rng_below(&rng, 70000);
            wrong += flapping_is_shown(&flapping, now_ms) != expect(downs, k + 1, now_ms);
            wrong += flapping_is_shown(&flapping, later_ms) != expect(downs, k + 1, later_ms);
            shown += flapping_is_shown(&flapping, later_ms);
            looked++;
        }
    }
    ASSERT_NUMBER(wrong, 0);
    CU_ASSERT_TRUE(shown > looked / 10 && shown < looked / 10 * 9);
}

extern const struct unit_test flapping_tests[];
const struct unit_test flapping_tests[] = {
    {"three_within_a_minute", test_three_within_a_minute},
    {"three_in_more_than_a_minute", test_three_in_more_than_a_minute},
    {"goes_on", test_goes_on},
    {"histories", test_histories},
    {NULL, NULL},
};
