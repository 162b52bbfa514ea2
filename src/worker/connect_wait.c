#include "worker/connect_wait.h"

#include "base/mono.h"
#include "worker/acceptor.h"
#include "worker/connect.h"

/* A session without a descriptor for its backend tries again after so long. */
#define STARVED_MS 100

static const struct conf_service *service_of(const struct session *session)
{
    return epoch_service_by_slot(session->worker->epoch, session->service_slot);
}

/* ---- deadlines: one queue a service, because its timeout is one ---- */

static void watch_earliest(struct worker *worker, uint64_t deadline_ms)
{
    if (!loop_timer_is_set(&worker->connect_timer) ||
        deadline_ms < worker->connect_timer.deadline_ms)
        loop_timer_set(worker->loop, &worker->connect_timer, deadline_ms);
}

void wait_begin(struct attempt *attempt, const struct conf_service *service)
{
    struct session *session = attempt->session;
    struct worker *worker = session->worker;

    attempt->started_us = mono_us();
    attempt->deadline_ms = loop_now_ms(worker->loop) + service->connect_timeout;
    list_remove(&attempt->waiting);
    list_append(&worker->connecting[session->service_slot], &attempt->waiting);
    watch_earliest(worker, attempt->deadline_ms);
}

/* ---- without a descriptor ---- */

/*
 * No backend is at fault, and another one would fare no better: the session waits for its
 * descriptor, and nobody is accepted meanwhile.
 */
void wait_for_descriptor(struct session *session)
{
    struct worker *worker = session->worker;
    struct attempt *attempt = session->attempt;

    attempt->tried_count--;
    list_remove(&attempt->waiting);
    list_append(&worker->starved, &attempt->waiting);
    if (!loop_timer_is_set(&worker->starved_timer))
        loop_timer_set(worker->loop, &worker->starved_timer,
                       loop_now_ms(worker->loop) + STARVED_MS);
    acceptors_pause(worker, "no descriptor is left for a backend");
}

static void on_starved(struct loop_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, starved_timer);
    struct list all;

    list_move(&all, &worker->starved);
    while (!list_is_empty(&all)) {
        struct attempt *attempt = CONTAINER_OF(all.next, struct attempt, waiting);

        list_remove(&attempt->waiting);
        attempt_next(attempt->session);
    }
}

/* ---- the end of a wait ---- */

static void on_deadline(struct loop_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, connect_timer);
    uint64_t now = loop_now_ms(worker->loop);

    for (unsigned slot = 0; slot < board_master(worker->board)->layout.services; slot++) {
        struct list *head = &worker->connecting[slot];

        while (!list_is_empty(head)) {
            struct attempt *first = CONTAINER_OF(head->next, struct attempt, waiting);

            if (first->deadline_ms > now) {
                watch_earliest(worker, first->deadline_ms);
                break;
            }
            attempt_fail(first->session, VERDICT_TIMEOUT);
        }
    }
}

/* The present try ends no later than one that begins now: so the queue stays in order. */
static void keep_try(struct attempt *attempt, const struct conf_service *service)
{
    struct worker *worker = attempt->session->worker;
    uint64_t latest_ms = loop_now_ms(worker->loop) + service->connect_timeout;

    if (attempt->deadline_ms > latest_ms)
        attempt->deadline_ms = latest_ms;
    list_append(&worker->connecting[attempt->session->service_slot], &attempt->waiting);
    watch_earliest(worker, attempt->deadline_ms);
}

/* Whether the backend that is being tried is still one, and still where it is looked for. */
static bool is_there(const struct attempt *attempt)
{
    const struct session *session = attempt->session;
    const struct worker *worker = session->worker;
    struct addr address;

    return epoch_backend_by_slot(worker->epoch, session->backend_slot) != NULL &&
           board_backend_address(worker->board, session->backend_slot, &address) == 0 &&
           addr_equal(&address, &attempt->address);
}

static void change_attempt(struct attempt *attempt, struct list *gone)
{
    struct session *session = attempt->session;
    const struct conf_service *service = service_of(session);

    list_remove(&attempt->waiting);
    if (service != NULL && is_there(attempt))
        keep_try(attempt, service);
    else
        list_append(gone, &attempt->waiting);
}

static void leave_try(struct attempt *attempt)
{
    struct session *session = attempt->session;

    list_remove(&attempt->waiting);
    if (service_of(session) == NULL)
        session_end(session, BOARD_END_DRAINED);
    else
        attempt_fail(session, VERDICT_GONE);
}

void connect_change(struct worker *worker)
{
    for (unsigned slot = 0; slot < board_master(worker->board)->layout.services; slot++) {
        struct list all;
        struct list gone;

        list_init(&gone);
        list_move(&all, &worker->connecting[slot]);
        while (!list_is_empty(&all))
            change_attempt(CONTAINER_OF(all.next, struct attempt, waiting), &gone);
        while (!list_is_empty(&gone))
            leave_try(CONTAINER_OF(gone.next, struct attempt, waiting));
    }
}

static void end_attempts(struct list *head, enum board_end reason)
{
    while (!list_is_empty(head))
        session_end(CONTAINER_OF(head->next, struct attempt, waiting)->session, reason);
}

void connect_end_all(struct worker *worker, enum board_end reason)
{
    end_attempts(&worker->starved, reason);
    for (unsigned slot = 0; slot < board_master(worker->board)->layout.services; slot++)
        end_attempts(&worker->connecting[slot], reason);
}

void wait_init(struct worker *worker)
{
    for (unsigned slot = 0; slot < board_master(worker->board)->layout.services; slot++)
        list_init(&worker->connecting[slot]);
    list_init(&worker->starved);
    worker->connect_timer.fn = on_deadline;
    worker->starved_timer.fn = on_starved;
}
