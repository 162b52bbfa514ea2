#include "checker/doubt.h"

bool doubt_next(const struct group *group, uint64_t interval_ms, bool doubts)
{
    struct group_span gone = {0};
    unsigned asked = 0;
    bool has_good = false;

    for (unsigned i = 0; i < group->count; i++) {
        const struct group_member *member = &group->members[i];

        if (member->admin == BOARD_ADMIN_MAINT)
            continue;
        asked++;
        has_good = has_good || member->answer == GROUP_GOOD;
        if (member->answer == GROUP_NOT_THERE)
            group_span_add(&gone, member);
    }
    if (doubts)
        return !has_good;
    return asked > 1 && gone.count == asked && group_span_is_within(&gone, interval_ms);
}
