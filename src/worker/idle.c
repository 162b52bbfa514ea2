#include "worker/idle.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Looks at a session in one timeout. */
#define LOOKS 8

/* One queue: all its sessions have the same timeout, so the first is always the next to look at. */
struct idle_queue {
    struct worker *worker;
    struct list sessions;
    struct loop_timer timer; /* for the first session's look */
    uint64_t timeout_ms;     /* 0: nobody is looked at */
};

/* By service slot: for sessions that are open both ways, and for half-closed ones. Each that relays
 * is in one of them. */
struct idle_queues {
    unsigned count;
    struct idle_queue queue[];
};

static struct idle_queue *queue_of(const struct session *session)
{
    bool half = session->first_end != BOARD_END_COUNT;

    return &session->worker->idle->queue[2 * session->service_slot + (half ? 1 : 0)];
}

static uint64_t period(const struct idle_queue *queue)
{
    return queue->timeout_ms / LOOKS + 1;
}

static void set_timer(struct idle_queue *queue)
{
    const struct session *first;

    if (list_is_empty(&queue->sessions) || queue->timeout_ms == 0) {
        loop_timer_stop(queue->worker->loop, &queue->timer);
        return;
    }
    first = CONTAINER_OF(queue->sessions.next, struct session, idle);
    loop_timer_set(queue->worker->loop, &queue->timer, first->look_ms);
}

static void append(struct idle_queue *queue, struct session *session)
{
    session->look_ms = loop_now_ms(queue->worker->loop) + period(queue);
    list_append(&queue->sessions, &session->idle);
}

/*
 * How long ago the kernel sent bytes that it was given, to a peer that still answers (tcp(7),
 * TCP_INFO). Window probes are answered too, but send nothing; to a dead peer there is no answer.
 */
static uint64_t sent_ago(const struct side *side)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);

    if (getsockopt(side->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &length) == -1)
        return UINT64_MAX;
    return info.tcpi_last_data_sent > info.tcpi_last_ack_recv ? info.tcpi_last_data_sent
                                                              : info.tcpi_last_ack_recv;
}

/* A slow reader empties a full send buffer long after its last byte was put in. */
static void note_sent(struct session *session, uint64_t now)
{
    uint64_t client = sent_ago(&session->client);
    uint64_t backend = sent_ago(&session->backend);
    uint64_t ago = client < backend ? client : backend;

    if (ago < now - session->moved_ms)
        session->moved_ms = now - ago;
}

static void look(struct idle_queue *queue, struct session *session)
{
    uint64_t now = loop_now_ms(queue->worker->loop);

    list_remove(&session->idle);
    if (now - session->moved_ms >= queue->timeout_ms)
        note_sent(session, now);
    if (now - session->moved_ms >= queue->timeout_ms)
        session_end(session, BOARD_END_IDLE);
    else
        append(queue, session);
}

static void on_timer(struct loop_timer *timer)
{
    struct idle_queue *queue = CONTAINER_OF(timer, struct idle_queue, timer);
    uint64_t now = loop_now_ms(queue->worker->loop);

    while (!list_is_empty(&queue->sessions)) {
        struct session *first = CONTAINER_OF(queue->sessions.next, struct session, idle);

        if (first->look_ms > now)
            break;
        look(queue, first);
    }
    set_timer(queue);
}

/* A half-closed session obeys the shorter of both timeouts. */
static uint64_t timeout_of(const struct conf_service *service, bool half)
{
    uint64_t idle = service->idle_timeout;
    uint64_t closed = service->half_close_timeout;

    if (!half)
        return idle;
    if (idle == 0 || closed == 0)
        return idle + closed;
    return idle < closed ? idle : closed;
}

int idle_init(struct worker *worker)
{
    unsigned count = 2 * board_master(worker->board)->layout.services;
    struct idle_queues *queues = calloc(1, sizeof(*queues) + count * sizeof(struct idle_queue));

    if (queues == NULL)
        return -1;
    queues->count = count;
    for (unsigned i = 0; i < count; i++) {
        queues->queue[i].worker = worker;
        queues->queue[i].timer.fn = on_timer;
        list_init(&queues->queue[i].sessions);
    }
    worker->idle = queues;
    idle_change(worker);
    return 0;
}

void idle_fini(struct worker *worker)
{
    free(worker->idle);
    worker->idle = NULL;
}

void idle_queue(struct session *session)
{
    struct idle_queue *queue = queue_of(session);

    list_remove(&session->idle);
    append(queue, session);
    if (!loop_timer_is_set(&queue->timer))
        set_timer(queue);
}

/* Looks that were to come are not put off, unless the timeout is another one. */
static void adopt(struct idle_queue *queue, uint64_t timeout_ms)
{
    struct list all;

    if (queue->timeout_ms == timeout_ms)
        return;
    queue->timeout_ms = timeout_ms;
    list_move(&all, &queue->sessions);
    while (!list_is_empty(&all)) {
        struct session *first = CONTAINER_OF(all.next, struct session, idle);

        list_remove(&first->idle);
        append(queue, first);
    }
    set_timer(queue);
}

/* The sessions of a service that is gone are looked at as before. */
void idle_change(struct worker *worker)
{
    for (unsigned i = 0; i < worker->idle->count; i++) {
        const struct conf_service *service = epoch_service_by_slot(worker->epoch, i / 2);

        if (service != NULL)
            adopt(&worker->idle->queue[i], timeout_of(service, i % 2 == 1));
    }
}
