#include "worker/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "worker/budget.h"
#include "worker/conn_log.h"
#include "worker/connect.h"
#include "worker/hello.h"
#include "worker/suspicion.h"

/* All hellos that a worker keeps at once. */
#define MEMORY_MOST (4 * 1024 * 1024)

/* Bytes that are made room for before they come, whatever has come. */
#define ROOM_AHEAD 2048

/* What a client has sent so far, and this session's place among those that wait for an answer. */
struct replay {
    struct session *session;
    struct list waiting; /* link in its service's queue, once the hello is whole */
    uint64_t deadline_ms;
    bool is_whole;
    bool is_due; /* the deadline has passed in this turn */
    uint32_t size;
    uint32_t room; /* at `bytes` */
    uint8_t bytes[];
};

/* What is known of a service, by slot. */
struct replay_queue {
    struct worker *worker;
    struct list waiting; /* the earliest deadline first: the timeout is one */
    struct loop_timer timer;
    struct recent sessions;
    struct recent replays;
};

struct replays {
    struct budget_memory memory;
    unsigned count;
    struct replay_queue queue[];
};

static const struct conf_service *service_of(const struct session *session)
{
    return epoch_service_by_slot(session->worker->epoch, session->service_slot);
}

static struct replay_queue *queue_of(const struct session *session)
{
    return &session->worker->replays->queue[session->service_slot];
}

static struct board_service_counters *counters_of(const struct replay_queue *queue)
{
    unsigned slot = (unsigned)(queue - queue->worker->replays->queue);

    return board_my_service_counters(queue->worker->board, slot);
}

static uint64_t now_ms(const struct session *session)
{
    return loop_now_ms(session->worker->loop);
}

/* ---- waiting for an answer ---- */

static void watch_first(struct replay_queue *queue)
{
    if (list_is_empty(&queue->waiting))
        return;
    loop_timer_set(queue->worker->loop, &queue->timer,
                   CONTAINER_OF(queue->waiting.next, struct replay, waiting)->deadline_ms);
}

/* From now on the whole hello waits for its answer; again after it was looked at. */
static void start_clock(struct replay *replay, const struct conf_service *service)
{
    struct replay_queue *queue = queue_of(replay->session);

    replay->is_due = false;
    replay->deadline_ms = now_ms(replay->session) + service->hello_timeout;
    list_remove(&replay->waiting);
    list_append(&queue->waiting, &replay->waiting);
    if (!loop_timer_is_set(&queue->timer))
        watch_first(queue);
}

/*
 * Nothing is decided here: what has come meanwhile is gathered later in this turn, and decides.
 */
static void on_timer(struct loop_timer *timer)
{
    struct replay_queue *queue = CONTAINER_OF(timer, struct replay_queue, timer);
    uint64_t now = loop_now_ms(queue->worker->loop);

    while (!list_is_empty(&queue->waiting)) {
        struct replay *first = CONTAINER_OF(queue->waiting.next, struct replay, waiting);

        if (first->deadline_ms > now)
            break;
        list_remove(&first->waiting);
        first->is_due = true;
        session_wake(first->session);
    }
    watch_first(queue);
}

/* ---- keeping ---- */

static void forget(struct replay *replay)
{
    budget_give_back(&replay->session->worker->replays->memory, sizeof(*replay) + replay->room);
    list_remove(&replay->waiting);
    replay->session->replay = NULL;
}

void replay_end(struct session *session)
{
    struct replay *replay = session->replay;

    session->in.is_watched = session->out.is_watched = false;
    if (replay == NULL)
        return;
    forget(replay);
    free(replay);
}

/* Makes room for so many bytes in all. False: there is no memory, or it may not be used for this.
 */
static bool make_room(struct session *session, size_t room)
{
    struct budget_memory *memory = &session->worker->replays->memory;
    struct replay *before = session->replay;
    size_t more = before == NULL ? sizeof(*before) + room : room - before->room;
    struct replay *replay;

    if (!budget_take(memory, more))
        return false;
    replay = realloc(before, sizeof(*replay) + room);
    if (replay == NULL) {
        budget_give_back(memory, more);
        return false;
    }
    if (before == NULL)
        *replay = (struct replay){.session = session};
    list_init(&replay->waiting); /* a hello that still grows is in no queue */
    replay->room = (uint32_t)room;
    session->replay = replay;
    return true;
}

/* Room for all that is expected, unless that is much more than what has come: a few bytes that
 * promise a long hello take little of what others need. */
static size_t enough_room(size_t size, size_t expected)
{
    size_t most = 2 * size + ROOM_AHEAD;

    if (expected > most)
        return most;
    return expected > size ? expected : size;
}

static bool append(struct session *session, const char *bytes, size_t size, size_t expected)
{
    size_t all = size + (session->replay == NULL ? 0 : session->replay->size);
    struct replay *replay;

    if (session->replay == NULL || all > session->replay->room) {
        if (!make_room(session, enough_room(all, expected)))
            return false;
    }
    replay = session->replay;
    memcpy(replay->bytes + replay->size, bytes, size);
    replay->size = (uint32_t)all;
    return true;
}

/*
 * Keeps what has been gathered from the client. False when it is no hello, or none that can be
 * kept: nothing will be replayed then. What is not whole yet is looked at again with what follows.
 */
static bool keep(struct session *session)
{
    const struct flow *in = &session->in;
    const char *bytes = in->bytes + in->offset;
    size_t expected = 0;

    if (session->replay == NULL) {
        if (hello_look((const uint8_t *)bytes, in->pending, &expected) == HELLO_NONE)
            return false;
    } else if (session->replay->is_whole) {
        return false;
    }
    if (!append(session, bytes, in->pending, expected))
        return false;
    switch (hello_look(session->replay->bytes, session->replay->size, &expected)) {
    case HELLO_NONE:
        return false;
    case HELLO_WHOLE:
        session->replay->is_whole = true;
        break;
    case HELLO_PART:
        break;
    }
    return true;
}

/* ---- how often ---- */

static void publish(_Atomic uint32_t *gauge, uint32_t value)
{
    atomic_store(gauge, value);
}

static void publish_all(struct replay_queue *queue)
{
    struct board_service_counters *counters = counters_of(queue);
    uint64_t now = loop_now_ms(queue->worker->loop);

    publish(&counters->recent_sessions, recent_sum(&queue->sessions, now));
    publish(&counters->recent_replays, recent_sum(&queue->replays, now));
}

/* Whether all workers together have replayed no more than they may. */
static bool is_affordable(const struct session *session)
{
    const struct board *board = session->worker->board;
    unsigned workers = board_master(board)->layout.workers;
    uint64_t sessions = 0;
    uint64_t replays = 0;

    for (unsigned i = 0; i < workers; i++) {
        const struct board_service_counters *counters;

        if (board_worker(board, i) == NULL)
            continue;
        counters = board_worker_service(board, i, session->service_slot);
        sessions += atomic_load(&counters->recent_sessions);
        replays += atomic_load(&counters->recent_replays);
    }
    return replays <= budget_replays(sessions);
}

/*
 * Counts one more replay, unless that is one too many. It is counted before the sum is looked at:
 * of two workers that do so at once at least one sees the other.
 */
static bool take_replay(struct session *session)
{
    struct replay_queue *queue = queue_of(session);
    _Atomic uint32_t *gauge = &counters_of(queue)->recent_replays;

    publish(gauge, recent_add(&queue->replays, now_ms(session)));
    if (is_affordable(session))
        return true;
    publish(gauge, recent_take_back(&queue->replays));
    return false;
}

static void give_replay_back(struct session *session)
{
    struct replay_queue *queue = queue_of(session);

    publish(&counters_of(queue)->recent_replays, recent_take_back(&queue->replays));
}

/* ---- replaying ---- */

/* The last word is the socket's: bytes that have come just now are an answer. */
static bool has_bytes(const struct side *side)
{
    char first;

    return recv(side->watch.fd, &first, sizeof(first), MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The copy becomes what the session sends first. */
static void load_hello(struct session *session)
{
    struct replay *replay = session->replay;

    if (replay == NULL)
        return;
    forget(replay);
    pump_load(&session->in, replay, offsetof(struct replay, bytes), replay->size);
}

/*
 * Leaves the backend for another one that is up and that nothing is known against. False when there
 * is none, when replays are too many by now, or when the answer has just come.
 */
static bool go_elsewhere(struct session *session, enum board_evidence_kind kind)
{
    int other = connect_find_other(session);

    if (other == -1)
        return false;
    if (!take_replay(session)) {
        connect_abandon(session);
        return false;
    }
    if (has_bytes(&session->backend)) {
        give_replay_back(session);
        connect_abandon(session);
        session->backend.readable = true;
        session_wake(session);
        return false;
    }
    if (session->replay != NULL)
        suspicion_unanswered(session->worker, service_of(session), session->backend_slot, kind);
    session_give_up_backend(session, kind == BOARD_EVIDENCE_RESET && !session->out.ended);
    load_hello(session);
    conn_log_replayed(session);
    connect_again(session, (unsigned)other);
    return true;
}

/* The backend has closed, or reset, and has said nothing. One that was asked nothing may close. */
static bool look_gone(struct session *session)
{
    if ((session->replay != NULL || !session->out.ended) &&
        go_elsewhere(session, BOARD_EVIDENCE_RESET))
        return true;
    replay_end(session);
    return false;
}

/* The time is over. As long as nobody else can be asked this one may still answer. */
static bool look_due(struct session *session, const struct conf_service *service)
{
    if (session->in.pending == 0 && go_elsewhere(session, BOARD_EVIDENCE_SILENT))
        return true;
    start_clock(session->replay, service);
    return false;
}

/* Whether both sides have done no more than one of them saying hello. */
static bool is_unanswered(const struct session *session)
{
    return session->out.pending == 0 && !session->in.ended && session->in.error == 0;
}

bool replay_look(struct session *session)
{
    const struct conf_service *service = service_of(session);
    bool has_more = session->in.is_gathered;

    if (service == NULL || service->hello_timeout == 0 || !is_unanswered(session) ||
        (has_more && !keep(session))) {
        replay_end(session);
        return false;
    }
    if (session->out.ended || session->out.error != 0)
        return look_gone(session);
    if (session->replay == NULL)
        return false;
    if (session->replay->is_due)
        return look_due(session, service);
    if (has_more && session->replay->is_whole)
        start_clock(session->replay, service);
    return false;
}

bool replay_look_broken(struct session *session)
{
    if (is_unanswered(session) && service_of(session) != NULL &&
        go_elsewhere(session, BOARD_EVIDENCE_RESET))
        return true;
    replay_end(session);
    return false;
}

/* ---- the worker's life ---- */

int replay_init(struct worker *worker)
{
    unsigned count = board_master(worker->board)->layout.services;
    struct replays *replays = calloc(1, sizeof(*replays) + count * sizeof(struct replay_queue));

    if (replays == NULL)
        return -1;
    replays->memory.most = MEMORY_MOST;
    replays->count = count;
    for (unsigned i = 0; i < count; i++) {
        replays->queue[i].worker = worker;
        replays->queue[i].timer.fn = on_timer;
        list_init(&replays->queue[i].waiting);
    }
    worker->replays = replays;
    return 0;
}

void replay_fini(struct worker *worker)
{
    free(worker->replays);
    worker->replays = NULL;
}

void replay_begin(struct session *session)
{
    struct replay_queue *queue = queue_of(session);
    uint32_t sum = recent_add(&queue->sessions, now_ms(session));

    atomic_store_explicit(&counters_of(queue)->recent_sessions, sum, memory_order_relaxed);
    session->in.is_watched = session->out.is_watched = true;
}

void replay_heartbeat(struct worker *worker)
{
    for (unsigned i = 0; i < worker->replays->count; i++) {
        struct replay_queue *queue = &worker->replays->queue[i];

        if (queue->sessions.sum > 0 || queue->replays.sum > 0)
            publish_all(queue);
    }
}

static void change_queue(struct replay_queue *queue, const struct conf_service *service)
{
    uint64_t latest_ms = loop_now_ms(queue->worker->loop) + service->hello_timeout;

    for (struct list *link = queue->waiting.next; link != &queue->waiting; link = link->next) {
        struct replay *replay = CONTAINER_OF(link, struct replay, waiting);

        if (replay->deadline_ms > latest_ms)
            replay->deadline_ms = latest_ms;
    }
    watch_first(queue);
}

/* No deadline is later than a new one would be: so the queues stay in order. */
void replay_change(struct worker *worker)
{
    for (unsigned i = 0; i < worker->epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(worker->epoch, i);

        change_queue(&worker->replays->queue[service->slot], service);
    }
}
