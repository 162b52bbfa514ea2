#include "base/told.h"

#include <stddef.h>

#include "unit/unit.h"

extern const struct unit_test told_tests[];

/* The first is told; then one in each second, with the others' number. */
static void test_one_in_a_while(void)
{
    static const struct told_pace pace = {.burst = 1, .every_ms = 1000};
    struct told told = {0};
    unsigned told_count = 0;
    unsigned reported = 0;

    for (uint64_t now_ms = 5; now_ms < 10005; now_ms += 10) {
        if (told_is_due(&told, now_ms, pace)) {
            told_count++;
            reported += (unsigned)told.reported;
        }
    }
    ASSERT_NUMBER(told_count, 10);
    ASSERT_NUMBER(reported + told.untold + told_count, 1000);
    CU_ASSERT_TRUE(told_is_due(&told, 10005, pace));
    ASSERT_NUMBER(told.reported, 99);
    CU_ASSERT_TRUE(told_is_due(&told, 99999, pace));
    ASSERT_NUMBER(told.reported, 0);
}

/* So many at once, and after as long as they stand for again. */
static void test_burst(void)
{
    static const struct told_pace pace = {.burst = 5, .every_ms = 100};
    struct told told = {0};

    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(told_is_due(&told, 1000, pace));
    CU_ASSERT_FALSE(told_has_room(&told, 1000, pace));
    CU_ASSERT_FALSE(told_is_due(&told, 1000, pace));
    CU_ASSERT_FALSE(told_is_due(&told, 1099, pace));
    CU_ASSERT_TRUE(told_is_due(&told, 1100, pace));
    ASSERT_NUMBER(told.reported, 2);
    CU_ASSERT_FALSE(told_has_room(&told, 1100, pace));
    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(told_is_due(&told, 1600, pace));
    CU_ASSERT_FALSE(told_is_due(&told, 1600, pace));
}

const struct unit_test told_tests[] = {
    {"one_in_a_while", test_one_in_a_while},
    {"burst", test_burst},
    {NULL, NULL},
};
