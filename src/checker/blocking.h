/*
 * What requires another one: nothing new goes to a backend while its namesake in the required
 * service is down or blocked itself, or an administrator has that one in drain or maint. One that
 * is suspect or unchecked blocks nobody. Pure.
 */
#ifndef K0SLB_CHECKER_BLOCKING_H
#define K0SLB_CHECKER_BLOCKING_H

#include <stdbool.h>

#include "checker/group.h"

/*
 * Sets is_blocked of every member of the array of all. Chains are followed to their end; a circle,
 * which no configuration may have, to its beginning. Returns whether any has changed.
 */
bool blocking_apply(struct group_member *all, unsigned count);

#endif
