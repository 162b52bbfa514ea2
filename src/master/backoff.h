/* How long to wait before a child that died is forked again. Pure. */
#ifndef K0SLB_MASTER_BACKOFF_H
#define K0SLB_MASTER_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS  30000

/* A child that lived so long died for a new reason. */
#define BACKOFF_HEALTHY_MS 60000

struct backoff {
    uint64_t next_ms; /* zero-initialised: the first death is answered at once */
};

/*
 * Notes a death after so long a life and returns the delay in milliseconds: 0, 100, 200, 400 … up
 * to 30 s, and 30 s at once for a child that could not even set itself up.
 */
uint64_t backoff_delay(struct backoff *backoff, uint64_t lived_ms, bool setup_failed);

#endif
