#include "checker/flapping.h"

/* Whether the ring is full of times that are within the window of the newest. */
static bool is_often(const struct flapping *flapping, uint64_t now_ms)
{
    return flapping->count >= FLAPPING_DOWNS &&
           now_ms - flapping->downs_ms[flapping->count % FLAPPING_DOWNS] <= FLAPPING_WINDOW_MS;
}

void flapping_note(struct flapping *flapping, uint64_t now_ms)
{
    flapping->downs_ms[flapping->count % FLAPPING_DOWNS] = now_ms;
    flapping->count++;
    if (is_often(flapping, now_ms) || flapping_is_shown(flapping, now_ms))
        flapping->until_ms = now_ms + FLAPPING_WINDOW_MS;
}

bool flapping_is_shown(const struct flapping *flapping, uint64_t now_ms)
{
    return now_ms < flapping->until_ms;
}

uint64_t flapping_next(const struct flapping *flapping, uint64_t now_ms)
{
    return flapping_is_shown(flapping, now_ms) ? flapping->until_ms : UINT64_MAX;
}
