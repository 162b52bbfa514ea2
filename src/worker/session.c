#include "worker/session.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "worker/acceptor.h"
#include "worker/closing.h"
#include "worker/conn_log.h"
#include "worker/connect.h"
#include "worker/dead_peer.h"
#include "worker/idle.h"
#include "worker/leave.h"
#include "worker/limit.h"
#include "worker/replay.h"
#include "worker/source.h"

/* ---- the end ---- */

/* Closing without this sends FIN; with it RST, and what is queued is thrown away. */
static void reset_on_close(int fd)
{
    struct linger abort = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
}

void session_refuse(int client_fd)
{
    reset_on_close(client_fd);
    fd_close(&client_fd);
}

/* A session that ended by itself ends in order; one that was cut is reset, so that it never looks
 * complete. */
static bool is_orderly(enum board_end reason)
{
    return reason == BOARD_END_CLIENT_FIN || reason == BOARD_END_BACKEND_FIN;
}

static void close_side(struct worker *worker, struct side *side, bool with_reset)
{
    if (side->watch.fd == -1)
        return;
    loop_forget(worker->loop, &side->watch);
    if (with_reset)
        reset_on_close(side->watch.fd);
    fd_close(&side->watch.fd);
}

static _Atomic uint64_t *early_end_counter(struct board_service_counters *counters,
                                           enum board_end reason)
{
    if (reason == BOARD_END_LIMIT)
        return &counters->limited;
    return reason == BOARD_END_CONNECT_FAILED ? &counters->refused : &counters->ended_early;
}

/* A backend's numbers are about the sessions that were given to it, not about tries. */
static void count_end(struct session *session, enum board_end reason)
{
    struct worker *worker = session->worker;

    if (session->state == SESSION_RELAYING) {
        struct board_backend_counters *counters =
            board_my_backend_counters(worker->board, session->backend_slot);

        board_count(&counters->ends[reason], 1);
        if (reason == BOARD_END_BACKEND_RESET)
            board_count(&counters->resets, 1);
    } else {
        struct board_service_counters *counters =
            board_my_service_counters(worker->board, session->service_slot);

        board_count(early_end_counter(counters, reason), 1);
    }
    if (session->backend_slot != BOARD_NO_SLOT) {
        source_end(session);
        board_session_end(worker->board, session->backend_slot);
    }
}

/* It is over, for everyone who counts or looks for it; its sockets are still open. */
static void settle(struct session *session, enum board_end reason)
{
    connect_abandon(session);
    replay_end(session);
    list_remove(&session->at_backend);
    list_remove(&session->ready);
    list_remove(&session->idle);
    list_remove(&session->peers);
    count_end(session, reason);
    conn_log_reason(session, reason);
}

void session_free(struct session *session, bool with_reset)
{
    struct worker *worker = session->worker;
    unsigned service_slot = session->service_slot;

    list_remove(&session->ready);
    list_remove(&session->idle);
    conn_log_end(session);
    flow_fini(&session->in, &worker->means);
    flow_fini(&session->out, &worker->means);
    worker->sessions--;
    atomic_store_explicit(&worker->own->sessions, worker->sessions, memory_order_relaxed);
    close_side(worker, &session->backend, with_reset);
    close_side(worker, &session->client, with_reset);
    free(session);
    limit_release(worker, service_slot);
    acceptors_resume(worker, service_slot);
}

void session_end(struct session *session, enum board_end reason)
{
    /* Numbers first: a client that sees the end may be back before the next line runs. */
    if (session->state != SESSION_LEAVING)
        settle(session, reason);
    session_free(session, !is_orderly(reason));
}

void session_lose(struct session *session, bool client_is_gone, enum board_end reason)
{
    struct side *gone = client_is_gone ? &session->client : &session->backend;
    struct flow *from_gone = client_is_gone ? &session->in : &session->out;

    settle(session, reason);
    flow_fini(client_is_gone ? &session->out : &session->in, &session->worker->means);
    close_side(session->worker, gone, true);
    gone->readable = false;
    from_gone->error = 0;
    from_gone->is_last = false; /* the socket is not closed in order: a FIN is sent by itself */
    session->state = SESSION_LEAVING;
    leave_begin(session);
}

void session_end_all(struct worker *worker, enum board_end reason)
{
    for (unsigned slot = 0; slot < board_master(worker->board)->layout.backends; slot++) {
        struct list *head = &worker->at_backend[slot];

        closing_stop(worker, slot);
        while (!list_is_empty(head))
            session_end(CONTAINER_OF(head->next, struct session, at_backend), reason);
    }
    while (!list_is_empty(&worker->moved))
        session_end(CONTAINER_OF(worker->moved.next, struct session, at_backend), reason);
    while (!list_is_empty(&worker->leaving))
        session_end(CONTAINER_OF(worker->leaving.next, struct session, idle), reason);
    connect_end_all(worker, reason);
}

/* ---- events ---- */

void session_wake(struct session *session)
{
    if (list_is_empty(&session->ready))
        list_append(&session->worker->ready, &session->ready);
}

/* A session is woken by timers too: only what its sockets report is movement. */
static void serve_side(struct session *session, struct side *side, unsigned events)
{
    side_note(side, events);
    if (session->state == SESSION_RELAYING)
        session->moved_ms = loop_now_ms(session->worker->loop);
    session_wake(session);
}

static void on_client(struct loop_watch *watch, unsigned events)
{
    struct session *session = CONTAINER_OF(watch, struct session, client.watch);

    if (session->state != SESSION_CONNECTING) {
        serve_side(session, &session->client, events);
        return;
    }
    side_note(&session->client, events);
    if (events & (LOOP_HUP | LOOP_ERROR))
        session_end(session, BOARD_END_CLIENT_GONE);
}

static void on_backend(struct loop_watch *watch, unsigned events)
{
    struct session *session = CONTAINER_OF(watch, struct session, backend.watch);

    if (session->state == SESSION_CONNECTING)
        connect_event(session, events);
    else
        serve_side(session, &session->backend, events);
}

/* ---- the beginning ---- */

static struct session *session_new(struct worker *worker, int client_fd,
                                   const struct conf_service *service)
{
    struct session *session = calloc(1, sizeof(*session) + conn_log_room(service));

    if (session == NULL)
        return NULL;
    session->worker = worker;
    session->client.watch = (struct loop_watch){.fn = on_client, .fd = client_fd};
    session->client.is_prompt = true; /* by inheritance from its listener */
    session->backend.watch = (struct loop_watch){.fn = on_backend, .fd = -1};
    session->service_slot = service->slot;
    session->backend_slot = BOARD_NO_SLOT;
    session->first_end = BOARD_END_COUNT;
    session->broken = BOARD_END_COUNT;
    list_init(&session->at_backend);
    list_init(&session->ready);
    list_init(&session->idle);
    list_init(&session->peers);
    return session;
}

void session_begin(struct worker *worker, int client_fd, const struct addr *client,
                   const struct conf_service *service)
{
    struct session *session = session_new(worker, client_fd, service);

    if (session == NULL) {
        session_refuse(client_fd);
        limit_release(worker, service->slot);
        return;
    }
    conn_log_begin(session, client, service);
    worker->sessions++;
    atomic_store_explicit(&worker->own->sessions, worker->sessions, memory_order_relaxed);
    board_count(&board_my_service_counters(worker->board, service->slot)->accepted, 1);
    if (service->hello_timeout > 0)
        replay_begin(session);
    if (loop_add(worker->loop, &session->client.watch, SESSION_EVENTS) == -1) {
        session_end(session, BOARD_END_INTERNAL);
        return;
    }
    connect_begin(session, client);
}

void session_connected(struct session *session)
{
    struct worker *worker = session->worker;

    session->state = SESSION_RELAYING;
    session->backend.writable = true;
    session->moved_ms = loop_now_ms(worker->loop);
    conn_log_connected(session);
    list_append(&worker->at_backend[session->backend_slot], &session->at_backend);
    board_count(&board_my_backend_counters(worker->board, session->backend_slot)->total, 1);
    idle_queue(session);
    dead_peer_queue(session);
    session_wake(session);
}

/* What a flow of a backend that is given up holds, and knows, is of no use for the next one. */
static void start_afresh(struct session *session, struct flow *flow)
{
    flow_fini(flow, &session->worker->means);
    *flow = (struct flow){0};
}

void session_give_up_backend(struct session *session, bool was_reset)
{
    struct board_backend_counters *counters =
        board_my_backend_counters(session->worker->board, session->backend_slot);

    board_count(&counters->ends[BOARD_END_REPLAYED], 1);
    if (was_reset)
        board_count(&counters->resets, 1);
    list_remove(&session->at_backend);
    list_remove(&session->ready);
    list_remove(&session->idle);
    list_remove(&session->peers);
    start_afresh(session, &session->in);
    start_afresh(session, &session->out);
    session->backend = (struct side){.watch = session->backend.watch};
    reset_on_close(session->backend.watch.fd);
    session->state = SESSION_CONNECTING;
}
