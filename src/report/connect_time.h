/* What the histogram of connect times says: bucket k counts those below a bound of 2^k × 64 µs. */
#ifndef K0SLB_REPORT_CONNECT_TIME_H
#define K0SLB_REPORT_CONNECT_TIME_H

#include <stdint.h>

#include "board/board-t.h"

/* The last bucket has no bound: it holds whatever took longer. */
#define CONNECT_TIME_BOUNDED (BOARD_HISTOGRAM - 1)

/* The bound of a bucket in microseconds; it must have one. */
uint64_t connect_time_bound_us(unsigned bucket);

/*
 * A bound in microseconds that so many percent of the connects, 1 to 100, stayed below; beyond the
 * last bound, that one. 0 while there has been none.
 */
uint64_t connect_time_percentile_us(const uint64_t buckets[BOARD_HISTOGRAM], unsigned percent);

#endif
