#include "master/backoff.h"

uint64_t backoff_delay(struct backoff *backoff, uint64_t lived_ms, bool setup_failed)
{
    uint64_t delay;

    if (setup_failed)
        return BACKOFF_MOST_MS;
    if (lived_ms >= BACKOFF_HEALTHY_MS)
        backoff->next_ms = 0;
    delay = backoff->next_ms;
    backoff->next_ms = delay == 0 ? BACKOFF_FIRST_MS : delay * 2;
    if (backoff->next_ms > BACKOFF_MOST_MS)
        backoff->next_ms = BACKOFF_MOST_MS;
    return delay;
}
