#include "members.h"

#include <stdio.h>

#include "base/defs.h"
#include "board/board.h"
#include "conf/conf.h"

struct verdict {
    enum group_answer answer;
    uint64_t since_ms;
};

static const struct verdict verdicts[] = {
    {GROUP_NO_ANSWER, 0},
    {GROUP_GOOD, MEMBERS_EARLY_MS},
    {GROUP_BADLY, MEMBERS_EARLY_MS},
    {GROUP_BADLY, MEMBERS_WITHIN_MS},
    {GROUP_BADLY, MEMBERS_LATE_MS},
    {GROUP_NOT_THERE, MEMBERS_EARLY_MS},
    {GROUP_NOT_THERE, MEMBERS_WITHIN_MS},
    {GROUP_NOT_THERE, MEMBERS_LATE_MS},
};

static const enum board_health healths[] = {BOARD_UNCHECKED, BOARD_UP, BOARD_SUSPECT, BOARD_DOWN};

_Static_assert(ARRAY_LEN(verdicts) * ARRAY_LEN(healths) * 3 == MEMBERS_STATES, "each has a number");

struct group_member members_state(unsigned number)
{
    struct group_member member = {.weight = 1, .required = CONF_NO_INDEX};
    const struct verdict *verdict = &verdicts[number % ARRAY_LEN(verdicts)];

    number /= ARRAY_LEN(verdicts);
    member.answer = verdict->answer;
    member.since_ms = verdict->since_ms;
    member.health = healths[number % ARRAY_LEN(healths)];
    member.admin = (enum board_admin_state)(number / ARRAY_LEN(healths));
    return member;
}

void members_try_all(bool (*fn)(const struct group *group))
{
    struct group_member members[MEMBERS_COUNT];
    const struct group group = {members, MEMBERS_COUNT};

    for (unsigned number = 0; number < MEMBERS_STATES * MEMBERS_STATES * MEMBERS_STATES; number++) {
        members[0] = members_state(number % MEMBERS_STATES);
        members[1] = members_state(number / MEMBERS_STATES % MEMBERS_STATES);
        members[2] = members_state(number / MEMBERS_STATES / MEMBERS_STATES);
        if (!fn(&group))
            return;
    }
}

struct group_member members_good(void)
{
    return (struct group_member){
        .health = BOARD_UP,
        .answer = GROUP_GOOD,
        .weight = 1,
        .required = CONF_NO_INDEX,
    };
}

void members_print(const struct group *group, const char *what)
{
    static const char *const answers[] = {"no answer", "good", "badly", "not there"};

    printf("    %s:\n", what);
    for (unsigned i = 0; i < group->count; i++) {
        const struct group_member *member = &group->members[i];

        printf("      %u: %s, %s, %s since %llu, weight %u, requires %u%s\n", i,
               board_health_name(member->health), board_admin_name(member->admin),
               answers[member->answer], (unsigned long long)member->since_ms, member->weight,
               member->required, member->is_blocked ? ", blocked" : "");
    }
}
