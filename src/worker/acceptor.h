/*
 * Listening sockets that several workers share. Each waits with EPOLLEXCLUSIVE, accepts a few per
 * wake-up, and goes to the other end of the kernel's queue of waiters every few accepts: otherwise
 * the first worker would take everything.
 *
 * For two reasons, each without the other, a worker does not watch a socket: it has no room for
 * anybody (a pause), or the service has as many sessions as it may have (it is full). Clients wait
 * in the kernel's queue meanwhile.
 */
#ifndef K0SLB_WORKER_ACCEPTOR_H
#define K0SLB_WORKER_ACCEPTOR_H

#include "base/defs.h"
#include "worker/worker_state.h"

/* Makes room for as many listeners as there can ever be. 0, or -1 with errno ENOMEM. */
int acceptors_init(struct worker *worker) MUST_CHECK;

/* Unwatches everything and frees. */
void acceptors_fini(struct worker *worker);

/*
 * Begins to accept on the services' sockets of the epoch in force, and stops watching all others.
 * A socket that cannot be watched is logged.
 */
void acceptors_set(struct worker *worker);

/* Stops for good: the sockets are no longer watched. */
void acceptors_stop(struct worker *worker);

/*
 * Goes to the other end of the queues. A worker that was killed between its wake-up and its accept
 * leaves a connection that nobody is woken for: adding a socket anew looks at its queue.
 */
void acceptors_readd(struct worker *worker);

/* There is no room for more just now: accepts nobody for 100 ms, or until a session ends. */
void acceptors_pause(struct worker *worker, const char *why);

/* A session of that service has ended: there is room again, if accepting had stopped. */
void acceptors_resume(struct worker *worker, unsigned service_slot);

#endif
