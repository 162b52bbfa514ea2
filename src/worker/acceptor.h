/*
 * Listening sockets that several workers share. Each waits with EPOLLEXCLUSIVE, accepts a few per
 * wake-up, and goes to the other end of the kernel's queue of waiters every few accepts: otherwise
 * the first worker would take everything.
 */
#ifndef K0SLB_WORKER_ACCEPTOR_H
#define K0SLB_WORKER_ACCEPTOR_H

#include "base/defs.h"
#include "worker/worker_state.h"

/* Begins to accept on every socket of the epoch's services. 0, or -1 with a line logged. */
int acceptors_open(struct worker *worker) MUST_CHECK;

/* Stops for good, and closes this worker's copies of the sockets. */
void acceptors_close(struct worker *worker);

/*
 * Goes to the other end of the queues. A worker that was killed between its wake-up and its accept
 * leaves a connection that nobody is woken for: adding a socket anew looks at its queue.
 */
void acceptors_readd(struct worker *worker);

/* A session has ended: there is room again, if accepting was paused. */
void acceptors_resume(struct worker *worker);

#endif
