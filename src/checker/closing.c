#include "checker/closing.h"

/* By the state it is in. */
static bool closes_when_down(const struct group_member *member, enum conf_on_down on_down)
{
    if (member->health != BOARD_DOWN)
        return false;
    if (member->answer == GROUP_NOT_THERE)
        return !member->is_unproven;
    return on_down == ON_DOWN_CLOSE;
}

/* By the time it has been in it: when that begins; UINT64_MAX = never. */
static uint64_t unready_at(const struct group_member *member, const struct closing_rule *rule)
{
    if (rule->unready_close_ms == 0 || member->answer != GROUP_BADLY || member->health == BOARD_UP)
        return UINT64_MAX;
    return member->since_ms + rule->unready_close_ms;
}

/* Whether the sessions of that one could be closed at all. */
static bool may_close(const struct group *group, unsigned index, const struct closing_rule *rule)
{
    return rule->on_down != ON_DOWN_KEEP && group->members[index].admin != BOARD_ADMIN_MAINT &&
           group_has_other(group, index);
}

unsigned closing_mark(const struct group *group, unsigned index, const struct closing_rule *rule,
                      uint64_t now_ms)
{
    const struct group_member *member = &group->members[index];

    if (!closes_when_down(member, rule->on_down) && unready_at(member, rule) > now_ms)
        return 0;
    return may_close(group, index, rule) ? BOARD_MARK_CLOSE : 0;
}

uint64_t closing_next(const struct group *group, const struct closing_rule *rule, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;

    for (unsigned i = 0; i < group->count; i++) {
        uint64_t at_ms = unready_at(&group->members[i], rule);

        if (at_ms > now_ms && at_ms < next_ms && may_close(group, i, rule) &&
            !closes_when_down(&group->members[i], rule->on_down))
            next_ms = at_ms;
    }
    return next_ms;
}
