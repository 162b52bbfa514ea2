/*
 * Sessions that wait on their way to a backend: for an answer until the deadline of their try, one
 * queue a service because its timeout is one; or for a descriptor.
 */
#ifndef K0SLB_WORKER_CONNECT_WAIT_H
#define K0SLB_WORKER_CONNECT_WAIT_H

#include "worker/attempt.h"

/* Prepares worker->connecting and worker->starved, and their timers. */
void wait_init(struct worker *worker);

/* The clock of a try starts. The deadline's end fails it: attempt_fail(). */
void wait_begin(struct attempt *attempt, const struct conf_service *service);

/* The try has found no descriptor: it is made again when there may be one. Accepting pauses. */
void wait_for_descriptor(struct session *session);

#endif
