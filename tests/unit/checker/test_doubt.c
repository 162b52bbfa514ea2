#include "unit/unit.h"

#include <stdlib.h>

#include "base/defs.h"
#include "checker/doubt.h"
#include "members.h"

#define INTERVAL_MS 5000

/* Whether any two of those that are asked tell against a doubt: one is there, or went otherwise. */
static bool begins(const struct group *group)
{
    unsigned asked = 0;

    for (unsigned i = 0; i < group->count; i++) {
        const struct group_member *one = &group->members[i];

        if (one->admin == BOARD_ADMIN_MAINT)
            continue;
        asked++;
        if (one->answer != GROUP_NOT_THERE)
            return false;
        for (unsigned k = 0; k < i; k++) {
            const struct group_member *other = &group->members[k];

            if (other->admin != BOARD_ADMIN_MAINT &&
                llabs((long long)one->since_ms - (long long)other->since_ms) > INTERVAL_MS)
                return false;
        }
    }
    return asked >= 2;
}

static bool has_good(const struct group *group)
{
    for (unsigned i = 0; i < group->count; i++)
        if (group->members[i].admin != BOARD_ADMIN_MAINT && group->members[i].answer == GROUP_GOOD)
            return true;
    return false;
}

static unsigned wrong;
static unsigned doubted;

static bool try_words(const struct group *group)
{
    bool now = doubt_next(group, INTERVAL_MS, false);

    doubted += now;
    if (now == begins(group) && doubt_next(group, INTERVAL_MS, true) == !has_good(group))
        return true;
    members_print(group, "doubt otherwise than it should be");
    wrong++;
    return false;
}

static void test_all_small_states(void)
{
    wrong = doubted = 0;
    members_try_all(try_words);
    ASSERT_NUMBER(wrong, 0);
    CU_ASSERT_TRUE(doubted > 100);
}

/* It is said once, and again only after a good answer. */
static void test_once(void)
{
    static const struct {
        unsigned index;
        enum group_answer answer;
        uint64_t at_ms;
        bool doubts;
    } rows[] = {
        {0, GROUP_NOT_THERE, 1000, false}, {1, GROUP_NOT_THERE, 1300, false},
        {2, GROUP_NOT_THERE, 1900, true},  {0, GROUP_NOT_THERE, 2000, true},
        {1, GROUP_BADLY, 3000, true},      {1, GROUP_NOT_THERE, 4000, true},
        {2, GROUP_GOOD, 5000, false},      {2, GROUP_NOT_THERE, 6000, false},
        {0, GROUP_GOOD, 6000, false},      {1, GROUP_GOOD, 6100, false},
        {1, GROUP_NOT_THERE, 6500, false}, {0, GROUP_NOT_THERE, 7000, true},
    };
    struct group_member members[3] = {members_good(), members_good(), members_good()};
    const struct group group = {members, 3};
    bool doubts = false;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        group_note(&members[rows[i].index], rows[i].answer, rows[i].at_ms);
        doubts = doubt_next(&group, 1000, doubts);
        ASSERT_NUMBER(doubts, rows[i].doubts);
    }
}

static void test_one_by_one(void)
{
    struct group_member members[2] = {members_good(), members_good()};
    const struct group group = {members, 2};

    group_note(&members[0], GROUP_NOT_THERE, 1000);
    group_note(&members[1], GROUP_NOT_THERE, 2001);
    CU_ASSERT_FALSE(doubt_next(&group, 1000, false));
    CU_ASSERT_TRUE(doubt_next(&group, 1001, false));
}

extern const struct unit_test doubt_tests[];
const struct unit_test doubt_tests[] = {
    {"all_small_states", test_all_small_states},
    {"once", test_once},
    {"one_by_one", test_one_by_one},
    {NULL, NULL},
};
