#include "probe/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mono.h"

#include "probe/probe_ops.h"
#include "probe/session_keep.h"
#include "probe/tls.h"

static void decide_timeout(struct probe *probe)
{
    if (probe->state == PROBE_CONNECTING)
        probe_decide_connect(probe, ETIMEDOUT);
    else if (probe->state == PROBE_SHAKING)
        probe_decide_bad(probe, CHECKED_L6TOUT, "TLS handshake timed out");
    else
        probe->ops->late(probe);
}

/* ---- on the way ---- */

/* TCP may connect a socket to itself when it asks for a port in its own ephemeral range. */
static bool is_self(int fd, const struct addr *to)
{
    struct sockaddr_storage raw[2] = {{0}};
    socklen_t size[2] = {sizeof(raw[0]), sizeof(raw[1])};
    struct addr ends[2];

    if (getsockname(fd, (struct sockaddr *)&raw[0], &size[0]) == -1)
        return false;
    addr_from_sockaddr(&ends[0], &raw[0]);
    if (ends[0].port != to->port || getpeername(fd, (struct sockaddr *)&raw[1], &size[1]) == -1)
        return false;
    addr_from_sockaddr(&ends[1], &raw[1]);
    return addr_equal(&ends[0], &ends[1]);
}

/* At least 1: 0 says that it was not reached. */
static uint32_t since_beginning(const struct probe *probe)
{
    uint64_t us = mono_us() - probe->began_us;

    return us > 0 ? (uint32_t)us : 1;
}

/* The socket became writable, or failed: 0 when the connection stands, else it has decided. */
static int go_on_connecting(struct probe *probe)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(probe->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
        error = errno;
    if (error == 0 && is_self(probe->watch.fd, &probe->question.address))
        error = ECONNREFUSED; /* nobody else listens there */
    if (error != 0) {
        probe_decide_connect(probe, error);
        return -1;
    }
    probe->result.connected_us = since_beginning(probe);
    if (probe->ops->open != NULL && probe->ops->open(probe, probe->engine->tls) == -1) {
        probe_decide_nothing(probe, errno);
        return -1;
    }
    probe->state = PROBE_SHAKING;
    return 0;
}

void probe_shook(struct probe *probe)
{
    probe->shook_us = mono_us();
    probe->result.shook_us = since_beginning(probe);
    probe->state = PROBE_ANSWERING;
    probe->deadline_ms = probe->shook_us / 1000 + probe->question.answer_timeout_ms;
    loop_timer_set(probe->engine->loop, &probe->timer, probe->deadline_ms);
}

int probe_watch(struct probe *probe, unsigned events)
{
    if (probe->events == events)
        return 0;
    probe->events = events;
    return loop_change(probe->engine->loop, &probe->watch, events);
}

static void go_on(struct probe *probe)
{
    unsigned events = 0;

    if (probe->state == PROBE_CONNECTING && go_on_connecting(probe) == -1)
        return;
    if (probe->state == PROBE_SHAKING)
        events = probe->ops->shake(probe);
    if (probe->state == PROBE_ANSWERING)
        events = probe->ops->answer(probe);
    if (events != 0 && probe_watch(probe, events) == -1)
        probe_decide_nothing(probe, errno);
}

static bool is_late(const struct probe *probe)
{
    return loop_now_ms(probe->engine->loop) >= probe->deadline_ms;
}

static void wake(const struct probe_engine *engine)
{
    if (engine->wake != NULL)
        engine->wake(engine->wake_context);
}

/*
 * Whether what was decided over a kept connection says nothing about the backend: there is no
 * answer, or just that the connection was idle for too long (RFC 9110, 15.5.9), which may have been
 * on its way when the question was sent.
 */
static bool is_void(const struct probe *probe)
{
    const struct probe_result *result = &probe->result;

    return probe->is_kept && !result->good && !result->no_verdict &&
           (result->status == 0 || result->status == 408);
}

static void begin_afresh(struct probe *probe);

/* Tells what was decided, if anything. */
static void settle(struct probe *probe)
{
    if (probe->state != PROBE_DECIDED)
        return;
    if (is_void(probe))
        begin_afresh(probe);
    else
        ending_finish(probe);
}

static bool is_told(const struct probe *probe)
{
    return probe->state > PROBE_DECIDED;
}

static void on_event(struct loop_watch *watch, unsigned events)
{
    struct probe *probe = CONTAINER_OF(watch, struct probe, watch);

    (void)events;
    wake(probe->engine);
    if (is_told(probe)) {
        ending_go_on(probe);
        return;
    }
    if (probe->state != PROBE_DECIDED && is_late(probe))
        decide_timeout(probe);
    else if (probe->state != PROBE_DECIDED)
        go_on(probe);
    settle(probe);
}

static void on_timer(struct loop_timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);

    wake(probe->engine);
    if (is_told(probe)) {
        ending_time_out(probe);
        return;
    }
    if (probe->state != PROBE_DECIDED && is_late(probe))
        decide_timeout(probe);
    settle(probe);
}

/* ---- the beginning ---- */

static int open_socket(const struct probe *probe)
{
    static const int yes = 1;
    int family = probe->question.address.family == ADDR_IPV6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

/* 0, or an errno. A connection that stands at once is reported by the loop like any other. */
static int try_connect(struct probe *probe)
{
    struct sockaddr_storage to;
    socklen_t size = addr_to_sockaddr(&probe->question.address, &to);

    probe->watch.fd = open_socket(probe);
    if (probe->watch.fd == -1)
        return errno;
    if (connect(probe->watch.fd, (const struct sockaddr *)&to, size) == -1 &&
        errno != EINPROGRESS && errno != EINTR)
        return errno;
    probe->events = LOOP_WRITE;
    if (loop_add(probe->engine->loop, &probe->watch, LOOP_WRITE) == -1)
        return ENOMEM;
    return 0;
}

/* Connects. A result that is known at once is told by the timer, never from here. */
static void begin_connecting(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    int error;

    probe->state = PROBE_CONNECTING;
    probe->asked = 1;
    list_append(&engine->running, &probe->place);
    engine->open++;
    probe->deadline_ms = probe->began_us / 1000 + probe->question.connect_timeout_ms;
    loop_timer_set(engine->loop, &probe->timer, probe->deadline_ms);
    error = try_connect(probe);
    if (error == 0)
        return;
    probe_decide_connect(probe, error);
    loop_timer_set(engine->loop, &probe->timer, 0);
}

static struct probe *first_of(const struct list *list)
{
    return list_is_empty(list) ? NULL : CONTAINER_OF(list->next, struct probe, place);
}

void probe_begin_waiting(struct probe_engine *engine)
{
    struct probe *probe;

    while ((probe = first_of(&engine->waiting)) != NULL && ending_makes_room(engine)) {
        list_remove(&probe->place);
        probe->began_us = mono_us();
        begin_connecting(probe);
    }
}

/*
 * The same probe goes on over a connection of its own. How long the backend has kept it waiting
 * still counts from its beginning, unless it has to wait for room first.
 */
static void begin_afresh(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;

    session_stop_keeping(probe->question.session);
    ending_cut(probe);
    list_remove(&probe->place);
    loop_timer_stop(engine->loop, &probe->timer);
    probe->result = (struct probe_result){0};
    probe->most_asked = 0;
    probe->was_kept = ending_makes_room(engine);
    if (probe->was_kept) {
        begin_connecting(probe);
        return;
    }
    probe->state = PROBE_WAITING;
    probe->began_us = 0;
    list_append(&engine->waiting, &probe->place);
}

/* ---- over a kept connection ---- */

/* The session's open connection, if it is good for this question; else that is given up. */
static struct probe *take_kept(const struct probe_question *question, const struct probe_ops *ops)
{
    struct probe *kept = session_kept(question->session);

    if (kept == NULL)
        return NULL;
    if (question->kept_timeout_ms > 0 && kept->ops == ops &&
        addr_equal(&kept->question.address, &question->address) && ops->fits(kept, question)) {
        session_take_back(question->session);
        return kept;
    }
    ending_give_up(kept);
    return NULL;
}

/* What has kept the connection is its next probe: nothing has to be moved. */
static void ask_again(struct probe *probe, const struct probe_question *question)
{
    struct probe_engine *engine = probe->engine;

    probe->question = *question;
    probe->result = (struct probe_result){.kept = true};
    probe->was_kept = false;
    probe->asked++;
    probe->began_us = mono_us();
    probe->shook_us = 0;
    probe->deadline_ms = probe->began_us / 1000 + question->kept_timeout_ms;
    probe->state = PROBE_ANSWERING;
    list_remove(&probe->place);
    list_append(&engine->running, &probe->place);
    loop_timer_set(engine->loop, &probe->timer, probe->deadline_ms);
    go_on(probe);
    if (probe->state == PROBE_DECIDED)
        loop_timer_set(engine->loop, &probe->timer, 0);
}

/* ---- questions ---- */

static const struct probe_ops *const kinds[] = {
    [PROBE_TCP] = &probe_tcp_ops,
    [PROBE_TLS] = &probe_tls_ops,
    [PROBE_HTTPS] = &probe_http_ops,
    [PROBE_H2] = &probe_h2_ops,
};

struct probe *probe_start(struct probe_engine *engine, const struct probe_question *question)
{
    const struct probe_ops *ops = kinds[question->kind];
    struct probe *probe = take_kept(question, ops);

    if (probe != NULL) {
        ask_again(probe, question);
        return probe;
    }
    probe = calloc(1, sizeof(*probe));
    if (probe == NULL)
        return NULL;
    probe->engine = engine;
    probe->ops = ops;
    probe->question = *question;
    probe->question.session = session_hold(question->session);
    probe->watch = (struct loop_watch){.fn = on_event, .fd = -1};
    probe->timer.fn = on_timer;
    probe->state = PROBE_WAITING;
    list_append(&engine->waiting, &probe->place);
    probe_begin_waiting(engine);
    return probe;
}

uint64_t probe_began_ms(const struct probe *probe)
{
    return probe->began_us / 1000;
}

uint64_t probe_shook_ms(const struct probe *probe)
{
    if (probe->shook_us == 0)
        return 0;
    return (probe->was_kept ? probe->began_us : probe->shook_us) / 1000;
}

void probe_cancel(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;

    ending_drop(probe);
    probe_begin_waiting(engine);
}

/* ---- the engine ---- */

struct probe_engine *probe_engine_new(struct loop *loop)
{
    struct probe_engine *engine = calloc(1, sizeof(*engine));

    if (engine == NULL) {
        log_error("cannot make probes: out of memory");
        return NULL;
    }
    engine->loop = loop;
    list_init(&engine->waiting);
    list_init(&engine->running);
    list_init(&engine->leaving);
    list_init(&engine->kept);
    engine->tls = tls_context_new();
    if (engine->tls == NULL) {
        free(engine);
        return NULL;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    return engine;
}

void probe_engine_on_wake(struct probe_engine *engine, probe_wake_fn *fn, void *context)
{
    engine->wake = fn;
    engine->wake_context = context;
}

static void drop_all(const struct list *list)
{
    while (!list_is_empty(list))
        ending_drop(first_of(list));
}

void probe_engine_free(struct probe_engine *engine)
{
    if (engine == NULL)
        return;
    drop_all(&engine->waiting);
    drop_all(&engine->running);
    drop_all(&engine->leaving);
    drop_all(&engine->kept);
    tls_context_free(engine->tls);
    free(engine);
}

void probe_engine_shift(struct probe_engine *engine, uint64_t gap_ms)
{
    const struct list *running = &engine->running;

    for (struct list *at = running->next; at != running; at = at->next) {
        struct probe *probe = CONTAINER_OF(at, struct probe, place);

        probe->began_us += gap_ms * 1000;
        if (probe->shook_us != 0)
            probe->shook_us += gap_ms * 1000;
        probe->deadline_ms += gap_ms;
        if (probe->state != PROBE_DECIDED)
            loop_timer_set(engine->loop, &probe->timer, probe->deadline_ms);
    }
}
