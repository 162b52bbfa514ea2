#include "checker/hold.h"

#define WINDOW_MS 5000

struct tally {
    struct group_span bad; /* who could go down, and answers badly */
    bool has_unknown;      /* who may yet answer well */
    bool has_good;         /* who does, even of those that are still down */
};

uint64_t hold_window(uint64_t interval_ms)
{
    return interval_ms > WINDOW_MS ? interval_ms : WINDOW_MS;
}

static bool is_in_service(const struct group_member *member)
{
    return member->health == BOARD_UP || member->health == BOARD_SUSPECT;
}

static void look_at(struct tally *tally, const struct group_member *member)
{
    if (member->admin == BOARD_ADMIN_MAINT)
        return;
    if (member->answer == GROUP_GOOD)
        tally->has_good = true;
    else if (member->answer == GROUP_NO_ANSWER && member->health != BOARD_DOWN)
        tally->has_unknown = true;
    else if (member->answer == GROUP_BADLY && is_in_service(member))
        group_span_add(&tally->bad, member);
}

/* Whether one that is out of service began to answer badly together with `since_ms`. */
static bool has_companion(const struct group *group, uint64_t since_ms, uint64_t window_ms)
{
    for (unsigned i = 0; i < group->count; i++) {
        const struct group_member *member = &group->members[i];

        if (member->admin != BOARD_ADMIN_MAINT && member->answer == GROUP_BADLY &&
            !is_in_service(member) && member->since_ms + window_ms >= since_ms &&
            member->since_ms <= since_ms + window_ms)
            return true;
    }
    return false;
}

bool hold_next(const struct group *group, uint64_t window_ms, bool holds)
{
    struct tally tally = {0};

    for (unsigned i = 0; i < group->count; i++)
        look_at(&tally, &group->members[i]);
    if (tally.bad.count == 0 || tally.has_good)
        return false;
    if (!holds && (tally.has_unknown || !group_span_is_within(&tally.bad, window_ms)))
        return false;
    return tally.bad.count > 1 || has_companion(group, tally.bad.earliest_ms, window_ms);
}

bool hold_keeps(const struct group_member *member, bool holds)
{
    return holds && member->admin != BOARD_ADMIN_MAINT && member->answer == GROUP_BADLY &&
           is_in_service(member);
}
