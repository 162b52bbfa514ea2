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

/* A probe has waited check_fast_interval. Ignored and counted where health_may_suspect() says no.
 */
void judge_slow(struct target *target);

/* A worker spoke against it. An unanswered hello is slow evidence like the above. */
void judge_report(struct target *target, enum board_evidence_kind kind);

/* Tells the workers that health has changed; when the counter is full they have been told. */
void judge_announce(const struct target_shared *shared);

#endif
