#include "worker/closing.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "worker/replay.h"
#include "worker/session.h"

/* No longer than so much for each session. */
#define EACH_MS 2

/* What is known of a backend, by slot. */
struct closing {
    struct list running; /* link in the list of those that have sessions to close */
    struct list doomed;  /* these sessions; their links are those at the backend */
    uint64_t began_ms;
    uint64_t span_ms;
    uint32_t count; /* of sessions, when it began */
    uint32_t closed;
    uint16_t slot;
    bool is_running;
    bool is_marked; /* when it was last looked at */
};

struct closings {
    struct worker *worker;
    struct list running;
    struct loop_timer timer; /* for the next session of them all */
    struct closing slots[];
};

static bool is_marked(const struct worker *worker, unsigned slot)
{
    return (board_health_marks(worker->board, slot) & BOARD_MARK_CLOSE) != 0;
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
                     BOARD_END_BACKEND_DOWN);
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
        if (is_marked(worker, closing->slot))
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

static uint64_t span(const struct worker *worker, const struct conf_service *service, unsigned slot)
{
    uint64_t each_ms = (uint64_t)EACH_MS * board_active(worker->board, slot);

    return each_ms < service->on_down_spread ? each_ms : service->on_down_spread;
}

static void begin(struct worker *worker, const struct conf_backend *backend)
{
    const struct conf_service *service = epoch_service(worker->epoch, backend->service);
    struct closing *closing = &worker->closings->slots[backend->slot];

    closing->slot = backend->slot;
    doom(worker, closing);
    if (closing->count == 0)
        return;
    closing->began_ms = loop_now_ms(worker->loop);
    closing->span_ms = span(worker, service, backend->slot);
    closing->is_running = true;
    list_append(&worker->closings->running, &closing->running);
    log_info("closing what %s/%s has: sessions=%" PRIu32 " span_ms=%" PRIu64, service->name,
             backend->name, closing->count, closing->span_ms);
}

void closing_look(struct worker *worker)
{
    for (unsigned i = 0; i < worker->epoch->backend_count; i++) {
        const struct conf_backend *backend = epoch_backend(worker->epoch, i);
        struct closing *closing = &worker->closings->slots[backend->slot];
        bool was_marked = closing->is_marked;

        closing->is_marked = is_marked(worker, backend->slot);
        if (!closing->is_marked)
            stop(worker, closing);
        else if (!was_marked)
            begin(worker, backend);
    }
    set_timer(worker->closings);
}

void closing_stop(struct worker *worker, unsigned slot)
{
    stop(worker, &worker->closings->slots[slot]);
}

void closing_forget(struct worker *worker, unsigned slot)
{
    closing_stop(worker, slot);
    worker->closings->slots[slot].is_marked = false;
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
