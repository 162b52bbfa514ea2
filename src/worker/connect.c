#include "worker/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "balance/balance.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "worker/acceptor.h"
#include "worker/bind_local.h"
#include "worker/conn_log.h"
#include "worker/source.h"
#include "worker/suspicion.h"

#define SOCKET_EVENTS (LOOP_READ | LOOP_WRITE | LOOP_RDHUP | LOOP_URGENT | LOOP_EDGE)

/* A session without a descriptor for its backend tries again after so long. */
#define STARVED_MS 100

/* A backend that was left, the first try and the most retries that a configuration may ask for. */
#define MAX_TRIED 18

/* What only a connecting session needs to remember. */
struct attempt {
    struct session *session;
    struct addr client;
    struct list waiting;  /* link in worker->connecting[service_slot] */
    uint64_t deadline_ms; /* of the present try */
    uint64_t started_us;  /* the same try's beginning */
    uint16_t port;        /* of the backend being tried */
    uint16_t tried[MAX_TRIED];
    uint8_t tried_count;
    uint8_t left_count; /* of these: left after they were connected, not tried by this attempt */
};

static void try_next(struct session *session);

/* ---- deadlines: one queue a service, because its timeout is one ---- */

static const struct conf_service *service_of(const struct session *session)
{
    return epoch_service_by_slot(session->worker->epoch, session->service_slot);
}

static void watch_earliest(struct worker *worker, uint64_t deadline_ms)
{
    if (!loop_timer_is_set(&worker->connect_timer) ||
        deadline_ms < worker->connect_timer.deadline_ms)
        loop_timer_set(worker->loop, &worker->connect_timer, deadline_ms);
}

static void start_clock(struct attempt *attempt)
{
    struct session *session = attempt->session;
    struct worker *worker = session->worker;

    attempt->started_us = mono_us();
    attempt->deadline_ms = loop_now_ms(worker->loop) + service_of(session)->connect_timeout;
    list_remove(&attempt->waiting);
    list_append(&worker->connecting[session->service_slot], &attempt->waiting);
    watch_earliest(worker, attempt->deadline_ms);
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

/*
 * No backend is at fault, and another one would fare no better: the session waits for its
 * descriptor, and nobody is accepted meanwhile.
 */
static void starve(struct session *session)
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

static void fail_try(struct session *session, enum verdict verdict)
{
    suspicion_note(session->worker, session->backend_slot, verdict);
    leave_backend(session);
    if (verdict == VERDICT_STARVED)
        starve(session);
    else
        try_next(session);
}

static int open_socket(const struct addr *address)
{
    const int on = 1;
    int family = address->family == ADDR_IPV4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    return fd;
}

/*
 * Where the client has sent already, the acknowledgement that ends the handshake waits for its
 * bytes and travels with them (tcp(7), TCP_QUICKACK): a packet less, and a server that is woken
 * once. Nothing would bring it along otherwise; so elsewhere it is sent at once.
 */
static void save_acknowledgement(const struct session *session)
{
    const int off = 0;
    int waiting = 0;

    if (ioctl(session->client.watch.fd, FIONREAD, &waiting) == 0 && waiting > 0)
        setsockopt(session->backend.watch.fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

/* A socket that connects, from one of the service's own addresses if it has any. */
static int open_connection(struct session *session, const struct addr *address)
{
    struct worker *worker = session->worker;
    int *fd = &session->backend.watch.fd;
    struct sockaddr_storage sockaddr;
    socklen_t length = addr_to_sockaddr(address, &sockaddr);
    struct local_choice choice;

    local_choice_init(&choice, worker->epoch, service_of(session), address, &worker->rng);
    do {
        fd_close(fd);
        *fd = open_socket(address);
        if (*fd == -1)
            return -1;
        if (local_choice_bind(&choice, *fd) == -1)
            continue;
        save_acknowledgement(session);
        if (connect(*fd, (struct sockaddr *)&sockaddr, length) == 0 || errno == EINPROGRESS)
            return 0;
    } while (local_choice_has_next(&choice, errno));
    return -1;
}

/* Begins to connect. Returns 0, or -1 with errno. */
static int start_try(struct session *session)
{
    struct worker *worker = session->worker;
    struct addr address;

    if (board_backend_address(worker->board, session->backend_slot, &address) == -1) {
        errno = EHOSTUNREACH;
        return -1;
    }
    session->attempt->port = address.port;
    if (open_connection(session, &address) == -1)
        return -1;
    return loop_add(worker->loop, &session->backend.watch, SOCKET_EVENTS);
}

static uint64_t take_ticket(void *context, unsigned service_slot)
{
    struct worker *worker = context;

    return board_take_ticket(worker->board, service_slot);
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
        .rng = &worker->rng,
        .take_ticket = take_ticket,
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
        session_end(session, BOARD_END_LIMIT);
        return;
    }
    start_clock(session->attempt);
    if (start_try(session) == -1)
        fail_try(session, suspicion_verdict(errno));
}

static void try_next(struct session *session)
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

/*
 * A connect to a port of this machine that nobody listens on can meet itself (simultaneous open of
 * RFC 9293): such a socket is its own peer, and no backend. Only a port that the kernel also gives
 * to outgoing connections can do that.
 */
static bool is_own_peer(const struct session *session)
{
    int fd = session->backend.watch.fd;
    struct sockaddr_storage own;
    struct sockaddr_storage peer;
    socklen_t own_length = sizeof(own);
    socklen_t peer_length = sizeof(peer);
    struct addr address;

    if (getsockname(fd, (struct sockaddr *)&own, &own_length) == -1)
        return false;
    addr_from_sockaddr(&address, &own);
    return address.port == session->attempt->port &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 &&
           own_length == peer_length && memcmp(&own, &peer, own_length) == 0;
}

static bool may_be_own_peer(const struct session *session)
{
    const struct worker *worker = session->worker;
    uint16_t port = session->attempt->port;

    return port >= worker->local_port_first && port <= worker->local_port_last;
}

/* No data can be pending yet, so SO_ERROR tells and destroys nothing; without one it is not asked.
 */
static int connect_error(const struct session *session, unsigned events)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if ((events & (LOOP_ERROR | LOOP_HUP)) != 0 &&
        getsockopt(session->backend.watch.fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
        return errno;
    if (error == 0 && may_be_own_peer(session) && is_own_peer(session))
        return ECONNREFUSED;
    return error;
}

void connect_event(struct session *session, unsigned events)
{
    int error;

    if (!(events & (LOOP_WRITE | LOOP_ERROR | LOOP_HUP)))
        return;
    error = connect_error(session, events);
    if (error != 0) {
        fail_try(session, suspicion_verdict(error));
        return;
    }
    side_note(&session->backend, events);
    succeed(session);
}

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
            fail_try(first->session, VERDICT_TIMEOUT);
        }
    }
}

static void on_starved(struct loop_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, starved_timer);
    struct list all;

    list_move(&all, &worker->starved);
    while (!list_is_empty(&all)) {
        struct attempt *attempt = CONTAINER_OF(all.next, struct attempt, waiting);

        list_remove(&attempt->waiting);
        try_next(attempt->session);
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

static void change_attempt(struct attempt *attempt, struct list *gone)
{
    struct session *session = attempt->session;
    const struct conf_service *service = service_of(session);

    list_remove(&attempt->waiting);
    if (service != NULL &&
        epoch_backend_by_slot(session->worker->epoch, session->backend_slot) != NULL)
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
        fail_try(session, VERDICT_GONE);
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
        try_next(session);
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

/* Without the file every port might be one. */
static void read_local_ports(struct worker *worker)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    unsigned first = 0;
    unsigned last = UINT16_MAX;

    if (file != NULL) {
        if (fscanf(file, "%u %u", &first, &last) != 2) {
            first = 0;
            last = UINT16_MAX;
        }
        fclose(file);
    }
    worker->local_port_first = (uint16_t)first;
    worker->local_port_last = (uint16_t)last;
}

void connect_init(struct worker *worker)
{
    read_local_ports(worker);
    for (unsigned slot = 0; slot < board_master(worker->board)->layout.services; slot++)
        list_init(&worker->connecting[slot]);
    list_init(&worker->starved);
    worker->connect_timer.fn = on_deadline;
    worker->starved_timer.fn = on_starved;
}
