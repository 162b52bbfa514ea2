#include "checker/group.h"

enum group_answer group_answer_of(bool good, enum board_check_code code)
{
    if (good)
        return GROUP_GOOD;
    switch (code) {
    case CHECKED_NONE:
        return GROUP_NO_ANSWER;
    case CHECKED_L7OK:
    case CHECKED_L7TOUT:
    case CHECKED_L7RSP:
    case CHECKED_L7STS:
        return GROUP_BADLY;
    default:
        return GROUP_NOT_THERE;
    }
}

void group_note(struct group_member *member, enum group_answer answer, uint64_t now_ms)
{
    if (answer == GROUP_GOOD)
        member->well_ms = now_ms;
    if (member->answer != answer)
        member->since_ms = now_ms;
    member->answer = answer;
}

void group_forget(struct group_member *member)
{
    member->answer = GROUP_NO_ANSWER;
    member->since_ms = 0;
}

void group_shift(struct group_member *member, uint64_t gap_ms)
{
    member->since_ms += gap_ms;
    member->well_ms += gap_ms;
    member->worse_ms += gap_ms;
}

bool group_takes_new(const struct group_member *member)
{
    return member->health == BOARD_UP && member->admin == BOARD_ADMIN_READY &&
           !member->is_blocked && member->weight > 0;
}

bool group_has_other(const struct group *group, unsigned index)
{
    for (unsigned i = 0; i < group->count; i++)
        if (i != index && group_takes_new(&group->members[i]))
            return true;
    return false;
}

bool group_has_proof(const struct group *group, unsigned index)
{
    const struct group_member *member = &group->members[index];

    for (unsigned i = 0; i < group->count; i++)
        if (i != index && group_takes_new(&group->members[i]) &&
            group->members[i].well_ms >= member->worse_ms)
            return true;
    return false;
}

void group_span_add(struct group_span *span, const struct group_member *member)
{
    if (span->count == 0 || member->since_ms < span->earliest_ms)
        span->earliest_ms = member->since_ms;
    if (member->since_ms > span->latest_ms)
        span->latest_ms = member->since_ms;
    span->count++;
}

bool group_span_is_within(const struct group_span *span, uint64_t window_ms)
{
    return span->count > 0 && span->latest_ms - span->earliest_ms <= window_ms;
}

unsigned group_marks(const struct group_member *member)
{
    unsigned marks = 0;

    if (member->is_blocked)
        marks |= BOARD_MARK_BLOCKED;
    if (member->answer == GROUP_BADLY && member->health != BOARD_UP)
        marks |= BOARD_MARK_BADLY;
    return marks;
}
