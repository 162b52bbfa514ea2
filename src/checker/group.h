/*
 * The backends of a service side by side, as the policies over a whole service see them. Pure: no
 * clock and no board; times are monotonic milliseconds.
 *
 * The checker keeps one array of members, by the epoch's index of backends: a group is the part of
 * it that a service has. It brings a member up to date in this order:
 *
 *   verdict   group_note(), then hold_next(), then the health is counted (see hold.h)
 *   health    `health`, and flapping_note() where it went down
 *   the rest  `admin` and `weight` when they change; group_forget() for a new life, and when
 *             maint ends; blocking_apply() after any of these
 *
 * Then group_marks() and closing_mark() say what stands beside the health of each.
 */
#ifndef K0SLB_CHECKER_GROUP_H
#define K0SLB_CHECKER_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "board/board-t.h"

/* What kind of verdict the last probe had. What is no verdict leaves this alone. */
enum group_answer {
    GROUP_NO_ANSWER, /* none yet, or it was about another life, or a time before maint */
    GROUP_GOOD,
    GROUP_BADLY,     /* it is there, but answers badly: L7* */
    GROUP_NOT_THERE, /* it failed by TCP or TLS: L4*, L6* */
};

struct group_member {
    enum board_health health;     /* what the probes say: never BOARD_BLOCKED */
    enum board_admin_state admin; /* what an administrator says */
    enum group_answer answer;
    uint64_t since_ms; /* since when the verdicts have been of this kind */
    uint16_t weight;
    uint16_t required; /* index in the array of all, of the one it requires; or CONF_NO_INDEX */
    bool is_blocked;   /* as blocking_apply() found it */
    bool is_unproven;  /* not there, and nobody else has been well since: it may be this machine */
    uint64_t well_ms;  /* when it last answered well */
    uint64_t worse_ms; /* since when it has not been up, or has not been there */
};

struct group {
    const struct group_member *members;
    unsigned count;
};

/* Between which times some members' verdicts became what they are. All zero: of nobody. */
struct group_span {
    unsigned count;
    uint64_t earliest_ms;
    uint64_t latest_ms;
};

/* The kind of a verdict. */
enum group_answer group_answer_of(bool good, enum board_check_code code);

/*
 * Takes a verdict. A new checker that goes on from the board's last check takes that one, with the
 * time since when the board has the health.
 */
void group_note(struct group_member *member, enum group_answer answer, uint64_t now_ms);

/* What was known of its answers is known no more. */
void group_forget(struct group_member *member);

/* Moves what it remembers by a time in which this process did not run and judges nobody. */
void group_shift(struct group_member *member, uint64_t gap_ms);

/*
 * Whether a new connection is well off there: it is up, not blocked, the administrator lets it, and
 * its weight is above 0. A backup is as good as any.
 */
bool group_takes_new(const struct group_member *member);

/* Whether another one than that is such a place. */
bool group_has_other(const struct group *group, unsigned index);

/* Whether such a place has answered well since that one is worse than up. */
bool group_has_proof(const struct group *group, unsigned index);

/* Counts a member in. */
void group_span_add(struct group_span *span, const struct group_member *member);

/* Whether all of them, one at least, became so within that time of each other. */
bool group_span_is_within(const struct group_span *span, uint64_t window_ms);

/* BOARD_MARK_BLOCKED and BOARD_MARK_BADLY, as they are true of it. */
unsigned group_marks(const struct group_member *member);

#endif
