#include "checker/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "checker/judge.h"
#include "checker/schedule.h"

/* Reports of workers start a probe at once, but no two within this time. */
#define REPORT_GAP_MS 20

/* So long a name's first answer is waited for, before its backend is down for want of an address.
 */
#define FIRST_LOOKUP_MS 1000

struct question {
    struct target *target;
    struct probe *probe;
    struct list place;
    uint64_t started_ms;
    bool slow;    /* it has waited check_fast_interval, and that was noticed */
    bool stalled; /* this process did not run while it was out */
};

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t now_ms(const struct target *target)
{
    return loop_now_ms(target->shared->loop);
}

/* ---- when ---- */

static uint64_t regular(const struct target *target, uint64_t interval_ms)
{
    return schedule_next(now_ms(target), interval_ms, target->hash, &target->shared->rng);
}

uint64_t target_next(const struct target *target, uint64_t from_ms)
{
    switch (target->health.state) {
    case BOARD_UP:
        return regular(target, target->service->check_interval);
    case BOARD_DOWN:
        return regular(target, target->service->check_down_interval);
    default:
        return later(now_ms(target), from_ms + schedule_fast(target->service));
    }
}

static struct question *newest(const struct target *target)
{
    if (list_is_empty(&target->questions))
        return NULL;
    return CONTAINER_OF(target->questions.prev, struct question, place);
}

/* When the question has waited so long that it is noticed; one in the queue is looked at again. */
static uint64_t slow_at(const struct target *target, const struct question *question)
{
    uint64_t began_ms = probe_began_ms(question->probe);

    return (began_ms != 0 ? began_ms : now_ms(target)) + schedule_fast(target->service);
}

static bool may_ask(const struct target *target)
{
    return target->asked < target->service->check_fall;
}

/* Sets the timer to whatever comes first: the next start, or a question that waits too long. */
static void rearm(struct target *target)
{
    const struct question *question = newest(target);
    uint64_t due_ms = may_ask(target) ? target->next_ms : UINT64_MAX;

    if (question != NULL && !question->slow)
        due_ms = sooner(due_ms, slow_at(target, question));
    if (due_ms == UINT64_MAX || target->paused)
        loop_timer_stop(target->shared->loop, &target->timer);
    else
        loop_timer_set(target->shared->loop, &target->timer, due_ms);
}

/* The next question follows at once: a backend that hangs is found as fast as one that refuses. */
static void note_slow(struct target *target, struct question *question)
{
    const uint64_t fast_ms = schedule_fast(target->service);

    question->slow = true;
    if (target->health.state == BOARD_DOWN)
        return;
    judge_slow(target);
    target->next_ms = sooner(target->next_ms, later(now_ms(target), target->started_ms + fast_ms));
}

/* ---- giving up ---- */

static void forget(struct question *question)
{
    list_remove(&question->place);
    question->target->asked--;
    free(question);
}

static void forget_before(struct target *target, const struct list *end)
{
    while (target->questions.next != end) {
        struct question *question = CONTAINER_OF(target->questions.next, struct question, place);

        probe_cancel(question->probe);
        forget(question);
    }
}

/* ---- lives ---- */

static uint32_t life_now(const struct target *target)
{
    return board_backend_life(target->shared->board, target->backend->slot);
}

static bool is_outlived(const struct target *target)
{
    return life_now(target) != target->life;
}

static void begin_life(struct target *target)
{
    forget_before(target, &target->questions);
    target->life = life_now(target);
    target->health = (struct health){.state = BOARD_UNCHECKED};
    target->check = (struct board_check){.life = target->life};
    target->next_ms = now_ms(target);
    rearm(target);
}

/* ---- answers ---- */

static void note_answered(struct target *target)
{
    if (!target->answered)
        target->shared->unanswered--;
    target->answered = true;
}

/* Said once until a probe has a verdict again: a machine without descriptors has many of these. */
static void note_trouble(const struct target *target, const char *words)
{
    if (!target->shared->in_trouble)
        log_warning("cannot probe %s/%s: %s (this says nothing about it)", target->service->name,
                    target->backend->name, words);
    target->shared->in_trouble = true;
}

/* Whether an answer says how things are now. */
static bool is_valid(const struct target *target, const struct question *question,
                     const struct probe_result *result)
{
    if (result->good)
        return question->started_ms >= target->reported_ms;
    return !question->stalled;
}

static void on_answer(void *context, const struct probe_result *result)
{
    struct question *question = context;
    struct target *target = question->target;

    if (is_outlived(target)) {
        forget(question);
        begin_life(target);
        return;
    }
    note_answered(target);
    if (result->no_verdict) {
        note_trouble(target, result->description);
    } else if (is_valid(target, question, result)) {
        if (result->good)
            forget_before(target, &question->place);
        judge_answer(target, result);
    }
    forget(question);
    rearm(target);
}

/* ---- questions ---- */

static int send_question(struct target *target, const struct addr *address)
{
    struct question *question = calloc(1, sizeof(*question));
    struct probe_question probe = {
        .kind = target->service->check == CHECK_TCP ? PROBE_TCP : PROBE_TLS,
        .address = *address,
        .connect_timeout_ms = target->service->check_connect_timeout,
        .done = on_answer,
        .context = question,
    };

    if (question == NULL)
        return -1;
    question->target = target;
    question->started_ms = target->started_ms;
    question->probe = probe_start(target->shared->engine, &probe);
    if (question->probe == NULL) {
        free(question);
        return -1;
    }
    list_append(&target->questions, &question->place);
    target->asked++;
    return 0;
}

/* There is nobody to ask: the verdict is known. */
static void answer_nowhere(struct target *target)
{
    static const struct probe_result nowhere = {
        .code = CHECKED_L4CON,
        .description = TARGET_NOWHERE,
    };

    if (!target->answered && now_ms(target) < target->began_ms + FIRST_LOOKUP_MS)
        return;
    note_answered(target);
    judge_answer(target, &nowhere);
}

static void ask(struct target *target)
{
    struct addr address;

    target->started_ms = now_ms(target);
    target->next_ms = target_next(target, target->started_ms);
    if (board_backend_address(target->shared->board, target->backend->slot, &address) == -1) {
        answer_nowhere(target);
    } else if (send_question(target, &address) == -1) {
        note_answered(target);
        note_trouble(target, "out of memory");
    }
}

static void on_timer(struct loop_timer *timer)
{
    struct target *target = CONTAINER_OF(timer, struct target, timer);
    struct question *question;

    target->shared->wake(target->shared->wake_context);
    if (is_outlived(target))
        begin_life(target);
    question = newest(target);
    if (question != NULL && !question->slow && slow_at(target, question) <= now_ms(target))
        note_slow(target, question);
    if (may_ask(target) && target->next_ms <= now_ms(target))
        ask(target);
    rearm(target);
}

/* ---- from outside ---- */

/* The phase that the board remembers, if it can still be kept. */
static uint64_t first_start(const struct target *target)
{
    uint64_t now = now_ms(target);
    uint64_t most_ms = later(target->service->check_interval, target->service->check_down_interval);

    if (target->check.next_ms > now && target->check.next_ms <= now + most_ms)
        return target->check.next_ms;
    return schedule_first(now, target->hash);
}

void target_init(struct target *target, struct target_shared *shared,
                 const struct conf_backend *backend)
{
    const struct conf_service *service = epoch_service(shared->epoch, backend->service);
    enum board_health known;

    memset(target, 0, sizeof(*target));
    target->life = board_backend_life(shared->board, backend->slot);
    known = board_health(shared->board, backend->slot);
    target->shared = shared;
    target->service = service;
    target->backend = backend;
    target->hash = schedule_hash(service->name, backend->name);
    target->timer.fn = on_timer;
    list_init(&target->questions);
    board_check_copy(shared->board, backend->slot, &target->check);
    target->check.life = target->life;
    target->health.state = known == BOARD_BLOCKED ? BOARD_UNCHECKED : known;
    target->health.good = target->check.good;
    target->health.bad = target->check.bad;
    target->began_ms = now_ms(target);
    target->next_ms = first_start(target);
    target->answered = known != BOARD_UNCHECKED;
    if (!target->answered)
        shared->unanswered++;
    target_look(target);
    rearm(target);
}

void target_fini(struct target *target)
{
    forget_before(target, &target->questions);
    loop_timer_stop(target->shared->loop, &target->timer);
}

void target_report(struct target *target, enum board_evidence_kind kind)
{
    const uint64_t now = now_ms(target);

    if (is_outlived(target)) {
        begin_life(target);
        return;
    }
    if (target->paused || target->health.state == BOARD_DOWN)
        return;
    target->reported_ms = now;
    judge_report(target, kind);
    if (target->health.state != BOARD_DOWN)
        target->next_ms = sooner(target->next_ms, later(now, target->started_ms + REPORT_GAP_MS));
    rearm(target);
}

void target_look(struct target *target)
{
    bool paused = board_admin(target->shared->board, target->backend->slot) == BOARD_ADMIN_MAINT;

    if (is_outlived(target))
        begin_life(target);
    if (paused == target->paused)
        return;
    target->paused = paused;
    if (paused) {
        forget_before(target, &target->questions);
        note_answered(target);
    } else {
        target->next_ms = now_ms(target);
    }
    rearm(target);
}

void target_shift(struct target *target, uint64_t gap_ms)
{
    const struct list *questions = &target->questions;

    target->next_ms += gap_ms;
    target->started_ms += gap_ms;
    target->reported_ms += gap_ms;
    target->began_ms += gap_ms;
    for (struct list *at = questions->next; at != questions; at = at->next) {
        struct question *question = CONTAINER_OF(at, struct question, place);

        question->started_ms += gap_ms;
        question->stalled = true;
    }
    rearm(target);
}
