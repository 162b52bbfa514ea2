#include "worker/connect.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "balance/balance.h"
#include "base/fd.h"
#include "base/mono.h"
#include "worker/attempt.h"
#include "worker/conn_log.h"
#include "worker/connect_wait.h"
#include "worker/dial.h"
#include "worker/source.h"
#include "worker/suspicion.h"

static const struct conf_service *service_of(const struct session *session)
{
    return epoch_service_by_slot(session->worker->epoch, session->service_slot);
}

/* ---- one try ---- */

/* Takes the backend's socket away again; the session is without a backend. */
static void leave_backend(struct session *session)
{
    struct worker *worker = session->worker;

    if (session->backend.watch.fd != -1) {
        loop_forget(worker->loop, &session->backend.watch);
        fd_close(&session->backend.watch.fd);
    }
    source_end(session);
    board_session_end(worker->board, session->backend_slot);
    session->backend_slot = BOARD_NO_SLOT;
}

void attempt_fail(struct session *session, enum verdict verdict)
{
    suspicion_note(session->worker, session->backend_slot, verdict);
    leave_backend(session);
    if (verdict == VERDICT_GONE)
        session->attempt->tried_count--;
    if (verdict == VERDICT_STARVED)
        wait_for_descriptor(session);
    else
        attempt_next(session);
}

/* One whose session is counted at the backend that it could not be connected to. */
static void fail_with(struct session *session, int error)
{
    enum verdict verdict = suspicion_verdict(error);

    if (verdict == VERDICT_LOCAL)
        suspicion_say_local(session->worker, service_of(session), session->backend_slot, error);
    attempt_fail(session, verdict);
}

/* Begins to connect. Returns 0, or -1 with errno. */
static int start_try(struct session *session)
{
    struct worker *worker = session->worker;
    struct addr *address = &session->attempt->address;

    if (board_backend_address(worker->board, session->backend_slot, address) == -1) {
        errno = EHOSTUNREACH;
        return -1;
    }
    if (dial_open(session, service_of(session), address) == -1)
        return -1;
    return loop_add(worker->loop, &session->backend.watch, SESSION_EVENTS);
}

static uint64_t take_ticket(void *context, unsigned service_slot)
{
    struct worker *worker = context;

    return board_take_ticket(worker->board, service_slot);
}

static uint64_t read_wall(void *context)
{
    (void)context;
    return wall_ms();
}

/* Backends that this attempt itself has tried. */
static unsigned tries(const struct attempt *attempt)
{
    return (unsigned)(attempt->tried_count - attempt->left_count);
}

static bool is_first_try(const struct attempt *attempt)
{
    return attempt->tried_count == 1;
}

static int choose(struct session *session)
{
    struct worker *worker = session->worker;
    const struct conf_service *service = service_of(session);
    struct balance_request request = {
        .epoch = worker->epoch,
        .service = service,
        .board = worker->board,
        .client = &session->attempt->client,
        .now_ms = loop_now_ms(worker->loop),
        .rng = &worker->rng,
        .take_ticket = take_ticket,
        .wall_ms = read_wall,
        .is_avoided = suspicion_is_avoided,
        .context = worker,
        .tried = session->attempt->tried,
        .tried_count = session->attempt->tried_count,
    };

    if (service != NULL)
        request.client_is_untold = source_is_untold(worker, service, &session->attempt->client);
    if (service == NULL || tries(session->attempt) > service->retries)
        return -1;
    return balance_choose(&request);
}

static void try_backend(struct session *session, unsigned chosen)
{
    struct worker *worker = session->worker;

    session->backend_slot = epoch_backend(worker->epoch, chosen)->slot;
    session->attempt->tried[session->attempt->tried_count++] = session->backend_slot;
    board_session_begin(worker->board, session->backend_slot);
    source_begin(session, service_of(session), &session->attempt->client);
    if (is_first_try(session->attempt) &&
        source_has_too_many(session, service_of(session), &session->attempt->client)) {
        source_note_too_many(worker, service_of(session), &session->attempt->client);
        session_end(session, BOARD_END_LIMIT);
        return;
    }
    wait_begin(session->attempt, service_of(session));
    if (start_try(session) == -1)
        fail_with(session, errno);
}

void attempt_next(struct session *session)
{
    int chosen = choose(session);

    if (chosen == -1)
        session_end(session, BOARD_END_CONNECT_FAILED);
    else
        try_backend(session, (unsigned)chosen);
}

/* ---- the outcome ---- */

/* Bucket k of the histogram: connected in less than 2^k × 64 microseconds. */
static void note_connect_time(struct board_backend_counters *counters, uint64_t us)
{
    unsigned bucket = 0;

    while (bucket < BOARD_HISTOGRAM - 1 && us >= UINT64_C(64) << bucket)
        bucket++;
    board_count(&counters->connect_time[bucket], 1);
}

static void succeed(struct session *session)
{
    struct attempt *attempt = session->attempt;
    struct board_backend_counters *counters =
        board_my_backend_counters(session->worker->board, session->backend_slot);

    note_connect_time(counters, mono_us() - attempt->started_us);
    if (tries(attempt) > 1)
        board_count(&counters->retries, 1);
    if (attempt->left_count > 0)
        board_count(&counters->replays, 1);
    connect_abandon(session);
    session_connected(session);
}

void connect_event(struct session *session, unsigned events)
{
    int error;

    if (!(events & (LOOP_WRITE | LOOP_ERROR | LOOP_HUP)))
        return;
    error = dial_error(session, session->attempt->address.port, events);
    if (error != 0) {
        fail_with(session, error);
        return;
    }
    side_note(&session->backend, events);
    succeed(session);
}

static int add_attempt(struct session *session, const struct addr *client)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));

    if (attempt == NULL)
        return -1;
    attempt->session = session;
    attempt->client = *client;
    list_init(&attempt->waiting);
    session->attempt = attempt;
    return 0;
}

void connect_begin(struct session *session, const struct addr *client)
{
    if (add_attempt(session, client) == -1)
        session_end(session, BOARD_END_INTERNAL);
    else
        attempt_next(session);
}

/* ---- another backend, for a session that has one ---- */

/* A session that is connected does not keep its client's address. */
static int ask_client(const struct session *session, struct addr *client)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);

    if (getpeername(session->client.watch.fd, (struct sockaddr *)&name, &length) == -1)
        return -1;
    addr_from_sockaddr(client, &name);
    return 0;
}

/* Nobody is chosen before a sound one, where there is any. */
static bool is_sound(struct worker *worker, unsigned index)
{
    unsigned slot = epoch_backend(worker->epoch, index)->slot;

    return board_health(worker->board, slot) == BOARD_UP && !suspicion_is_avoided(worker, slot);
}

int connect_find_other(struct session *session)
{
    struct addr client;
    int chosen;

    if (ask_client(session, &client) == -1 || add_attempt(session, &client) == -1)
        return -1;
    session->attempt->tried[0] = session->backend_slot;
    session->attempt->tried_count = session->attempt->left_count = 1;
    chosen = choose(session);
    if (chosen != -1 && is_sound(session->worker, (unsigned)chosen))
        return chosen;
    connect_abandon(session);
    return -1;
}

void connect_again(struct session *session, unsigned backend)
{
    leave_backend(session);
    try_backend(session, backend);
}

void connect_abandon(struct session *session)
{
    if (session->attempt == NULL)
        return;
    conn_log_tried(session, tries(session->attempt));
    list_remove(&session->attempt->waiting);
    free(session->attempt);
    session->attempt = NULL;
}

void connect_init(struct worker *worker)
{
    dial_init(worker);
    wait_init(worker);
}
