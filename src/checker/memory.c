#include "checker/memory.h"

#include "checker/policy.h"
#include "checker/target.h"

/* Who is down since the start is not known to have ever been good; the first results take a while.
 */
#define FIRST_RESULTS_MS 15000

static bool was_ever_good(const struct target *target, unsigned marks)
{
    const struct board *board = target->shared->board;
    uint64_t since_ms = board_health_since(board, target->backend->slot);

    switch (target->health.state) {
    case BOARD_UNCHECKED:
        return false;
    case BOARD_DOWN:
        return target->check.good > 0 || (marks & BOARD_MARK_VERIFIED) != 0 ||
               since_ms > board_master(board)->started_mono_ms + FIRST_RESULTS_MS;
    default:
        return true;
    }
}

void memory_take_over(struct target *target)
{
    const struct board *board = target->shared->board;
    unsigned slot = target->backend->slot;
    unsigned marks = board_health_marks(board, slot);

    target->health.state = board_probed_health(board, slot);
    board_check_copy(board, slot, &target->check);
    target->check.life = target->life;
    target->health.good = target->check.good;
    target->health.bad = target->check.bad;
    target->health.urgent =
        target->health.state == BOARD_SUSPECT && (marks & BOARD_MARK_BADLY) == 0;
    target->is_good = target->check.good > 0;
    target->ever_good = was_ever_good(target, marks);
    target->is_verified = (marks & BOARD_MARK_VERIFIED) != 0;
    target->is_ramping = (marks & BOARD_MARK_RAMP) != 0;
    if (target->health.state == BOARD_UP)
        target->up_ms = board_health_since(board, slot);
    target->answered = target->health.state != BOARD_UNCHECKED;
    policy_take_up(target, marks);
    say_take_up_backend(target);
}

void memory_forget(struct target *target)
{
    target->health = (struct health){.state = BOARD_UNCHECKED};
    target->check = (struct board_check){.life = target->life};
    target->is_good = target->ever_good = target->is_verified = false;
    target->identity_refused = target->has_clock = target->is_ramping = false;
    target->up_ms = target->taken_ms = 0;
    policy_forget(target);
}
