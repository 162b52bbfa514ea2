/*
 * What the checker knows beside health, made into warnings: collects what targets and the board
 * say, has advice_find() look at it, publishes the warnings, and logs each once when it comes and
 * once when it is over.
 */
#ifndef K0SLB_CHECKER_ADVISE_H
#define K0SLB_CHECKER_ADVISE_H

#include "checker/target.h"

/* Heartbeats before the first look: what an earlier checker knew has to be seen again. */
#define ADVISE_FIRST_BEATS 3

/* Heartbeats that changes are waited for to come to rest. */
#define ADVISE_RESTLESS_BEATS 5

struct advise;

/*
 * Takes up where the warnings on the board are. After all targets are set up, and before any has
 * had an answer. NULL with errno ENOMEM.
 */
struct advise *advise_new(const struct target_shared *shared) MUST_CHECK;
void advise_free(struct advise *advise);

/* Once a heartbeat. Costs a copy of what is known, unless something has changed. */
void advise_look(struct advise *advise);

#endif
