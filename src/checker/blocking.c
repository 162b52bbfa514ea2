#include "checker/blocking.h"

#include "conf/conf.h"

static bool blocks(const struct group_member *required)
{
    return required->health == BOARD_DOWN || required->admin != BOARD_ADMIN_READY;
}

/*
 * Blocked is who requires one that blocks, or one that is blocked itself: so, anybody further down
 * the chain who blocks.
 */
static bool is_blocked(const struct group_member *all, unsigned count, unsigned index)
{
    unsigned at = all[index].required;

    for (unsigned steps = 0; steps < count && at < count; steps++) {
        if (blocks(&all[at]))
            return true;
        at = all[at].required;
    }
    return false;
}

bool blocking_apply(struct group_member *all, unsigned count)
{
    bool changed = false;

    for (unsigned i = 0; i < count; i++) {
        bool blocked = is_blocked(all, count, i);

        changed = changed || blocked != all[i].is_blocked;
        all[i].is_blocked = blocked;
    }
    return changed;
}
