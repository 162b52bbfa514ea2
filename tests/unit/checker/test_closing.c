#include "unit/unit.h"

#include "base/defs.h"
#include "board/board.h"
#include "checker/closing.h"
#include "members.h"

#define UNREADY_MS 30000
#define MUCH_LATER 1000000 /* so late that whatever can become due is */

static const struct closing_rule rules[] = {
    {ON_DOWN_DEAD, UNREADY_MS}, {ON_DOWN_DEAD, 0}, {ON_DOWN_CLOSE, UNREADY_MS},
    {ON_DOWN_CLOSE, 0},         {ON_DOWN_KEEP, 0}, {ON_DOWN_KEEP, UNREADY_MS},
};

/* ---- all small states ---- */

static unsigned wrong;
static unsigned closed;

static bool wrong_if(bool is_wrong, const struct group *group, const char *what)
{
    if (is_wrong)
        members_print(group, what);
    wrong += is_wrong;
    return !is_wrong;
}

static bool is_place(const struct group_member *member)
{
    return member->health == BOARD_UP && member->admin == BOARD_ADMIN_READY &&
           member->weight != 0 && !member->is_blocked;
}

/* What must never be, whatever the tables say. */
static bool is_safe(const struct group *group, const struct closing_rule *rule, uint64_t now_ms)
{
    const struct group_member *member = &group->members[0];
    const bool long_unready = member->answer == GROUP_BADLY && rule->unready_close_ms > 0 &&
                              now_ms - member->since_ms >= rule->unready_close_ms;

    if (closing_mark(group, 0, rule, now_ms) == 0)
        return true;
    closed++;
    return wrong_if(!is_place(&group->members[1]) && !is_place(&group->members[2]), group,
                    "closes though there is no other place") &&
           wrong_if(member->health == BOARD_UP, group, "closes one that is up") &&
           wrong_if(member->health != BOARD_DOWN && !long_unready, group,
                    "closes one that is not down") &&
           wrong_if(rule->on_down == ON_DOWN_KEEP, group, "closes what is to be kept") &&
           wrong_if(rule->on_down == ON_DOWN_DEAD && member->answer == GROUP_BADLY && !long_unready,
                    group, "closes at one that answers");
}

/* What the table of the header says, a column each. */
static bool expect(const struct group *group, const struct closing_rule *rule, uint64_t now_ms)
{
    const struct group_member *member = &group->members[0];
    const bool is_down = member->health == BOARD_DOWN;
    const bool is_bad = member->answer == GROUP_BADLY && member->health != BOARD_UP;
    const bool columns[] = {
        is_down && member->answer == GROUP_NOT_THERE && rule->on_down != ON_DOWN_KEEP,
        is_down && rule->on_down == ON_DOWN_CLOSE,
        is_bad && rule->on_down != ON_DOWN_KEEP && rule->unready_close_ms > 0 &&
            member->since_ms + rule->unready_close_ms <= now_ms,
    };

    if (member->admin == BOARD_ADMIN_MAINT)
        return false;
    if (!is_place(&group->members[1]) && !is_place(&group->members[2]))
        return false;
    return columns[0] || columns[1] || columns[2];
}

static void try_rules(const struct group *group)
{
    const uint64_t now_ms = MEMBERS_WITHIN_MS + UNREADY_MS;

    for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
        bool closes = closing_mark(group, 0, &rules[i], now_ms) != 0;

        if (!is_safe(group, &rules[i], now_ms) ||
            !wrong_if(closes != expect(group, &rules[i], now_ms), group,
                      "closes otherwise than the table says"))
            return;
    }
}

/* Each of 96 states beside two others in each of 48. */
static void test_all_small_states(void)
{
    const unsigned each = 4 * 3 * 2 * 2;
    struct group_member members[MEMBERS_COUNT];
    const struct group group = {members, MEMBERS_COUNT};

    wrong = closed = 0;
    for (unsigned number = 0; number < MEMBERS_STATES * each * each && wrong == 0; number++) {
        unsigned rest = number / MEMBERS_STATES;

        members[0] = members_state(number % MEMBERS_STATES);
        for (unsigned i = 1; i < MEMBERS_COUNT; i++, rest /= each) {
            members[i] = members_good();
            members[i].health = (enum board_health)(rest % 4);
            members[i].admin = (enum board_admin_state)(rest / 4 % 3);
            members[i].weight = rest / 12 % 2;
            members[i].is_blocked = rest / 24 % 2 == 1;
        }
        try_rules(&group);
    }
    ASSERT_NUMBER(wrong, 0);
    CU_ASSERT_TRUE(closed > 1000);
}

/* ---- when to look again ---- */

static unsigned marks_of(const struct group *group, const struct closing_rule *rule,
                         uint64_t now_ms)
{
    unsigned marks = 0;

    for (unsigned i = 0; i < group->count; i++)
        if (closing_mark(group, i, rule, now_ms) != 0)
            marks |= 1u << i;
    return marks;
}

/* Nothing changes by itself before the time that is told, and something does then. */
static bool try_times(const struct group *group)
{
    static const struct closing_rule *const those[] = {&rules[0], &rules[2], &rules[5], &rules[1]};

    for (unsigned i = 0; i < ARRAY_LEN(those); i++) {
        uint64_t now_ms = MEMBERS_LATE_MS;

        for (unsigned steps = 0; now_ms < MUCH_LATER; steps++) {
            uint64_t next_ms = closing_next(group, those[i], now_ms);
            uint64_t last_ms = next_ms == UINT64_MAX ? MUCH_LATER : next_ms - 1;

            if (!wrong_if(steps > MEMBERS_COUNT, group, "is looked at again and again") ||
                !wrong_if(next_ms <= now_ms, group, "was to be looked at before now") ||
                !wrong_if(marks_of(group, those[i], now_ms) != marks_of(group, those[i], last_ms),
                          group, "changes before it is looked at") ||
                !wrong_if(next_ms != UINT64_MAX && marks_of(group, those[i], now_ms) ==
                                                       marks_of(group, those[i], next_ms),
                          group, "is looked at for nothing"))
                return false;
            now_ms = next_ms == UINT64_MAX ? MUCH_LATER : next_ms;
        }
    }
    return true;
}

static void test_times(void)
{
    wrong = 0;
    members_try_all(try_times);
    ASSERT_NUMBER(wrong, 0);
}

/* ---- stories ---- */

static void test_waits_for_another_to_come_up(void)
{
    struct group_member members[3] = {members_good(), members_good(), members_good()};
    const struct group group = {members, 3};

    for (unsigned i = 0; i < 3; i++) {
        members[i].health = BOARD_DOWN;
        group_note(&members[i], GROUP_NOT_THERE, 1000);
    }
    for (unsigned i = 0; i < 3; i++)
        ASSERT_NUMBER(closing_mark(&group, i, &rules[0], 2000), 0);
    members[1].health = BOARD_UP;
    group_note(&members[1], GROUP_GOOD, 3000);
    ASSERT_NUMBER(closing_mark(&group, 0, &rules[0], 3000), BOARD_MARK_CLOSE);
    ASSERT_NUMBER(closing_mark(&group, 1, &rules[0], 3000), 0);
    ASSERT_NUMBER(closing_mark(&group, 2, &rules[0], 3000), BOARD_MARK_CLOSE);
    members[1].health = BOARD_SUSPECT;
    ASSERT_NUMBER(closing_mark(&group, 0, &rules[0], 4000), 0);
}

/* Its time begins with the first bad answer, and ends with the first good one, up or not. */
static void test_unready(void)
{
    struct group_member members[2] = {members_good(), members_good()};
    const struct group group = {members, 2};

    group_note(&members[0], GROUP_BADLY, 1000);
    members[0].health = BOARD_DOWN;
    group_note(&members[0], GROUP_BADLY, 30000);
    ASSERT_NUMBER(closing_mark(&group, 0, &rules[0], 30999), 0);
    ASSERT_NUMBER(closing_next(&group, &rules[0], 30999), 31000);
    ASSERT_NUMBER(closing_mark(&group, 0, &rules[0], 31000), BOARD_MARK_CLOSE);
    ASSERT_NUMBER(closing_next(&group, &rules[0], 31000), UINT64_MAX);
    group_note(&members[0], GROUP_GOOD, 40000);
    ASSERT_NUMBER(closing_mark(&group, 0, &rules[0], 40000), 0);
    group_note(&members[0], GROUP_BADLY, 41000);
    ASSERT_NUMBER(closing_next(&group, &rules[0], 41000), 71000);
}

/* A time in which this process did not run is no time in which it answered badly. */
static void test_unready_and_a_stall(void)
{
    struct group_member members[2] = {members_good(), members_good()};
    const struct group group = {members, 2};

    group_note(&members[0], GROUP_BADLY, 1000);
    members[0].health = BOARD_SUSPECT;
    group_shift(&members[0], 60000);
    ASSERT_NUMBER(closing_mark(&group, 0, &rules[0], 62000), 0);
    ASSERT_NUMBER(closing_next(&group, &rules[0], 62000), 91000);
}

extern const struct unit_test closing_tests[];
const struct unit_test closing_tests[] = {
    {"all_small_states", test_all_small_states},
    {"times", test_times},
    {"waits_for_another_to_come_up", test_waits_for_another_to_come_up},
    {"unready", test_unready},
    {"unready_and_a_stall", test_unready_and_a_stall},
    {NULL, NULL},
};
