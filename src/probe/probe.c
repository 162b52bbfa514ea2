#include "probe/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"

#include "base/certificate.h"
#include "probe/probe_ops.h"
#include "probe/session_keep.h"
#include "probe/tls.h"

/* How long the peer may take to close first, after it has been told. */
#define LEAVE_MS 500

/* How long something that is still wanted may take to come before the goodbye. */
#define LINGER_MS 200

/* Reads of what a leaving peer still says, in one turn. */
#define LEAVE_READS 8

struct probe_engine {
    struct loop *loop;
    struct ssl_ctx_st *tls;
    probe_wake_fn *wake;
    void *wake_context;
    struct list waiting; /* PROBE_WAITING, the oldest first */
    struct list running; /* the states between */
    struct list leaving; /* PROBE_LINGERING and PROBE_LEAVING, the oldest first */
    unsigned open;       /* running and leaving together */
};

static void decide_timeout(struct probe *probe)
{
    if (probe->state == PROBE_CONNECTING)
        probe_decide_connect(probe, ETIMEDOUT);
    else if (probe->state == PROBE_SHAKING)
        probe_decide_bad(probe, CHECKED_L6TOUT, "TLS handshake timed out");
    else
        probe->ops->late(probe);
}

/* ---- the end ---- */

static void release_talk(struct probe *probe)
{
    if (probe->talk != NULL)
        probe->ops->release(probe);
    probe->talk = NULL;
}

/* The one death of a probe, in whatever state. The socket resets unless told otherwise. */
static void drop(struct probe *probe)
{
    struct loop *loop = probe->engine->loop;

    list_remove(&probe->place);
    if (probe->state != PROBE_WAITING)
        probe->engine->open--;
    loop_timer_stop(loop, &probe->timer);
    release_talk(probe);
    if (probe->watch.fd != -1) {
        loop_forget(loop, &probe->watch);
        fd_close(&probe->watch.fd);
    }
    probe_session_free(probe->question.session);
    free(probe->certificate);
    free(probe->body);
    free(probe);
}

/* The peer has closed first: an ordinary close leaves nothing behind either, and is silent. */
static void drop_quietly(struct probe *probe)
{
    static const struct linger none = {.l_onoff = 0};

    (void)setsockopt(probe->watch.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    drop(probe);
}

/* Throws away what still comes, until the peer's FIN. */
static void go_on_leaving(struct probe *probe)
{
    char unwanted[4096];

    for (int i = 0; i < LEAVE_READS; i++) {
        ssize_t size = recv(probe->watch.fd, unwanted, sizeof(unwanted), 0);

        if (size > 0)
            continue;
        if (size == 0)
            drop_quietly(probe);
        else if (errno != EAGAIN && errno != EINTR)
            drop(probe);
        return;
    }
}

/* Waits in a state after the result, for so long at most. 0, or -1 when it cannot. */
static int stay(struct probe *probe, enum probe_state state, uint64_t most_ms)
{
    struct loop *loop = probe->engine->loop;

    if (loop_change(loop, &probe->watch, LOOP_READ) == -1)
        return -1;
    list_remove(&probe->place);
    probe->state = state;
    list_append(&probe->engine->leaving, &probe->place);
    loop_timer_set(loop, &probe->timer, mono_ms() + most_ms);
    return 0;
}

static void leave(struct probe *probe)
{
    bool waits = probe->talk != NULL && probe->ops->leave != NULL && probe->ops->leave(probe);

    if (waits && stay(probe, PROBE_LEAVING, LEAVE_MS) == 0)
        release_talk(probe);
    else
        drop(probe);
}

static bool has_to_linger(struct probe *probe)
{
    return probe->result.good && probe->ops->linger != NULL && probe->ops->linger(probe) != 0;
}

static void begin_leaving(struct probe *probe)
{
    if (!has_to_linger(probe) || stay(probe, PROBE_LINGERING, LINGER_MS) == -1)
        leave(probe);
}

static void begin_waiting(struct probe_engine *engine);

/* Tells the result. The socket is given up first, so that there is room for the next question. */
static void finish(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    struct probe_question question = probe->question;
    struct probe_result result = probe->result;
    struct certificate *certificate = probe->certificate;
    char *body = probe->body;

    probe->certificate = NULL;
    probe->body = NULL;
    result.certificate = certificate;
    result.body = body;
    if (!result.good && !result.no_verdict && question.session != NULL)
        probe_session_forget(question.session);
    begin_leaving(probe);
    question.done(question.context, &result);
    free(certificate);
    free(body);
    begin_waiting(engine);
}

/* ---- on the way ---- */

/* TCP may connect a socket to itself when it asks for a port in its own ephemeral range. */
static bool is_self(int fd)
{
    struct sockaddr_storage raw[2] = {{0}};
    socklen_t size[2] = {sizeof(raw[0]), sizeof(raw[1])};
    struct addr ends[2];

    if (getsockname(fd, (struct sockaddr *)&raw[0], &size[0]) == -1 ||
        getpeername(fd, (struct sockaddr *)&raw[1], &size[1]) == -1)
        return false;
    addr_from_sockaddr(&ends[0], &raw[0]);
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
    if (error == 0 && is_self(probe->watch.fd))
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

static void go_on(struct probe *probe)
{
    unsigned events = 0;

    if (probe->state == PROBE_CONNECTING && go_on_connecting(probe) == -1)
        return;
    if (probe->state == PROBE_SHAKING)
        events = probe->ops->shake(probe);
    if (probe->state == PROBE_ANSWERING)
        events = probe->ops->answer(probe);
    if (events != 0 && loop_change(probe->engine->loop, &probe->watch, events) == -1)
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

static void on_event(struct loop_watch *watch, unsigned events)
{
    struct probe *probe = CONTAINER_OF(watch, struct probe, watch);

    (void)events;
    wake(probe->engine);
    if (probe->state == PROBE_LEAVING) {
        go_on_leaving(probe);
        return;
    }
    if (probe->state == PROBE_LINGERING) {
        if (!has_to_linger(probe))
            leave(probe);
        return;
    }
    if (probe->state != PROBE_DECIDED) {
        if (is_late(probe))
            decide_timeout(probe);
        else
            go_on(probe);
    }
    if (probe->state == PROBE_DECIDED)
        finish(probe);
}

static void on_timer(struct loop_timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);

    wake(probe->engine);
    if (probe->state == PROBE_LEAVING) {
        drop(probe);
        return;
    }
    if (probe->state == PROBE_LINGERING) {
        leave(probe);
        return;
    }
    if (probe->state != PROBE_DECIDED && is_late(probe))
        decide_timeout(probe);
    if (probe->state == PROBE_DECIDED)
        finish(probe);
}

/* ---- the beginning ---- */

static int open_socket(const struct probe *probe)
{
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    static const int yes = 1;
    int family = probe->question.address.family == ADDR_IPV6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
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
    if (loop_add(probe->engine->loop, &probe->watch, LOOP_WRITE) == -1)
        return ENOMEM;
    return 0;
}

/* Connects. A result that is known at once is told by the timer, never from here. */
static void begin(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    int error;

    probe->state = PROBE_CONNECTING;
    list_append(&engine->running, &probe->place);
    engine->open++;
    probe->began_us = mono_us();
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

/* Whether one more socket may be opened; one that is only leaving makes room for it. */
static bool has_room(const struct probe_engine *engine)
{
    struct probe *leaving = first_of(&engine->leaving);

    if (engine->open < PROBE_MOST_RUNNING)
        return true;
    if (leaving == NULL)
        return false;
    drop(leaving);
    return true;
}

static void begin_waiting(struct probe_engine *engine)
{
    struct probe *probe;

    while ((probe = first_of(&engine->waiting)) != NULL && has_room(engine)) {
        list_remove(&probe->place);
        begin(probe);
    }
}

static const struct probe_ops *const kinds[] = {
    [PROBE_TCP] = &probe_tcp_ops,
    [PROBE_TLS] = &probe_tls_ops,
    [PROBE_HTTPS] = &probe_http_ops,
    [PROBE_H2] = &probe_h2_ops,
};

struct probe *probe_start(struct probe_engine *engine, const struct probe_question *question)
{
    struct probe *probe = calloc(1, sizeof(*probe));

    if (probe == NULL)
        return NULL;
    probe->engine = engine;
    probe->ops = kinds[question->kind];
    probe->question = *question;
    probe->question.session = session_hold(question->session);
    probe->watch = (struct loop_watch){.fn = on_event, .fd = -1};
    probe->timer.fn = on_timer;
    probe->state = PROBE_WAITING;
    list_append(&engine->waiting, &probe->place);
    begin_waiting(engine);
    return probe;
}

uint64_t probe_began_ms(const struct probe *probe)
{
    return probe->began_us / 1000;
}

uint64_t probe_shook_ms(const struct probe *probe)
{
    return probe->shook_us / 1000;
}

void probe_cancel(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;

    drop(probe);
    begin_waiting(engine);
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
        drop(first_of(list));
}

void probe_engine_free(struct probe_engine *engine)
{
    if (engine == NULL)
        return;
    drop_all(&engine->waiting);
    drop_all(&engine->running);
    drop_all(&engine->leaving);
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
