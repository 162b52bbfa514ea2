#include "worker/closing.h"

#include <stdlib.h>

#include "base/log.h"
#include "worker/replay.h"
#include "worker/session.h"

/* No longer than so much for each session. */
#define EACH_MS 2

/* Why the sessions of a backend are closed: where there are several, the last of them. */
enum cause {
    CAUSE_NONE,
    CAUSE_OVER,  /* an administrator said drain, over a time */
    CAUSE_MARK,  /* the checker has marked it */
    CAUSE_MAINT, /* an administrator said maint */
};

/* What is known of a backend, by slot. */
struct closing {
    struct list running; /* link in the list of those that have sessions to close */
    struct list doomed;  /* these sessions; their links are those at the backend */
    uint64_t began_ms;
    uint64_t span_ms;
    uint32_t count; /* of sessions, when it began */
    uint32_t closed;
    uint64_t word;    /* the administrators', when it was last looked at */
    uint64_t word_ms; /* when this one was first seen */
    uint16_t slot;
    uint8_t cause; /* enum cause, when it was last looked at */
    bool is_running;
};

struct closings {
    struct worker *worker;
    struct list running;
    struct loop_timer timer; /* for the next session of them all */
    struct closing slots[];
};

static enum cause cause_of(const struct worker *worker, unsigned slot)
{
    struct board_admin_act act = board_admin_act(worker->board, slot);

    if (act.state == BOARD_ADMIN_MAINT)
        return CAUSE_MAINT;
    if ((board_health_marks(worker->board, slot) & BOARD_MARK_CLOSE) != 0)
        return CAUSE_MARK;
    return act.over_ms > 0 ? CAUSE_OVER : CAUSE_NONE;
}

static enum board_end reason_of(const struct closing *closing)
{
    return closing->cause == CAUSE_MARK ? BOARD_END_BACKEND_DOWN : BOARD_END_ADMIN;
}

/* Whether it is as it was when it was last looked at. The time of a mark does not begin anew. */
static bool is_same(const struct worker *worker, const struct closing *closing)
{
    if (cause_of(worker, closing->slot) != closing->cause)
        return false;
    return closing->cause == CAUSE_NONE || closing->cause == CAUSE_MARK ||
           board_admin_word(worker->board, closing->slot) == closing->word;
}

/* ---- the time ---- */

/* How many are to be closed by now. */
static uint64_t due(const struct closing *closing, uint64_t now_ms)
{
    uint64_t elapsed_ms = now_ms - closing->began_ms;

    if (elapsed_ms >= closing->span_ms)
        return closing->count;
    return closing->count * elapsed_ms / closing->span_ms;
}

/* When the next one is. */
static uint64_t next_ms(const struct closing *closing)
{
    uint64_t number = (uint64_t)closing->closed + 1;

    return closing->began_ms + (number * closing->span_ms + closing->count - 1) / closing->count;
}

static void set_timer(struct closings *closings)
{
    uint64_t earliest_ms = UINT64_MAX;

    for (struct list *link = closings->running.next; link != &closings->running;
         link = link->next) {
        uint64_t ms = next_ms(CONTAINER_OF(link, struct closing, running));

        if (ms < earliest_ms)
            earliest_ms = ms;
    }
    if (earliest_ms == UINT64_MAX)
        loop_timer_stop(closings->worker->loop, &closings->timer);
    else
        loop_timer_set(closings->worker->loop, &closings->timer, earliest_ms);
}

/* ---- closing ---- */

static void stop(struct worker *worker, struct closing *closing)
{
    if (!closing->is_running)
        return;
    closing->is_running = false;
    list_remove(&closing->running);
    while (!list_is_empty(&closing->doomed)) {
        struct list *link = closing->doomed.next;

        list_remove(link);
        list_append(&worker->at_backend[closing->slot], link);
    }
}

static void close_due(struct worker *worker, struct closing *closing)
{
    uint64_t all = due(closing, loop_now_ms(worker->loop));

    while (closing->closed < all && !list_is_empty(&closing->doomed)) {
        closing->closed++;
        session_lose(CONTAINER_OF(closing->doomed.next, struct session, at_backend), false,
                     reason_of(closing));
    }
    if (list_is_empty(&closing->doomed))
        stop(worker, closing);
}

static void on_timer(struct loop_timer *timer)
{
    struct closings *closings = CONTAINER_OF(timer, struct closings, timer);
    struct worker *worker = closings->worker;

    for (struct list *next, *link = closings->running.next; link != &closings->running;
         link = next) {
        struct closing *closing = CONTAINER_OF(link, struct closing, running);

        next = link->next;
        if (is_same(worker, closing))
            close_due(worker, closing);
        else
            stop(worker, closing);
    }
    set_timer(closings);
}

/* ---- beginning ---- */

/* Everyone who is there now is to be closed, but for those who can go elsewhere. */
static void doom(struct worker *worker, struct closing *closing)
{
    struct list *head = &worker->at_backend[closing->slot];

    list_init(&closing->doomed);
    closing->count = closing->closed = 0;
    while (!list_is_empty(head)) {
        struct session *first = CONTAINER_OF(head->next, struct session, at_backend);

        list_remove(&first->at_backend);
        if (replay_leave(first))
            continue;
        list_append(&closing->doomed, &first->at_backend);
        closing->count++;
    }
}

/* ---- the order ---- */

static int compare_moved(const void *a, const void *b)
{
    const struct session *const *first = a;
    const struct session *const *second = b;

    return ((*first)->moved_ms > (*second)->moved_ms) - ((*first)->moved_ms < (*second)->moved_ms);
}

/* Those that have been idle for the longest time come first; without memory, those that came. */
static void sort_by_idleness(struct closing *closing)
{
    struct session **sessions = malloc(closing->count * sizeof(struct session *));

    if (sessions == NULL)
        return;
    for (uint32_t i = 0; i < closing->count; i++) {
        sessions[i] = CONTAINER_OF(closing->doomed.next, struct session, at_backend);
        list_remove(&sessions[i]->at_backend);
    }
    qsort(sessions, closing->count, sizeof(struct session *), compare_moved);
    for (uint32_t i = 0; i < closing->count; i++)
        list_append(&closing->doomed, &sessions[i]->at_backend);
    free(sessions);
}

/* ---- beginning ---- */

static uint64_t spread(const struct worker *worker, const struct conf_service *service,
                       unsigned slot)
{
    uint64_t each_ms = (uint64_t)EACH_MS * board_active(worker->board, slot);

    return each_ms < service->on_down_spread ? each_ms : service->on_down_spread;
}

/* What is left of the time that an administrator has given. */
static uint64_t left_of_over(const struct worker *worker, const struct closing *closing)
{
    uint64_t over_ms = board_admin_act(worker->board, closing->slot).over_ms;
    uint64_t gone_ms = loop_now_ms(worker->loop) - closing->word_ms;

    return gone_ms < over_ms ? over_ms - gone_ms : 0;
}

static uint64_t span(const struct worker *worker, const struct conf_service *service,
                     const struct closing *closing)
{
    if (closing->cause == CAUSE_MARK)
        return spread(worker, service, closing->slot);
    return closing->cause == CAUSE_OVER ? left_of_over(worker, closing) : 0;
}

static void say(const struct closing *closing, const struct conf_service *service,
                const struct conf_backend *backend)
{
    struct keyvalue line;

    if (!log_is_on(LOG_LEVEL_INFO))
        return;
    keyvalue_begin(&line, "closing");
    keyvalue_word(&line, "service", service->name);
    keyvalue_word(&line, "backend", backend->name);
    keyvalue_number(&line, "sessions", closing->count);
    keyvalue_number(&line, "span_ms", closing->span_ms);
    log_event(LOG_LEVEL_INFO, &line, "closing what %s/%s has", service->name, backend->name);
}

static void begin(struct worker *worker, const struct conf_backend *backend)
{
    const struct conf_service *service = epoch_service(worker->epoch, backend->service);
    struct closing *closing = &worker->closings->slots[backend->slot];

    doom(worker, closing);
    if (closing->count == 0)
        return;
    if (closing->cause == CAUSE_OVER)
        sort_by_idleness(closing);
    closing->began_ms = loop_now_ms(worker->loop);
    closing->span_ms = span(worker, service, closing);
    closing->is_running = true;
    list_append(&worker->closings->running, &closing->running);
    say(closing, service, backend);
}

/* Those included whose backend has another address now. */
static void close_moved(struct worker *worker, const struct closing *closing)
{
    for (struct list *next, *link = worker->moved.next; link != &worker->moved; link = next) {
        struct session *session = CONTAINER_OF(link, struct session, at_backend);

        next = link->next;
        if (session->backend_slot == closing->slot)
            session_lose(session, false, BOARD_END_ADMIN);
    }
}

/* Whether nobody is to be there any more: an administrator wants so, and the time is over. */
static bool is_to_be_empty(const struct worker *worker, const struct closing *closing)
{
    return closing->cause == CAUSE_MAINT ||
           (closing->cause == CAUSE_OVER && left_of_over(worker, closing) == 0);
}

/* Notes what is said of it; true when that is something new. */
static bool note(const struct worker *worker, struct closing *closing)
{
    bool is_new = !is_same(worker, closing);
    uint64_t word = board_admin_word(worker->board, closing->slot);

    if (word != closing->word) {
        closing->word = word;
        closing->word_ms = loop_now_ms(worker->loop);
    }
    closing->cause = (uint8_t)cause_of(worker, closing->slot);
    return is_new;
}

static void look(struct worker *worker, const struct conf_backend *backend)
{
    struct closing *closing = &worker->closings->slots[backend->slot];
    bool is_new;

    closing->slot = backend->slot;
    is_new = note(worker, closing);
    if (is_new)
        stop(worker, closing);
    if (is_to_be_empty(worker, closing)) {
        close_moved(worker, closing);
        is_new = !closing->is_running;
    }
    if (is_new && closing->cause != CAUSE_NONE)
        begin(worker, backend);
}

void closing_look(struct worker *worker)
{
    for (unsigned i = 0; i < worker->epoch->backend_count; i++)
        look(worker, epoch_backend(worker->epoch, i));
    set_timer(worker->closings);
}

void closing_stop(struct worker *worker, unsigned slot)
{
    stop(worker, &worker->closings->slots[slot]);
}

void closing_forget(struct worker *worker, unsigned slot)
{
    closing_stop(worker, slot);
    worker->closings->slots[slot].cause = CAUSE_NONE;
}

int closing_init(struct worker *worker)
{
    unsigned count = board_master(worker->board)->layout.backends;
    struct closings *closings = calloc(1, sizeof(*closings) + count * sizeof(struct closing));

    if (closings == NULL)
        return -1;
    closings->worker = worker;
    closings->timer.fn = on_timer;
    list_init(&closings->running);
    worker->closings = closings;
    return 0;
}

void closing_fini(struct worker *worker)
{
    free(worker->closings);
    worker->closings = NULL;
}
