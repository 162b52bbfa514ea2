/*
 * Sessions whose two sockets are there: both flows run until both are over, or a side is gone. The
 * sessions that have something to do are served together, at the end of a turn: pump.h says why.
 */
#ifndef K0SLB_WORKER_RELAY_H
#define K0SLB_WORKER_RELAY_H

#include "worker/session.h"

/* Serves the sessions that have something to do: the last thing of every turn. */
void relay_ready(struct worker *worker);

/* Runs one flow of a session that has, or had, a backend; what left is counted. */
enum pump_outcome relay_pump(struct session *session, struct flow *flow);

#endif
