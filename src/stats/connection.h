/*
 * The stats server's connections: a bounded set, each with one request and one answer, and with
 * deadlines that no progress moves. Whoever is slow loses its place to whoever comes.
 */
#ifndef K0SLB_STATS_CONNECTION_H
#define K0SLB_STATS_CONNECTION_H

#include <stddef.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/loop.h"
#include "stats/routes.h"

/*
 * Open at once. Beyond it the client that has most of them loses the one that has been slowest to
 * send its request; where all have sent theirs, one that has its answer, or has been slowest to
 * take it.
 */
#define CONNECTION_MAX 64

/* Bytes of all answers that are not sent yet; beyond it the oldest of the others are dropped. */
#define CONNECTION_MOST_HELD (64u << 20)

/* For the head of a request, and from there on for the answer. */
#define CONNECTION_HEAD_MS   5000
#define CONNECTION_ANSWER_MS 5000

/* After the answer: how long, and how much, is read and thrown away until the peer closes. */
#define CONNECTION_LINGER_MS    1000
#define CONNECTION_LINGER_BYTES (64 * 1024)

struct connection_set;

/* Called when the last open connection has ended. */
typedef void connection_idle_fn(void *context);

/*
 * Makes an empty set; NULL with errno ENOMEM. `loop` and what `routes` points to have to outlive
 * it. `idle` may add connections, but not free the set.
 */
struct connection_set *connection_set_new(struct loop *loop, const struct routes *routes,
                                          connection_idle_fn *idle, void *context) MUST_CHECK;

/* Closes what is open, without calling `idle`, and frees. */
void connection_set_free(struct connection_set *set);

/*
 * Takes an accepted, non-blocking socket, which is the set's from now on, also when memory runs
 * out and it is closed at once. What is there already is read, and may be answered.
 */
void connection_set_add(struct connection_set *set, int fd, const struct addr *client);

/* The rules and services of another epoch hold from now on. */
void connection_set_change(struct connection_set *set, const struct epoch *epoch);

/* How many are open. */
size_t connection_set_count(const struct connection_set *set);

#endif
