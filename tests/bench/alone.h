/* A network for the benchmark alone, so that nothing of the machine's own is changed or measured.
 */
#ifndef K0SLB_TESTS_BENCH_ALONE_H
#define K0SLB_TESTS_BENCH_ALONE_H

#include "base/defs.h"

/*
 * Moves this process into a new network namespace with a loopback interface that is up, where the
 * sockets' congestion control is cubic if this kernel has it. Needs CAP_SYS_ADMIN. Returns 0, or
 * -1 with errno.
 */
int alone_enter(void) MUST_CHECK;

#endif
