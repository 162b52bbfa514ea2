/*
 * The questions to one backend that are out, the oldest first: what each waits for, and since when
 * that has been too long.
 */
#ifndef K0SLB_CHECKER_QUESTIONS_H
#define K0SLB_CHECKER_QUESTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct probe;
struct target;

struct question {
    struct target *target;
    struct probe *probe;
    struct list place;
    uint64_t started_ms;
    bool slow;    /* it has waited check_fast_interval for TCP and TLS, and that was noticed */
    bool late;    /* it has waited check_connect_timeout for the answer, and that was noticed */
    bool stalled; /* this process did not run while it was out */
};

/* Allocates one; not yet among those that are out. NULL with errno ENOMEM. */
struct question *questions_new(struct target *target);

/* It is asked, by that probe. */
void questions_add(struct question *question, struct probe *probe);

/* Takes it off and frees it; its probe has ended. */
void questions_end(struct question *question);

/* Gives up those before `end` in the list, or all for the list itself. */
void questions_cancel_before(struct target *target, const struct list *end);

/*
 * Whether there is one that has been shaken hands with, and no worker has spoken against the
 * backend since it started: no other one follows until it has its answer.
 */
bool questions_await_answer(const struct target *target);

/*
 * Takes the next one that has waited too long and was not noticed, and notes that it is; *late says
 * for what it waits. False when there is none.
 */
bool questions_take_overdue(struct target *target, bool *late);

/* When to look for those again; UINT64_MAX = not before one more is asked. */
uint64_t questions_due(const struct target *target);

/* Moves all by a time in which this process did not run. */
void questions_shift(struct target *target, uint64_t gap_ms);

#endif
