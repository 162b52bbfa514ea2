/*
 * All at once is none of them: when all backends of a service begin to answer badly (L7*) at the
 * same time, what failed is what stands behind them all, an etcd without a leader, and taking them
 * out one by one would make it worse. So they are held: suspect, and not down. Pure.
 *
 *   begins    when all that are up or suspect, but for those that are not there, answer badly, and
 *             began to within one window
 *   goes on   while they do; who joins them later is held, too
 *   ends      with the first good answer of any, or when fewer than two are left of them
 *
 * Two at least have to answer badly. One that is down is not held any more and does not count,
 * unless it stands beside a single other that began to answer badly within the same window. A
 * backend in maint is not asked and does not count; one in drain does. A backend without an answer
 * yet keeps a hold from beginning.
 *
 * What a held member answers badly does not count towards check_fall: the caller has the health
 * counted so that it cannot go down, and takes the count back to 0 each time. So the others have
 * check_fall more answers when one has recovered and the hold ends.
 */
#ifndef K0SLB_CHECKER_HOLD_H
#define K0SLB_CHECKER_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "checker/group.h"

/* The window: 5 s, or the interval where each is asked less often than that. */
uint64_t hold_window(uint64_t interval_ms);

/*
 * Whether there is a hold now, after one was there or not. To be asked after each verdict is noted
 * and before it is counted, and when a member's health or admin state has changed.
 */
bool hold_next(const struct group *group, uint64_t window_ms, bool holds);

/* Whether the hold of its group keeps this member from going down. */
bool hold_keeps(const struct group_member *member, bool holds);

#endif
