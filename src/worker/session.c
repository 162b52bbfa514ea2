#include "worker/session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "worker/acceptor.h"
#include "worker/conn_log.h"
#include "worker/connect.h"
#include "worker/dead_peer.h"
#include "worker/idle.h"
#include "worker/leave.h"
#include "worker/limit.h"
#include "worker/replay.h"
#include "worker/source.h"

#define SOCKET_EVENTS (LOOP_READ | LOOP_WRITE | LOOP_RDHUP | LOOP_URGENT | LOOP_EDGE)

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
    session->state = SESSION_LEAVING;
    leave_begin(session);
}

void session_end_all(struct worker *worker, enum board_end reason)
{
    for (unsigned slot = 0; slot < board_master(worker->board)->layout.backends; slot++) {
        struct list *head = &worker->at_backend[slot];

        while (!list_is_empty(head))
            session_end(CONTAINER_OF(head->next, struct session, at_backend), reason);
    }
    while (!list_is_empty(&worker->moved))
        session_end(CONTAINER_OF(worker->moved.next, struct session, at_backend), reason);
    while (!list_is_empty(&worker->leaving))
        session_end(CONTAINER_OF(worker->leaving.next, struct session, idle), reason);
    connect_end_all(worker, reason);
}

/* ---- relaying ---- */

static void note_first_end(struct session *session)
{
    if (session->first_end != BOARD_END_COUNT)
        return;
    if (session->in.ended)
        session->first_end = BOARD_END_CLIENT_FIN;
    else if (session->out.ended)
        session->first_end = BOARD_END_BACKEND_FIN;
    if (session->first_end != BOARD_END_COUNT)
        idle_queue(session);
}

/* What the kernel says of a peer that answers nothing: a machine or a way that is gone, where some
 * router or the lack of a neighbour says so. */
static bool is_silence(int error)
{
    return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH;
}

/* The reason for a failed pump: its source or its sink is the client's side, or the backend's. */
static enum board_end reason_of(bool at_client)
{
    if (errno == ENOMEM)
        return BOARD_END_INTERNAL;
    if (is_silence(errno))
        return at_client ? BOARD_END_DEAD_CLIENT : BOARD_END_DEAD_BACKEND;
    return at_client ? BOARD_END_CLIENT_RESET : BOARD_END_BACKEND_RESET;
}

/*
 * One side takes no more bytes. What it had sent before is still passed on: only its own direction
 * ends at once, and its error, which the failed write has used up, is remembered.
 */
static void break_flow(struct session *session, struct flow *flow, enum board_end reason)
{
    flow_fini(flow, &session->worker->means);
    flow->ended = flow->shut = true;
    session->broken = (uint8_t)reason;
}

void session_wake(struct session *session)
{
    if (list_is_empty(&session->ready))
        list_append(&session->worker->ready, &session->ready);
}

enum pump_outcome session_pump(struct session *session, struct flow *flow)
{
    struct worker *worker = session->worker;
    struct board_backend_counters *counters =
        board_my_backend_counters(worker->board, session->backend_slot);
    bool from_client = flow == &session->in;
    _Atomic uint64_t *moved = from_client ? &counters->bytes_in : &counters->bytes_out;
    uint64_t size = atomic_load_explicit(moved, memory_order_relaxed);
    enum pump_outcome outcome =
        pump_run(&worker->means, flow, from_client ? &session->client : &session->backend,
                 from_client ? &session->backend : &session->client, moved);

    size = atomic_load_explicit(moved, memory_order_relaxed) - size;
    if (session->is_logged)
        conn_log_moved(session, from_client ? size : 0, from_client ? 0 : size);
    return outcome;
}

/* The backend's FIN, which the pump has left to this one. */
static void end_source(struct session *session)
{
    source_end(session);
    if (!session->in.shut)
        shutdown(session->client.watch.fd, SHUT_WR);
}

/* Runs one direction. Returns false when that ended the session. */
static bool run_flow(struct session *session, struct flow *flow)
{
    bool from_client = flow == &session->in;
    bool ends_source;
    enum pump_outcome outcome;
    enum board_end reason;
    bool at_client;

    if (flow->shut)
        return true;
    ends_source = !from_client && source_ends_with_backend(session);
    flow->is_last = from_client ? session->out.shut : session->in.shut || ends_source;
    outcome = session_pump(session, flow);
    if (ends_source && flow->shut)
        end_source(session);
    if (outcome == PUMP_AGAIN)
        session_wake(session);
    if (outcome == PUMP_WAIT || outcome == PUMP_AGAIN)
        return true;
    at_client = (outcome == PUMP_SOURCE_FAILED) == from_client;
    reason = reason_of(at_client);
    if (reason == BOARD_END_INTERNAL)
        session_end(session, reason);
    else if (outcome == PUMP_SOURCE_FAILED)
        session_lose(session, at_client, reason);
    else if (!flow->is_watched || at_client || !replay_look_broken(session))
        break_flow(session, flow, reason);
    else
        return false;
    return outcome == PUMP_SINK_FAILED && reason != BOARD_END_INTERNAL;
}

static bool is_broken(const struct session *session)
{
    return session->broken != BOARD_END_COUNT;
}

/* Both directions are over. */
static void finish(struct session *session)
{
    enum board_end broken = (enum board_end)session->broken;

    if (is_broken(session))
        session_lose(session, broken == BOARD_END_CLIENT_RESET || broken == BOARD_END_DEAD_CLIENT,
                     broken);
    else
        session_end(session, (enum board_end)session->first_end);
}

static void relay(struct session *session)
{
    session->moved_ms = loop_now_ms(session->worker->loop);
    if (session->in.is_watched && replay_look(session))
        return;
    if (!run_flow(session, &session->in))
        return;
    note_first_end(session);
    if (!run_flow(session, &session->out))
        return;
    note_first_end(session);
    if (session->in.shut && session->out.shut)
        finish(session);
}

static void serve(struct session *session)
{
    list_remove(&session->ready);
    if (session->state == SESSION_LEAVING)
        leave_run(session);
    else
        relay(session);
}

/* Serves the sessions from the first one up to this one, which is not served. */
static void serve_until(struct list *turn, const struct list *end)
{
    while (turn->next != end)
        serve(CONTAINER_OF(turn->next, struct session, ready));
}

static bool gather(struct session *session)
{
    struct pump_means *means = &session->worker->means;

    return session->state != SESSION_RELAYING ||
           (pump_gather(means, &session->in, &session->client) &&
            pump_gather(means, &session->out, &session->backend));
}

void session_serve_ready(struct worker *worker)
{
    struct list turn;

    list_move(&turn, &worker->ready);
    for (struct list *next, *link = turn.next; link != &turn; link = next) {
        next = link->next;
        if (gather(CONTAINER_OF(link, struct session, ready)))
            continue;
        serve_until(&turn, next);
        pump_gathered(&worker->means);
    }
    serve_until(&turn, &turn);
    pump_gathered(&worker->means);
    if (!list_is_empty(&worker->ready))
        role_hurry(worker->life);
}

static void on_client(struct loop_watch *watch, unsigned events)
{
    struct session *session = CONTAINER_OF(watch, struct session, client.watch);

    side_note(&session->client, events);
    if (session->state != SESSION_CONNECTING)
        session_wake(session);
    else if (events & (LOOP_HUP | LOOP_ERROR))
        session_end(session, BOARD_END_CLIENT_GONE);
}

static void on_backend(struct loop_watch *watch, unsigned events)
{
    struct session *session = CONTAINER_OF(watch, struct session, backend.watch);

    if (session->state == SESSION_CONNECTING) {
        connect_event(session, events);
        return;
    }
    side_note(&session->backend, events);
    session_wake(session);
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
    if (loop_add(worker->loop, &session->client.watch, SOCKET_EVENTS) == -1) {
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
