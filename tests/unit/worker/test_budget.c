#include "worker/budget.h"

#include "base/defs.h"
#include "unit/unit.h"

extern const struct unit_test budget_tests[];

/* Whatever happens in any ten seconds is in the sum at their end. */
static void test_recent(void)
{
    struct recent recent = {0};

    ASSERT_NUMBER(recent_add(&recent, 1000999), 1);
    ASSERT_NUMBER(recent_add(&recent, 1001000), 2);
    ASSERT_NUMBER(recent_sum(&recent, 1010998), 2);
    ASSERT_NUMBER(recent_sum(&recent, 1010999), 2);
    ASSERT_NUMBER(recent_add(&recent, 1010999), 3);
    ASSERT_NUMBER(recent_sum(&recent, 1011000), 2);
    ASSERT_NUMBER(recent_sum(&recent, 1012000), 1);
    ASSERT_NUMBER(recent_sum(&recent, 1020999), 1);
    ASSERT_NUMBER(recent_sum(&recent, 1021000), 0);
}

static void test_recent_after_a_pause(void)
{
    struct recent recent = {0};

    for (unsigned i = 0; i < 100; i++)
        recent_add(&recent, 5000 + i * 100);
    ASSERT_NUMBER(recent_sum(&recent, 14999), 100);
    ASSERT_NUMBER(recent_sum(&recent, 1000000), 0);
    ASSERT_NUMBER(recent_add(&recent, 1000000), 1);
}

static void test_take_back(void)
{
    struct recent recent = {0};

    recent_add(&recent, 7000);
    recent_add(&recent, 8000);
    ASSERT_NUMBER(recent_take_back(&recent), 1);
    ASSERT_NUMBER(recent_sum(&recent, 17999), 1);
    ASSERT_NUMBER(recent_sum(&recent, 18000), 0);
}

/* Ten, or one in twenty sessions, whichever is more. */
static void test_replays(void)
{
    static const struct {
        uint64_t sessions;
        uint32_t replays;
    } cases[] = {{0, 10}, {1, 10}, {200, 10}, {219, 10}, {220, 11}, {1000, 50}, {100000, 5000}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_NUMBER(budget_replays(cases[i].sessions), cases[i].replays);
}

static void test_memory(void)
{
    struct budget_memory memory = {.most = 1000};

    CU_ASSERT_TRUE(budget_take(&memory, 600));
    CU_ASSERT_FALSE(budget_take(&memory, 401));
    CU_ASSERT_TRUE(budget_take(&memory, 400));
    CU_ASSERT_FALSE(budget_take(&memory, 1));
    budget_give_back(&memory, 600);
    CU_ASSERT_FALSE(budget_take(&memory, SIZE_MAX));
    CU_ASSERT_TRUE(budget_take(&memory, 600));
    budget_give_back(&memory, 600);
    budget_give_back(&memory, 400);
    ASSERT_NUMBER(memory.taken, 0);
}

const struct unit_test budget_tests[] = {
    {"recent", test_recent},       {"recent_after_a_pause", test_recent_after_a_pause},
    {"take_back", test_take_back}, {"replays", test_replays},
    {"memory", test_memory},       {NULL, NULL},
};
