#include "checker/questions.h"

#include <stdlib.h>

#include "probe/probe.h"

#include "checker/target.h"

#define QUESTION_OF(at) CONTAINER_OF(at, struct question, place)

/* ---- the list ---- */

struct question *questions_new(struct target *target)
{
    struct question *question = calloc(1, sizeof(*question));

    if (question == NULL)
        return NULL;
    question->target = target;
    question->started_ms = target->started_ms;
    return question;
}

void questions_add(struct question *question, struct probe *probe)
{
    question->probe = probe;
    list_append(&question->target->questions, &question->place);
    question->target->asked++;
}

void questions_end(struct question *question)
{
    list_remove(&question->place);
    question->target->asked--;
    free(question);
}

void questions_cancel_before(struct target *target, const struct list *end)
{
    while (target->questions.next != end) {
        struct question *question = QUESTION_OF(target->questions.next);

        probe_cancel(question->probe);
        questions_end(question);
    }
}

void questions_shift(struct target *target, uint64_t gap_ms)
{
    const struct list *all = &target->questions;

    for (struct list *at = all->next; at != all; at = at->next) {
        QUESTION_OF(at)->started_ms += gap_ms;
        QUESTION_OF(at)->stalled = true;
    }
}

/* ---- waiting ---- */

bool questions_await_answer(const struct target *target)
{
    const struct list *all = &target->questions;

    for (struct list *at = all->next; at != all; at = at->next) {
        const struct question *question = QUESTION_OF(at);

        if (probe_shook_ms(question->probe) != 0 && question->started_ms >= target->reported_ms)
            return true;
    }
    return false;
}

/*
 * When a question has waited too long for what it waits for now: UINT64_MAX once that was noticed.
 * One in the engine's queue has not begun to wait, and one that was slow to shake hands may have
 * done so since: these are looked at again.
 */
static uint64_t overdue_at(const struct question *question)
{
    const struct target *target = question->target;
    const uint64_t began_ms = probe_began_ms(question->probe);
    const uint64_t shook_ms = probe_shook_ms(question->probe);
    const uint64_t fast_ms = conf_fast_interval(target->service);

    if (shook_ms != 0)
        return question->late ? UINT64_MAX : shook_ms + target->service->check_connect_timeout;
    if (began_ms == 0 || question->slow)
        return loop_now_ms(target->shared->loop) + fast_ms;
    return began_ms + fast_ms;
}

bool questions_take_overdue(struct target *target, bool *late)
{
    const struct list *all = &target->questions;

    for (struct list *at = all->next; at != all; at = at->next) {
        struct question *question = QUESTION_OF(at);

        if (overdue_at(question) > loop_now_ms(target->shared->loop))
            continue;
        *late = probe_shook_ms(question->probe) != 0;
        question->slow = true;
        question->late = *late;
        return true;
    }
    return false;
}

uint64_t questions_due(const struct target *target)
{
    const struct list *all = &target->questions;
    uint64_t due_ms = UINT64_MAX;

    for (struct list *at = all->next; at != all; at = at->next) {
        uint64_t at_ms = overdue_at(QUESTION_OF(at));

        if (at_ms < due_ms)
            due_ms = at_ms;
    }
    return due_ms;
}
