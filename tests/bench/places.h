/* Consecutive IPv4 addresses: 127.77.1.1, 127.77.1.2 … */
#ifndef K0SLB_TESTS_BENCH_PLACES_H
#define K0SLB_TESTS_BENCH_PLACES_H

#include "base/addr.h"

/* The IPv4 address `n` places behind `first`, with its port. */
struct addr places_nth(const struct addr *first, unsigned n);

#endif
