/* What stands behind a balancer: accepts, holds, and sends back what it is sent. */
#ifndef K0SLB_TESTS_BENCH_ORIGIN_H
#define K0SLB_TESTS_BENCH_ORIGIN_H

#include "base/addr.h"
#include "base/defs.h"

/*
 * Listens on `count` consecutive addresses from `first` on, all with its port, prints "ready" and
 * serves until it is killed. Returns -1 with errno when it cannot.
 */
int origin_run(const struct addr *first, unsigned count) MUST_CHECK;

#endif
