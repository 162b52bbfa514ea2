/*
 * How often the hellos of a service are replayed, in all workers together: an overloaded server is
 * not helped by replays. Each worker has gauges of its own on the board, of the last ten seconds.
 */
#ifndef K0SLB_WORKER_REPLAY_RATE_H
#define K0SLB_WORKER_REPLAY_RATE_H

#include <stdbool.h>

#include "base/told.h"
#include "worker/budget.h"
#include "worker/worker_state.h"

/* This worker's part. */
struct replay_rate {
    struct worker *worker;
    unsigned service_slot;
    struct recent sessions;
    struct recent replays;
    struct told told; /* what the log says of replays that were too many */
};

/* A session has begun. */
void replay_rate_note_session(struct replay_rate *rate);

/*
 * Counts one more replay; false, and nothing is counted, when that would be one too many: the log
 * says so at times.
 */
bool replay_rate_take(struct replay_rate *rate);

/* What was taken last has come to nothing. */
void replay_rate_give_back(struct replay_rate *rate);

/* Each second: what is ten seconds old is forgotten, for every worker's sake. */
void replay_rate_refresh(struct replay_rate *rate);

#endif
