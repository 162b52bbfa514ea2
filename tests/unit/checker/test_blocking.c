#include "unit/unit.h"

#include <string.h>

#include "base/defs.h"
#include "board/board.h"
#include "checker/blocking.h"
#include "conf/conf.h"
#include "members.h"

#define MOST 4

/* ---- one pair ---- */

static void test_what_blocks(void)
{
    static const struct {
        enum board_health health;
        enum board_admin_state admin;
        bool blocks;
    } rows[] = {
        {BOARD_UP, BOARD_ADMIN_READY, false},       {BOARD_UP, BOARD_ADMIN_DRAIN, true},
        {BOARD_UP, BOARD_ADMIN_MAINT, true},        {BOARD_SUSPECT, BOARD_ADMIN_READY, false},
        {BOARD_SUSPECT, BOARD_ADMIN_DRAIN, true},   {BOARD_SUSPECT, BOARD_ADMIN_MAINT, true},
        {BOARD_DOWN, BOARD_ADMIN_READY, true},      {BOARD_DOWN, BOARD_ADMIN_DRAIN, true},
        {BOARD_DOWN, BOARD_ADMIN_MAINT, true},      {BOARD_UNCHECKED, BOARD_ADMIN_READY, false},
        {BOARD_UNCHECKED, BOARD_ADMIN_DRAIN, true}, {BOARD_UNCHECKED, BOARD_ADMIN_MAINT, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct group_member all[2] = {members_good(), members_good()};

        all[0].required = 1;
        all[1].health = rows[i].health;
        all[1].admin = rows[i].admin;
        ASSERT_NUMBER(blocking_apply(all, 2), rows[i].blocks);
        ASSERT_NUMBER(all[0].is_blocked, rows[i].blocks);
        CU_ASSERT_FALSE(all[1].is_blocked);
    }
}

/* A change is told once, and a block goes when its cause does. */
static void test_change_is_told(void)
{
    struct group_member all[2] = {members_good(), members_good()};

    all[0].required = 1;
    CU_ASSERT_FALSE(blocking_apply(all, 2));
    all[1].health = BOARD_DOWN;
    CU_ASSERT_TRUE(blocking_apply(all, 2));
    CU_ASSERT_FALSE(blocking_apply(all, 2));
    all[1].health = BOARD_UP;
    CU_ASSERT_TRUE(blocking_apply(all, 2));
    CU_ASSERT_FALSE(all[0].is_blocked);
}

/* One that is blocked itself blocks, in whatever order they stand. */
static void test_chain(void)
{
    static const uint16_t orders[][MOST] = {
        {1, 2, 3, CONF_NO_INDEX}, {CONF_NO_INDEX, 0, 1, 2}, {2, CONF_NO_INDEX, 3, 1}};
    static const unsigned ends[] = {3, 0, 1};

    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct group_member all[MOST];

        for (unsigned k = 0; k < MOST; k++) {
            all[k] = members_good();
            all[k].required = orders[i][k];
        }
        all[ends[i]].health = BOARD_DOWN;
        CU_ASSERT_TRUE(blocking_apply(all, MOST));
        for (unsigned k = 0; k < MOST; k++)
            ASSERT_NUMBER(all[k].is_blocked, k != ends[i]);
    }
}

/* ---- all small cases ---- */

/* What the words say, applied until nothing changes any more. */
static void expect(const struct group_member *all, unsigned count, bool *blocked)
{
    memset(blocked, 0, count * sizeof(*blocked));
    for (unsigned round = 0; round < count; round++) {
        for (unsigned i = 0; i < count; i++) {
            unsigned required = all[i].required;

            if (required == CONF_NO_INDEX)
                continue;
            if (all[required].admin != BOARD_ADMIN_READY || all[required].health == BOARD_DOWN ||
                blocked[required])
                blocked[i] = true;
        }
    }
}

/* Three backends that require any other or themselves, in all states; what was before is no matter.
 */
static void test_all_small_cases(void)
{
    const unsigned each = 4 * 4 * 3;
    unsigned wrong = 0;

    for (unsigned number = 0; number < each * each * each && wrong == 0; number++) {
        struct group_member all[3];
        bool wanted[3];
        unsigned rest = number;

        for (unsigned i = 0; i < 3; i++, rest /= each) {
            all[i] = members_good();
            all[i].health = (enum board_health)(rest % 4);
            all[i].admin = (enum board_admin_state)(rest / 4 % 3);
            all[i].required = rest / 12 % 4 < 3 ? (uint16_t)(rest / 12 % 4) : CONF_NO_INDEX;
            all[i].is_blocked = (number + i) % 2 == 0;
        }
        expect(all, 3, wanted);
        blocking_apply(all, 3);
        for (unsigned i = 0; i < 3; i++)
            wrong += all[i].is_blocked != wanted[i];
        if (wrong > 0)
            members_print(&(struct group){all, 3}, "blocked otherwise than the words say");
    }
    ASSERT_NUMBER(wrong, 0);
}

extern const struct unit_test blocking_tests[];
const struct unit_test blocking_tests[] = {
    {"what_blocks", test_what_blocks},
    {"change_is_told", test_change_is_told},
    {"chain", test_chain},
    {"all_small_cases", test_all_small_cases},
    {NULL, NULL},
};
