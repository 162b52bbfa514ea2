#include "worker/relay.h"

#include <errno.h>
#include <sys/socket.h>

#include "worker/conn_log.h"
#include "worker/idle.h"
#include "worker/leave.h"
#include "worker/replay.h"
#include "worker/source.h"

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
static enum board_end reason_of(int error, bool at_client)
{
    if (error == ENOMEM)
        return BOARD_END_INTERNAL;
    if (is_silence(error))
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

enum pump_outcome relay_pump(struct session *session, struct flow *flow)
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
    outcome = relay_pump(session, flow);
    if (ends_source && flow->shut)
        end_source(session);
    if (outcome == PUMP_AGAIN) {
        session->moved_ms = loop_now_ms(session->worker->loop);
        session_wake(session);
    }
    if (outcome == PUMP_WAIT || outcome == PUMP_AGAIN)
        return true;
    at_client = (outcome == PUMP_SOURCE_FAILED) == from_client;
    reason = reason_of(errno, at_client);
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

static void lose_hung(struct session *session, const struct side *side)
{
    bool at_client = side == &session->client;
    int error = 0;
    socklen_t length = sizeof(error);

    if (getsockopt(side->watch.fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
        error = errno;
    session_lose(session, at_client, reason_of(error, at_client));
}

/*
 * A side whose FIN has been passed on is not read any more: that it was reset after that, or found
 * dead, is seen here alone. The kernel reports it, as nothing else can be over both ways: of the
 * other direction the FIN has not been passed on yet.
 */
static void look_for_hung(struct session *session)
{
    if (session->in.shut && session->client.is_hung)
        lose_hung(session, &session->client);
    else if (session->out.shut && session->backend.is_hung)
        lose_hung(session, &session->backend);
}

static void relay(struct session *session)
{
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
    else
        look_for_hung(session);
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

void relay_ready(struct worker *worker)
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
