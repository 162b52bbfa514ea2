#include <stdio.h>

#include "base/defs.h"
#include "master/backoff.h"

#include "unit/unit.h"

extern const struct unit_test backoff_tests[];

/* A child that dies at once, again and again. */
static void test_table(void)
{
    static const uint64_t wanted[] = {0,    100,   200,   400,   800,   1600, 3200,
                                      6400, 12800, 25600, 30000, 30000, 30000};
    struct backoff backoff = {0};

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        ASSERT_NUMBER(backoff_delay(&backoff, 10, false), wanted[i]);
    for (int i = 0; i < 100; i++)
        ASSERT_NUMBER(backoff_delay(&backoff, 0, false), BACKOFF_MOST_MS);
}

/* One that lived for a minute is replaced at once, and the row begins anew. */
static void test_healthy_life(void)
{
    struct backoff backoff = {0};

    for (int i = 0; i < 5; i++)
        (void)backoff_delay(&backoff, BACKOFF_HEALTHY_MS - 1, false);
    ASSERT_NUMBER(backoff_delay(&backoff, BACKOFF_HEALTHY_MS - 1, false), 1600);
    ASSERT_NUMBER(backoff_delay(&backoff, BACKOFF_HEALTHY_MS, false), 0);
    ASSERT_NUMBER(backoff_delay(&backoff, 10, false), 100);
    ASSERT_NUMBER(backoff_delay(&backoff, UINT64_MAX, false), 0);
}

/* One that cannot set itself up waits long at once, however long that took it. */
static void test_setup_failed(void)
{
    struct backoff backoff = {0};

    ASSERT_NUMBER(backoff_delay(&backoff, 0, true), BACKOFF_MOST_MS);
    ASSERT_NUMBER(backoff_delay(&backoff, BACKOFF_HEALTHY_MS, true), BACKOFF_MOST_MS);
    ASSERT_NUMBER(backoff_delay(&backoff, 10, false), 0);
}

const struct unit_test backoff_tests[] = {
    {"table", test_table},
    {"healthy_life", test_healthy_life},
    {"setup_failed", test_setup_failed},
    {NULL, NULL},
};
