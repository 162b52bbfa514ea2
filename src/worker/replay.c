#include "worker/replay.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "worker/budget.h"
#include "worker/conn_log.h"
#include "worker/connect.h"
#include "worker/hello.h"
#include "worker/reached.h"
#include "worker/replay_rate.h"
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
    uint32_t room;     /* at `bytes` */
    uint32_t expected; /* as hello_look() last said */
    uint8_t bytes[];
};

/* What is known of a service, by slot. */
struct replay_queue {
    struct worker *worker;
    struct list waiting; /* the earliest deadline first: the timeout is one */
    struct loop_timer timer;
    struct replay_rate rate;
};

struct replays {
    struct budget_memory memory;
    struct told told; /* what the log says of hellos that did not fit into it */
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

/*
 * Room for all that is expected, unless that is much more than what has come: a few bytes that
 * promise a long hello take little of what others need.
 */
static size_t enough_room(size_t size, size_t expected)
{
    size_t most = 2 * size + ROOM_AHEAD;

    if (expected > most)
        return most;
    return expected > size ? expected : size;
}

static void say_full(const struct session *session)
{
    struct replays *replays = session->worker->replays;
    const struct conf_service *service = service_of(session);
    const struct reached reached = {.limit = "hellos",
                                    .service = service != NULL ? service->name : NULL,
                                    .at = replays->memory.most,
                                    .told = &replays->told};

    if (told_is_due(&replays->told, now_ms(session), REACHED_PACE))
        reached_say(&reached, "%zu bytes of hellos wait for their answers: more are not kept",
                    replays->memory.most);
}

/* Makes room for so many bytes in all. False: there is no memory, or none for this. */
static bool make_room(struct session *session, size_t room)
{
    struct budget_memory *memory = &session->worker->replays->memory;
    struct replay *before = session->replay;
    size_t more = before == NULL ? sizeof(*before) + room : room - before->room;
    struct replay *replay;

    if (!budget_take(memory, more)) {
        say_full(session);
        return false;
    }
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

/* Begins to keep, where these first bytes may be those of a hello. */
static bool begin(struct session *session, const char *bytes, size_t size)
{
    size_t expected;

    return hello_look((const uint8_t *)bytes, size, &expected) != HELLO_NONE &&
           make_room(session, enough_room(size, expected));
}

static bool append(struct session *session, const char *bytes, size_t size)
{
    size_t all = session->replay->size + size;
    struct replay *replay;

    if (all > HELLO_MOST)
        return false;
    if (all > session->replay->room &&
        !make_room(session, enough_room(all, session->replay->expected)))
        return false;
    replay = session->replay;
    memcpy(replay->bytes + replay->size, bytes, size);
    replay->size = (uint32_t)all;
    return true;
}

/* Looks at all that is kept. */
static bool is_still_hello(struct replay *replay)
{
    size_t expected = 0;
    enum hello_verdict verdict = hello_look(replay->bytes, replay->size, &expected);

    replay->expected = (uint32_t)expected;
    replay->is_whole = verdict == HELLO_WHOLE;
    return verdict != HELLO_NONE;
}

/*
 * Keeps what has been gathered from the client. False when it is no hello, or none that can be
 * kept: nothing will be replayed then.
 */
static bool keep(struct session *session)
{
    const char *bytes = session->in.bytes + session->in.offset;
    size_t size = session->in.pending;

    if (session->replay == NULL && !begin(session, bytes, size))
        return false;
    if (session->replay->is_whole)
        return false;
    return append(session, bytes, size) && is_still_hello(session->replay);
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
 * is none, when replays are too many by now, or when the answer has just come. A kind of NONE:
 * nobody has to be told.
 */
static bool go_elsewhere(struct session *session, enum board_evidence_kind kind)
{
    int other = connect_find_other(session);

    if (other == -1)
        return false;
    if (!replay_rate_take(&queue_of(session)->rate)) {
        connect_abandon(session);
        return false;
    }
    if (has_bytes(&session->backend)) {
        replay_rate_give_back(&queue_of(session)->rate);
        connect_abandon(session);
        session->backend.readable = true;
        session_wake(session);
        return false;
    }
    if (session->replay != NULL && kind != BOARD_EVIDENCE_NONE)
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

bool replay_leave(struct session *session)
{
    const struct conf_service *service = service_of(session);

    return session->in.is_watched && is_unanswered(session) && !session->out.ended &&
           session->out.error == 0 && service != NULL && service->hello_timeout > 0 &&
           go_elsewhere(session, BOARD_EVIDENCE_NONE);
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
        replays->queue[i].rate = (struct replay_rate){.worker = worker, .service_slot = i};
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
    replay_rate_note_session(&queue_of(session)->rate);
    session->in.is_watched = session->out.is_watched = true;
}

void replay_heartbeat(struct worker *worker)
{
    for (unsigned i = 0; i < worker->replays->count; i++) {
        struct replay_rate *rate = &worker->replays->queue[i].rate;

        if (rate->sessions.sum > 0 || rate->replays.sum > 0)
            replay_rate_refresh(rate);
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
