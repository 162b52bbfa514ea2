/*
 * The stats server's connections: a bounded set. Whoever is slow loses its place to whoever comes;
 * all who have asked in one turn of the loop are answered at its end, in one round.
 */
#ifndef K0SLB_STATS_CONNECTION_SET_H
#define K0SLB_STATS_CONNECTION_SET_H

#include <stddef.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/loop.h"
#include "stats/round.h"

/*
 * Open at once. Beyond it the client that has most of them loses the one that has been slowest to
 * send its request; where all have sent theirs, one that has its answer, or has been slowest to
 * take it.
 */
#define CONNECTION_SET_MAX 64

/* Bytes of all answers that are not sent yet; beyond it who has waited longest is dropped. */
#define CONNECTION_SET_HELD (64u << 20)

struct connection_set;

/* Called when the last open connection has ended. */
typedef void connection_idle_fn(void *context);

/*
 * Makes an empty set; NULL with errno ENOMEM. `loop` and what `sources` points to have to outlive
 * it. `idle` may add connections, but not free the set.
 */
struct connection_set *connection_set_new(struct loop *loop, const struct round_sources *sources,
                                          connection_idle_fn *idle, void *context) MUST_CHECK;

/* Closes what is open, without calling `idle`, and frees. */
void connection_set_free(struct connection_set *set);

/*
 * Takes an accepted, non-blocking socket, which is the set's from now on, also when memory runs
 * out and it is closed at once. What is there already is read.
 */
void connection_set_add(struct connection_set *set, int fd, const struct addr *client);

/* The rules and services of another epoch hold from now on. */
void connection_set_change(struct connection_set *set, const struct epoch *epoch);

/* How many are open. */
size_t connection_set_count(const struct connection_set *set);

#endif
