#include "checker/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "checker/judge.h"
#include "checker/memory.h"
#include "checker/questions.h"
#include "checker/schedule.h"

/* Reports of workers, and lost connections, start a probe at once, but no two within this time. */
#define REPORT_GAP_MS 20

/* So long a name's first answer is waited for, before its backend is down for want of an address.
 */
#define FIRST_LOOKUP_MS 1000

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
    case BOARD_SUSPECT:
        if (!target->health.urgent)
            return later(now_ms(target), from_ms + target->service->check_interval);
        /* fall through */
    default:
        return later(now_ms(target), from_ms + conf_fast_interval(target->service));
    }
}

static bool may_ask(const struct target *target)
{
    return target->asked < target->service->check_fall && !questions_await_answer(target);
}

/* Sets the timer to whatever comes first: the next start, or a question that waits too long. */
static void rearm(struct target *target)
{
    uint64_t due_ms = questions_due(target);

    if (may_ask(target))
        due_ms = sooner(due_ms, target->next_ms);
    if (due_ms == UINT64_MAX || target->paused)
        loop_timer_stop(target->shared->loop, &target->timer);
    else
        loop_timer_set(target->shared->loop, &target->timer, due_ms);
}

/* The next question follows at once: a backend that hangs is found as fast as one that refuses. */
static void hurry(struct target *target)
{
    const uint64_t fast_ms = conf_fast_interval(target->service);

    target->next_ms = sooner(target->next_ms, later(now_ms(target), target->started_ms + fast_ms));
}

/* What is out for too long speaks against it, but for one that is down. */
static void note_overdue(struct target *target)
{
    bool late;

    while (questions_take_overdue(target, &late)) {
        if (target->health.state == BOARD_DOWN)
            continue;
        if (late) {
            judge_late(target);
        } else {
            judge_slow(target);
            hurry(target);
        }
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
    questions_cancel_before(target, &target->questions);
    if (target->session != NULL)
        probe_session_forget(target->session);
    target->life = life_now(target);
    memory_forget(target);
    target->next_ms = now_ms(target);
    if (target->is_probed)
        rearm(target);
}

/* ---- answers ---- */

static void note_answered(struct target *target)
{
    if (!target->answered)
        target->shared->unanswered--;
    target->answered = true;
}

static void say_trouble(const struct target *target, const char *words)
{
    struct told *told = &target->shared->troubles;
    struct keyvalue line;

    if (!told_is_due(told, now_ms(target), SAY_SELDOM_PACE))
        return;
    keyvalue_begin(&line, "unprobed");
    keyvalue_word(&line, "service", target->service->name);
    keyvalue_word(&line, "backend", target->backend->name);
    keyvalue_quote(&line, "reason", "%s", words);
    keyvalue_number(&line, "suppressed", told->reported);
    log_event(LOG_LEVEL_WARNING, &line, "cannot probe %s/%s: %s (this says nothing about it)",
              target->service->name, target->backend->name, words);
}

/*
 * Said once until a probe has a verdict again: a machine without descriptors has many of these. Of
 * one that this machine alone forbids, while others have verdicts, until it has one itself.
 */
static void note_trouble(struct target *target, const char *words)
{
    if (!target->in_trouble && !target->shared->in_trouble)
        say_trouble(target, words);
    target->in_trouble = target->shared->in_trouble = true;
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
        questions_end(question);
        begin_life(target);
        return;
    }
    note_answered(target);
    if (result->no_verdict) {
        note_trouble(target, result->description);
    } else if (is_valid(target, question, result)) {
        if (result->good)
            questions_cancel_before(target, &question->place);
        judge_answer(target, result);
    }
    questions_end(question);
    rearm(target);
}

/* ---- questions ---- */

/* Which session is taken up: none where a full handshake is due. */
static struct probe_session *session_for(struct target *target, bool is_up)
{
    if (target->session != NULL &&
        asking_wants_full(is_up, probe_session_full_ms(target->session), now_ms(target)))
        probe_session_forget(target->session);
    return target->session;
}

static int send_question(struct target *target, const struct addr *address)
{
    const bool is_up = target->health.state == BOARD_UP;
    struct question *question = questions_new(target);
    struct probe_question asked = {.done = on_answer, .context = question};
    struct probe *probe;

    if (question == NULL)
        return -1;
    asking_fill(&target->asking, address, is_up, &asked);
    asked.session = session_for(target, is_up);
    probe = probe_start(target->shared->engine, &asked);
    if (probe == NULL) {
        free(question);
        return -1;
    }
    questions_add(question, probe);
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

    target->shared->wake(target->shared->wake_context);
    if (is_outlived(target))
        begin_life(target);
    note_overdue(target);
    if (may_ask(target) && target->next_ms <= now_ms(target))
        ask(target);
    rearm(target);
}

/* ---- from outside ---- */

/* The next question starts at once, but no sooner than that after the last one. */
static void ask_soon(struct target *target, uint64_t gap_ms)
{
    target->next_ms = sooner(target->next_ms, later(now_ms(target), target->started_ms + gap_ms));
}

/* It has closed or reset the kept connection, as it does when it ends. */
static void on_lost(void *context)
{
    struct target *target = context;

    if (target->health.state != BOARD_DOWN)
        ask_soon(target, REPORT_GAP_MS);
    rearm(target);
}

/* The phase that the board remembers, if it can still be kept. */
static uint64_t first_start(const struct target *target)
{
    uint64_t now = now_ms(target);
    uint64_t most_ms = later(target->service->check_interval, target->service->check_down_interval);

    if (target->check.next_ms > now && target->check.next_ms <= now + most_ms)
        return target->check.next_ms;
    return schedule_first(now, target->hash);
}

static void begin_asking(struct target *target)
{
    asking_init(&target->asking, target->shared->epoch, target->backend->service,
                target->shared->trust);
    if (target->asking.kind != PROBE_TCP)
        target->session = probe_session_new();
    if (target->session != NULL)
        probe_session_on_lost(target->session, on_lost, target);
    target->hash = schedule_hash(target->service->name, target->backend->name);
    target->began_ms = now_ms(target);
    target->next_ms = first_start(target);
    if (!target->answered)
        target->shared->unanswered++;
    target_look(target);
    rearm(target);
}

void target_init(struct target_shared *shared, unsigned index)
{
    struct target *target = &shared->targets[index];
    const struct conf_backend *backend = epoch_backend(shared->epoch, index);
    const struct conf_service *service = epoch_service(shared->epoch, backend->service);

    *target = (struct target){
        .shared = shared,
        .service = service,
        .backend = backend,
        .member = &shared->members[index],
        .is_probed = service->check != CHECK_NONE,
        .life = board_backend_life(shared->board, backend->slot),
    };
    target->timer.fn = on_timer;
    list_init(&target->questions);
    memory_take_over(target);
    if (target->is_probed)
        begin_asking(target);
    else
        target_look(target);
}

void target_fini(struct target *target)
{
    if (target->service == NULL)
        return;
    questions_cancel_before(target, &target->questions);
    loop_timer_stop(target->shared->loop, &target->timer);
    probe_session_free(target->session);
}

/*
 * A refused connection and a refused probe are down together. Of what else is reported in a burst
 * the first alone is worth more than the pace of a suspect: a client can make a healthy backend
 * reset its connections.
 */
static uint64_t report_gap(const struct target *target, enum board_evidence_kind kind)
{
    const uint64_t fast_ms = conf_fast_interval(target->service);
    bool goes_on = now_ms(target) < target->reported_ms + fast_ms;

    return goes_on && kind != BOARD_EVIDENCE_REFUSED ? later(fast_ms, REPORT_GAP_MS)
                                                     : REPORT_GAP_MS;
}

void target_report(struct target *target, enum board_evidence_kind kind)
{
    uint64_t gap_ms;

    if (is_outlived(target)) {
        begin_life(target);
        return;
    }
    if (!target->is_probed || target->paused || target->health.state == BOARD_DOWN)
        return;
    gap_ms = report_gap(target, kind);
    target->reported_ms = now_ms(target);
    judge_report(target, kind);
    if (target->health.state != BOARD_DOWN)
        ask_soon(target, gap_ms);
    rearm(target);
}

/* Nobody asks it: an address at which it could be is enough. */
static void look_unasked(struct target *target)
{
    struct addr address;

    judge_unasked(
        target, board_backend_address(target->shared->board, target->backend->slot, &address) == 0);
}

/*
 * What was known before maint may be long over: the first answer decides again. It is forgotten
 * when maint begins, so that nothing is sent there in the moment between its end and this one.
 */
static void pause_or_resume(struct target *target, bool paused)
{
    target->paused = paused;
    target->health = (struct health){.state = BOARD_UNCHECKED};
    target->is_ramping = false;
    policy_note_health(target);
    if (paused) {
        questions_cancel_before(target, &target->questions);
        if (target->session != NULL)
            probe_session_forget(target->session);
        note_answered(target);
    } else {
        target->next_ms = now_ms(target);
    }
    rearm(target);
}

void target_look(struct target *target)
{
    bool paused;

    if (target->service == NULL)
        return;
    if (is_outlived(target))
        begin_life(target);
    policy_look(target);
    paused = target->member->admin == BOARD_ADMIN_MAINT;
    if (!target->is_probed)
        look_unasked(target);
    else if (paused != target->paused)
        pause_or_resume(target, paused);
}

void target_shift(struct target *target, uint64_t gap_ms)
{
    if (target->service == NULL)
        return;
    target->next_ms += gap_ms;
    target->started_ms += gap_ms;
    target->reported_ms += gap_ms;
    target->began_ms += gap_ms;
    if (target->taken_ms != 0)
        target->taken_ms += gap_ms;
    if (target->is_probed) {
        questions_shift(target, gap_ms);
        rearm(target);
    }
}
