/* Taking descriptors away from a process that runs. */
#ifndef K0SLB_TESTS_SYSTEM_LIMIT_H
#define K0SLB_TESTS_SYSTEM_LIMIT_H

#include <sys/types.h>

#include "base/defs.h"

/*
 * Sets how many descriptors the process may have, up to its hard limit (prlimit(2), which wants the
 * same user or CAP_SYS_RESOURCE: a child does it as the process's own user). Returns the limit
 * that was in force before, or -1.
 */
long limit_descriptors(pid_t pid, unsigned long count) MUST_CHECK;

#endif
