/* Waiting for a state, with a deadline: of the board, of the log, of a number. */
#ifndef K0SLB_TESTS_SYSTEM_WAIT_H
#define K0SLB_TESTS_SYSTEM_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/snapshot.h"

#include "system/instance.h"

/* The pause between two looks. */
void wait_a_moment(void);

/* Whether the state is there. */
typedef bool wait_fn(const struct snapshot *snapshot, const void *context);

/*
 * Looks at the board again and again until fn says yes. Returns whether it did in time. The same
 * for all that follow.
 */
bool wait_board(struct instance *instance, wait_fn *fn, const void *context, unsigned within_ms);

/* The board is there, all workers run, the first round of checks is over. */
bool wait_serving(struct instance *instance, unsigned within_ms);

/* A backend of that name is shown with that status. */
bool wait_status(struct instance *instance, const char *backend, enum snapshot_status status,
                 unsigned within_ms);

/* A backend has been probed, and its result is later than this call. */
bool wait_checked_again(struct instance *instance, const char *backend, unsigned within_ms);

/* The sum of all backends' sessions is that number. */
bool wait_active(struct instance *instance, uint32_t sessions, unsigned within_ms);

/*
 * A child of that role and slot runs that is not `old`. Returns its pid, or -1.
 */
pid_t wait_child(struct instance *instance, enum board_role role, unsigned slot, pid_t old,
                 unsigned within_ms);

/* A worker that has sessions is in that state ("draining"). */
bool wait_busy_worker(struct instance *instance, const char *state, unsigned within_ms);

/* The log holds that text. */
bool wait_log(const struct instance *instance, const char *text, unsigned within_ms);

/* A number that a peer counts has reached `least`. */
bool wait_count(const _Atomic uint64_t *number, uint64_t least, unsigned within_ms);

/* A number that a peer counts has not changed for so long; returns it. */
uint64_t wait_settled(const _Atomic uint64_t *number, unsigned quiet_ms, unsigned within_ms);

/* Copies of single things on the board; all zero when there is no board or no such thing. */
struct snapshot_backend look_backend(struct instance *instance, const char *backend);
struct snapshot_counts look_counts(struct instance *instance);
uint64_t look_refused(struct instance *instance);

#endif
