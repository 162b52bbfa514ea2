/* What may happen often is told at times, and how many went untold meanwhile is told with it. */
#ifndef K0SLB_BASE_TOLD_H
#define K0SLB_BASE_TOLD_H

#include <stdbool.h>
#include <stdint.h>

/* So many at once, at least one; then one in so long a time. */
struct told_pace {
    unsigned burst;
    uint64_t every_ms;
};

/* All zero: nothing has been told. */
struct told {
    uint64_t until_ms; /* when all that has been told is forgotten */
    uint64_t untold;   /* how many have not been since the last one that was */
    uint64_t reported; /* how many had not been before that one: for the line that tells it */
};

/* Whether one more may be told now. */
static inline bool told_has_room(const struct told *told, uint64_t now_ms, struct told_pace pace)
{
    return told->until_ms <= now_ms + (pace.burst - 1) * pace.every_ms;
}

/* Whether the log is to tell this one now; counts it otherwise. */
static inline bool told_is_due(struct told *told, uint64_t now_ms, struct told_pace pace)
{
    if (!told_has_room(told, now_ms, pace)) {
        told->untold++;
        return false;
    }
    told->until_ms = (told->until_ms > now_ms ? told->until_ms : now_ms) + pace.every_ms;
    told->reported = told->untold;
    told->untold = 0;
    return true;
}

#endif
