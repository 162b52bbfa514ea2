/*
 * From what was seen of a backend to what everybody knows about it: each function takes one thing
 * seen, has the health counted, publishes the check on the board, and says a change of state to the
 * workers and the log.
 */
#ifndef K0SLB_CHECKER_JUDGE_H
#define K0SLB_CHECKER_JUDGE_H

#include "checker/target.h"

/* A probe has ended with a verdict. */
void judge_answer(struct target *target, const struct probe_result *result);

/*
 * A probe has waited check_fast_interval for TCP or TLS, or check_connect_timeout for the answer.
 * Ignored and counted where health_may_suspect() says no.
 */
void judge_slow(struct target *target);
void judge_late(struct target *target);

/* A worker spoke against it. An unanswered hello is slow evidence like the above. */
void judge_report(struct target *target, enum board_evidence_kind kind);

/* It is asked no more whether it is there: it has no address, or (again) one that is trusted. */
void judge_unasked(struct target *target, bool has_address);

#endif
