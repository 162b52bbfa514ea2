/*
 * Perhaps it is me: when all backends of a service stop being there within one interval, the
 * network of this machine is the likelier cause, and the log says so once. Pure.
 *
 * The doubt begins when all that are not in maint, two at least, are not there, and were found so
 * within one check_interval. It ends with a good answer of any.
 */
#ifndef K0SLB_CHECKER_DOUBT_H
#define K0SLB_CHECKER_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "checker/group.h"

/* Whether there is doubt now, after it was there or not. To be asked after each verdict. */
bool doubt_next(const struct group *group, uint64_t interval_ms, bool doubts);

#endif
