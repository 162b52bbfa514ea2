#include "report/connect_time.h"

uint64_t connect_time_bound_us(unsigned bucket)
{
    return UINT64_C(64) << bucket;
}

/* The number of connects that `percent` of them are, rounded up, without an overflow. */
static uint64_t rank_of(uint64_t count, unsigned percent)
{
    return count / 100 * percent + (count % 100 * percent + 99) / 100;
}

uint64_t connect_time_percentile_us(const uint64_t buckets[BOARD_HISTOGRAM], unsigned percent)
{
    uint64_t count = 0;
    uint64_t below = 0;
    unsigned bucket;

    for (bucket = 0; bucket < BOARD_HISTOGRAM; bucket++)
        count += buckets[bucket];
    if (count == 0)
        return 0;
    for (bucket = 0; bucket < CONNECT_TIME_BOUNDED - 1; bucket++) {
        below += buckets[bucket];
        if (below >= rank_of(count, percent))
            break;
    }
    return connect_time_bound_us(bucket);
}
