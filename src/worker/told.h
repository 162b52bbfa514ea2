/* What may happen often is told at times, and how many went untold meanwhile is told with it. */
#ifndef K0SLB_WORKER_TOLD_H
#define K0SLB_WORKER_TOLD_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing has been told. */
struct told {
    uint64_t at_ms;    /* when it was last told; 0 = never */
    uint64_t untold;   /* how many have not been since */
    uint64_t reported; /* how many had not been before the last one: for the line that tells it */
};

/* Whether the log is to say it now, because it has not for so long. Counts it otherwise. */
static inline bool told_is_due(struct told *told, uint64_t now_ms, uint64_t every_ms)
{
    if (told->at_ms != 0 && now_ms - told->at_ms < every_ms) {
        told->untold++;
        return false;
    }
    told->at_ms = now_ms;
    told->reported = told->untold;
    told->untold = 0;
    return true;
}

#endif
