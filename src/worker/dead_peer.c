#include "worker/dead_peer.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "worker/session.h"

/* Looks at a session in one timeout; when its peer is silent, twice as many and this often. */
#define LOOKS        4
#define SILENT_LOOKS 8
#define SILENT_MS    500

/* Looks in one turn, so that many sessions do not keep the others waiting. */
#define LOOKS_ATONCE 256

/* The kernel's longest interval between two questions, TCP_RTO_MAX. */
#define INTERVAL_MOST_MS 120000

/* So often an interval doubles at most before it is that long, from its least, TCP_RTO_MIN. Where
 * tcp_retries2 is raised the kernel goes on counting (ip-sysctl). */
#define DOUBLINGS_MOST 16

/* Its timers are up to an eighth late (the wheel's buckets grow with the time). */
#define LATENESS 8

/* What an answer may take besides the round trip: acknowledgements may be delayed. */
#define ANSWER_MS 200

/* ---- the rule ---- */

/*
 * Retransmissions: the interval after the last one, tcpi_rto, is twice the one before it. They are
 * counted for as long as no byte is acknowledged, answered or not. But when the last but one came
 * after the last answer too, then more than an interval lies between that answer and the last one.
 */
static bool ignores_data(const struct tcp_info *info)
{
    uint32_t rto = info->tcpi_rto / 1000;
    uint32_t interval = rto < INTERVAL_MOST_MS ? rto / 2 : rto;
    uint32_t answered = info->tcpi_last_ack_recv;
    uint32_t asked = info->tcpi_last_data_sent;

    return info->tcpi_retransmits >= 2 && answered > asked &&
           answered - asked > interval + interval / 4 &&
           asked >= 2 * (info->tcpi_rtt / 1000) + ANSWER_MS;
}

/*
 * Window probes: tcpi_probes counts those since the last answer. When they were sent is not told,
 * but the intervals are: two of them take less than twice the last one. Once there is a third one,
 * the second has had its time.
 */
static bool ignores_probes(const struct tcp_info *info)
{
    uint64_t rto = info->tcpi_rto / 1000;
    unsigned doublings = info->tcpi_backoff > 0 ? info->tcpi_backoff - 1u : 0;
    uint64_t interval = rto << (doublings < DOUBLINGS_MOST ? doublings : DOUBLINGS_MOST);

    if (interval > INTERVAL_MOST_MS)
        interval = INTERVAL_MOST_MS;
    interval += interval / LATENESS;
    return info->tcpi_probes > 2 ||
           (info->tcpi_probes == 2 && info->tcpi_last_ack_recv >= 2 * interval + rto);
}

enum peer_state dead_peer_judge(const struct tcp_info *info, uint64_t timeout_ms)
{
    uint32_t answered = info->tcpi_last_ack_recv;

    if (timeout_ms == 0 || (info->tcpi_unacked == 0 && info->tcpi_notsent_bytes == 0))
        return PEER_CALM;
    if (answered < timeout_ms / 2)
        return PEER_BUSY;
    if (answered < timeout_ms)
        return PEER_SILENT;
    if (info->tcpi_unacked > 0 ? ignores_data(info) : ignores_probes(info))
        return PEER_DEAD;
    return PEER_SILENT;
}

/* Few questions to a peer that is only idle, three in a row where there is time for three. */
struct keepalive dead_peer_keepalive(uint64_t timeout_ms)
{
    int seconds = (int)((timeout_ms + 999) / 1000);
    struct keepalive keepalive = {.interval = seconds < 20 ? 1 : seconds / 10};

    keepalive.count = seconds > 3 ? 3 : seconds - 1;
    if (keepalive.count < 1)
        keepalive.count = 1;
    keepalive.idle = seconds - keepalive.interval * keepalive.count;
    keepalive.idle -= keepalive.idle / LATENESS;
    if (keepalive.idle < 1)
        keepalive.idle = 1;
    return keepalive;
}

/* ---- the queues ---- */

/* Everyone in it is looked at so long after the last time, so the first is always the next. */
struct peer_queue {
    struct worker *worker;
    struct list sessions;
    struct loop_timer timer; /* for the first session's look */
    uint32_t period_ms;      /* 0: nobody is looked at */
    enum peer_state state;
};

/* By service slot. Each of its sessions that relays is in one of the queues. */
struct dead_peers {
    unsigned count;
    struct peer_watch {
        uint64_t client_ms; /* the timeouts */
        uint64_t backend_ms;
        struct peer_queue queue[PEER_DEAD];
    } service[];
};

static struct peer_watch *watch_of(const struct session *session)
{
    return &session->worker->dead_peers->service[session->service_slot];
}

/* The clock is kept by its lower half: no period comes near 49 days. */
static uint32_t since_look(const struct session *session, uint64_t now)
{
    return (uint32_t)now - session->peers_ms;
}

static void set_timer(struct peer_queue *queue)
{
    struct loop *loop = queue->worker->loop;
    uint64_t now = loop_now_ms(loop);
    uint32_t since;

    if (list_is_empty(&queue->sessions) || queue->period_ms == 0) {
        loop_timer_stop(loop, &queue->timer);
        return;
    }
    since = since_look(CONTAINER_OF(queue->sessions.next, struct session, peers), now);
    loop_timer_set(loop, &queue->timer,
                   since < queue->period_ms ? now + (queue->period_ms - since) : now);
}

static void append(struct peer_queue *queue, struct session *session)
{
    session->peers_ms = (uint32_t)loop_now_ms(queue->worker->loop);
    list_append(&queue->sessions, &session->peers);
    if (!loop_timer_is_set(&queue->timer) && queue->period_ms != 0)
        set_timer(queue);
}

static void set_option(const struct side *side, int level, int option, int value)
{
    setsockopt(side->watch.fd, level, option, &value, sizeof(value));
}

/* The time until the first question counts from the last answer, and is set last: only that starts
 * the kernel's timer anew. */
static void set_keepalive(const struct side *side, uint64_t timeout_ms)
{
    struct keepalive keepalive = dead_peer_keepalive(timeout_ms);

    set_option(side, SOL_SOCKET, SO_KEEPALIVE, timeout_ms > 0);
    if (timeout_ms == 0)
        return;
    set_option(side, IPPROTO_TCP, TCP_KEEPINTVL, keepalive.interval);
    set_option(side, IPPROTO_TCP, TCP_KEEPCNT, keepalive.count);
    set_option(side, IPPROTO_TCP, TCP_KEEPIDLE, keepalive.idle);
}

static enum peer_state ask_kernel(const struct side *side, uint64_t timeout_ms)
{
    struct tcp_info info = {.tcpi_unacked = 0};
    socklen_t length = sizeof(info);

    if (timeout_ms == 0 || getsockopt(side->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &length) == -1)
        return PEER_CALM;
    return dead_peer_judge(&info, timeout_ms);
}

static void look_closer(struct peer_watch *watch, struct session *session)
{
    enum peer_state client = ask_kernel(&session->client, watch->client_ms);
    enum peer_state backend = ask_kernel(&session->backend, watch->backend_ms);

    if (client == PEER_DEAD)
        session_lose(session, true, BOARD_END_DEAD_CLIENT);
    else if (backend == PEER_DEAD)
        session_lose(session, false, BOARD_END_DEAD_BACKEND);
    else
        append(&watch->queue[client > backend ? client : backend], session);
}

static void look(struct peer_queue *queue, struct session *session)
{
    struct peer_watch *watch = watch_of(session);
    uint64_t now = loop_now_ms(queue->worker->loop);
    bool has_moved = now - session->moved_ms <= since_look(session, now);

    list_remove(&session->peers);
    if (queue->state == PEER_NEW) {
        set_keepalive(&session->client, watch->client_ms);
        set_keepalive(&session->backend, watch->backend_ms);
    }
    if (queue->state == PEER_CALM && !has_moved)
        append(queue, session);
    else
        look_closer(watch, session);
}

static void on_timer(struct loop_timer *timer)
{
    struct peer_queue *queue = CONTAINER_OF(timer, struct peer_queue, timer);
    uint64_t now = loop_now_ms(queue->worker->loop);

    for (int i = 0; i < LOOKS_ATONCE && !list_is_empty(&queue->sessions); i++) {
        struct session *first = CONTAINER_OF(queue->sessions.next, struct session, peers);

        if (since_look(first, now) < queue->period_ms)
            break;
        look(queue, first);
    }
    set_timer(queue);
}

/* ---- the timeouts ---- */

/* Of the shorter timeout that is one; 0 when there is none. */
static void set_periods(struct peer_watch *watch)
{
    uint64_t client = watch->client_ms;
    uint64_t backend = watch->backend_ms;
    uint64_t shorter = client == 0 || (backend != 0 && backend < client) ? backend : client;
    uint32_t often = (uint32_t)(shorter / SILENT_LOOKS);

    for (unsigned state = PEER_NEW; state < PEER_SILENT; state++)
        watch->queue[state].period_ms = (uint32_t)(shorter / LOOKS);
    watch->queue[PEER_SILENT].period_ms = often < SILENT_MS ? often : SILENT_MS;
}

/* Without a timeout nobody will look at it: what keepalive was told before is taken back now. */
static void queue_anew(struct peer_watch *watch, struct session *session)
{
    struct peer_queue *queue = &watch->queue[PEER_NEW];

    if (queue->period_ms == 0) {
        set_keepalive(&session->client, 0);
        set_keepalive(&session->backend, 0);
    }
    append(queue, session);
}

static void queue_all_anew(struct peer_watch *watch)
{
    for (unsigned state = PEER_NEW; state < PEER_DEAD; state++) {
        struct list all;

        list_move(&all, &watch->queue[state].sessions);
        while (!list_is_empty(&all)) {
            struct session *first = CONTAINER_OF(all.next, struct session, peers);

            list_remove(&first->peers);
            queue_anew(watch, first);
        }
    }
    for (unsigned state = PEER_NEW; state < PEER_DEAD; state++)
        set_timer(&watch->queue[state]);
}

static bool adopt(struct peer_watch *watch, const struct conf_service *service)
{
    if (watch->client_ms == service->dead_client_timeout &&
        watch->backend_ms == service->dead_backend_timeout)
        return false;
    watch->client_ms = service->dead_client_timeout;
    watch->backend_ms = service->dead_backend_timeout;
    set_periods(watch);
    return true;
}

/* The sessions of a service that is gone are looked at as before. */
void dead_peer_change(struct worker *worker)
{
    for (unsigned slot = 0; slot < worker->dead_peers->count; slot++) {
        const struct conf_service *service = epoch_service_by_slot(worker->epoch, slot);
        struct peer_watch *watch = &worker->dead_peers->service[slot];

        if (service != NULL && adopt(watch, service))
            queue_all_anew(watch);
    }
}

void dead_peer_queue(struct session *session)
{
    append(&watch_of(session)->queue[PEER_NEW], session);
}

static void watch_init(struct peer_watch *watch, struct worker *worker)
{
    for (unsigned state = PEER_NEW; state < PEER_DEAD; state++) {
        struct peer_queue *queue = &watch->queue[state];

        queue->worker = worker;
        queue->timer.fn = on_timer;
        queue->state = (enum peer_state)state;
        list_init(&queue->sessions);
    }
}

int dead_peer_init(struct worker *worker)
{
    unsigned count = board_master(worker->board)->layout.services;
    struct dead_peers *peers = calloc(1, sizeof(*peers) + count * sizeof(struct peer_watch));

    if (peers == NULL)
        return -1;
    peers->count = count;
    for (unsigned slot = 0; slot < count; slot++) {
        const struct conf_service *service = epoch_service_by_slot(worker->epoch, slot);

        watch_init(&peers->service[slot], worker);
        if (service != NULL)
            (void)adopt(&peers->service[slot], service);
    }
    worker->dead_peers = peers;
    return 0;
}

void dead_peer_fini(struct worker *worker)
{
    free(worker->dead_peers);
    worker->dead_peers = NULL;
}
