#include "unit/unit.h"

#include "base/defs.h"
#include "checker/group.h"
#include "members.h"

static void test_kinds_of_verdicts(void)
{
    static const struct {
        enum board_check_code code;
        enum group_answer bad;
    } rows[] = {
        {CHECKED_NONE, GROUP_NO_ANSWER},   {CHECKED_L4OK, GROUP_NOT_THERE},
        {CHECKED_L4TOUT, GROUP_NOT_THERE}, {CHECKED_L4CON, GROUP_NOT_THERE},
        {CHECKED_L6OK, GROUP_NOT_THERE},   {CHECKED_L6TOUT, GROUP_NOT_THERE},
        {CHECKED_L6RSP, GROUP_NOT_THERE},  {CHECKED_L7OK, GROUP_BADLY},
        {CHECKED_L7TOUT, GROUP_BADLY},     {CHECKED_L7RSP, GROUP_BADLY},
        {CHECKED_L7STS, GROUP_BADLY},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ASSERT_NUMBER(group_answer_of(false, rows[i].code), rows[i].bad);
        ASSERT_NUMBER(group_answer_of(true, rows[i].code), GROUP_GOOD);
    }
}

static void test_time_is_of_the_first_of_a_kind(void)
{
    struct group_member member = members_good();

    group_note(&member, GROUP_BADLY, 100);
    group_note(&member, GROUP_BADLY, 200);
    ASSERT_NUMBER(member.since_ms, 100);
    group_note(&member, GROUP_NOT_THERE, 300);
    ASSERT_NUMBER(member.since_ms, 300);
    group_note(&member, GROUP_BADLY, 400);
    ASSERT_NUMBER(member.since_ms, 400);
    group_shift(&member, 60000);
    ASSERT_NUMBER(member.since_ms, 60400);
    group_forget(&member);
    ASSERT_NUMBER(member.answer, GROUP_NO_ANSWER);
    group_note(&member, GROUP_BADLY, 500);
    ASSERT_NUMBER(member.since_ms, 500);
}

static void test_where_new_connections_are_well_off(void)
{
    for (unsigned number = 0; number < MEMBERS_STATES * 4; number++) {
        struct group_member member = members_state(number / 4);
        bool wanted = member.health == BOARD_UP && member.admin == BOARD_ADMIN_READY;

        member.weight = number & 1;
        member.is_blocked = (number & 2) != 0;
        ASSERT_NUMBER(group_takes_new(&member), wanted && (number & 3) == 1);
    }
}

static void test_another_is_never_itself(void)
{
    struct group_member members[3] = {members_good(), members_good(), members_good()};
    const struct group all = {members, 3};
    const struct group one = {members, 1};

    CU_ASSERT_FALSE(group_has_other(&one, 0));
    CU_ASSERT_TRUE(group_has_other(&all, 0));
    members[1].health = BOARD_SUSPECT;
    members[2].admin = BOARD_ADMIN_DRAIN;
    CU_ASSERT_FALSE(group_has_other(&all, 0));
    CU_ASSERT_TRUE(group_has_other(&all, 1));
    CU_ASSERT_TRUE(group_has_other(&all, 2));
}

static void test_marks(void)
{
    struct group_member member = members_good();

    ASSERT_NUMBER(group_marks(&member), 0);
    member.answer = GROUP_BADLY;
    ASSERT_NUMBER(group_marks(&member), 0);
    member.health = BOARD_SUSPECT;
    ASSERT_NUMBER(group_marks(&member), BOARD_MARK_BADLY);
    member.is_blocked = true;
    ASSERT_NUMBER(group_marks(&member), BOARD_MARK_BADLY | BOARD_MARK_BLOCKED);
    member.answer = GROUP_NOT_THERE;
    ASSERT_NUMBER(group_marks(&member), BOARD_MARK_BLOCKED);
}

static void test_spans(void)
{
    struct group_member member = members_good();
    struct group_span span = {0};

    CU_ASSERT_FALSE(group_span_is_within(&span, UINT64_MAX));
    member.since_ms = 700;
    group_span_add(&span, &member);
    CU_ASSERT_TRUE(group_span_is_within(&span, 0));
    member.since_ms = 500;
    group_span_add(&span, &member);
    member.since_ms = 600;
    group_span_add(&span, &member);
    ASSERT_NUMBER(span.count, 3);
    CU_ASSERT_TRUE(group_span_is_within(&span, 200));
    CU_ASSERT_FALSE(group_span_is_within(&span, 199));
}

extern const struct unit_test group_tests[];
const struct unit_test group_tests[] = {
    {"kinds_of_verdicts", test_kinds_of_verdicts},
    {"time_is_of_the_first_of_a_kind", test_time_is_of_the_first_of_a_kind},
    {"where_new_connections_are_well_off", test_where_new_connections_are_well_off},
    {"another_is_never_itself", test_another_is_never_itself},
    {"marks", test_marks},
    {"spans", test_spans},
    {NULL, NULL},
};
