/*
 * max_connections: how many sessions a service may have in all workers together. Each worker has a
 * gauge of its own on the board, which nobody else writes. Whoever wants one more counts it first
 * and then adds up all gauges: of two that do so at once at least one sees the other, so there are
 * never more than allowed. Both may step back then, and try again.
 */
#ifndef K0SLB_WORKER_LIMIT_H
#define K0SLB_WORKER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/worker_state.h"

/*
 * Counts one more session of the service, whatever its limit; false, and nothing is counted, when
 * that would be one too many. Each true is taken back by one limit_release().
 */
bool limit_claim(struct worker *worker, const struct conf_service *service);

/* A session is over, its sockets closed; or what was claimed came to nothing. */
void limit_release(struct worker *worker, unsigned service_slot);

/* Whether all workers together have fewer sessions than the service may have. */
bool limit_has_room(const struct worker *worker, const struct conf_service *service);

#endif
