/*
 * Sessions that a reload left without a place in the configuration: their backend is gone, or has
 * another address now. They live on until they end, or for drain_timeout.
 */
#ifndef K0SLB_WORKER_RETIRE_H
#define K0SLB_WORKER_RETIRE_H

#include "worker/worker_state.h"

/*
 * Notes at a change of epochs which sessions begin to drain, and which no longer do because their
 * backend is back.
 */
void retire_change(struct worker *worker, const struct role_change *change);

/* Everything drains from now on: the worker was told to leave. */
void retire_all(struct worker *worker);

/* Ends what has drained for drain_timeout; called once a second. */
void retire_look(struct worker *worker);

#endif
