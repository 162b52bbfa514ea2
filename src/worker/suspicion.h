/*
 * What a failed connect says about the backend, and about this machine: the checker is told at
 * once, and this worker does not wait for its answer.
 */
#ifndef K0SLB_WORKER_SUSPICION_H
#define K0SLB_WORKER_SUSPICION_H

#include <stdbool.h>

#include "worker/worker_state.h"

/* What a failed try says. */
enum verdict {
    VERDICT_REFUSED,
    VERDICT_TIMEOUT,
    VERDICT_LOCAL,   /* this machine's own trouble: no word against the backend */
    VERDICT_STARVED, /* no descriptor or memory here: no backend could be tried */
    VERDICT_GONE,    /* a reload has removed the backend, or moved it: no try of it */
};

/* The verdict for an errno of socket(2), connect(2) or epoll_ctl(2). */
enum verdict suspicion_verdict(int error);

/* Counts a failed try, and accuses the backend if it is at fault. */
void suspicion_note(struct worker *worker, unsigned backend, enum verdict verdict);

/* Says in the log, at times, that this machine's own trouble has kept a backend from being reached.
 * `service` may be NULL: a reload has removed it. */
void suspicion_say_local(struct worker *worker, const struct conf_service *service,
                         unsigned backend, int error);

/*
 * A backend took a hello, or a part of it, and said nothing: it was silent for too long, or closed,
 * or reset. The checker hears of it. This worker avoids it for a while, too; but silence, which may
 * come from too much work, never makes it avoid more than half of a service's backends.
 */
void suspicion_unanswered(struct worker *worker, const struct conf_service *service,
                          unsigned backend, enum board_evidence_kind kind);

/* Whether this worker has just seen the backend fail. The context is the worker. */
bool suspicion_is_avoided(void *context, unsigned backend);

/* The checker has spoken since this worker saw a backend fail: its word counts again. */
void suspicion_trust_checker(struct worker *worker);

#endif
