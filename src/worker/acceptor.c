#include "worker/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "worker/session.h"

/* Accepts per wake-up: few, so that a burst spreads over the workers. */
#define ACCEPTS_PER_WAKEUP 4

/* Accepts after which the listener is added anew. */
#define ACCEPTS_PER_TURN 16

/* So long without a descriptor or memory, unless a session ends earlier. */
#define PAUSE_MS 100

/* One log line about that in so long a time. */
#define PAUSE_LOG_MS 1000

struct acceptor {
    struct acceptors *all;
    struct loop_watch watch; /* fd -1 once closed */
    uint16_t service_slot;
    unsigned accepts; /* since it was last added */
};

struct acceptors {
    struct worker *worker;
    struct loop_timer resume;
    bool paused;
    uint64_t logged_ms;
    size_t count;
    struct acceptor acceptor[CONF_MAX_LISTENERS];
};

static void listen_on(struct acceptor *acceptor)
{
    struct worker *worker = acceptor->all->worker;

    acceptor->accepts = 0;
    if (loop_add(worker->loop, &acceptor->watch, LOOP_READ | LOOP_EXCLUSIVE) == -1)
        log_error("cannot watch a listener: %s", strerror(errno));
}

static void readd(struct acceptor *acceptor)
{
    loop_remove(acceptor->all->worker->loop, &acceptor->watch);
    listen_on(acceptor);
}

/* ---- pausing: never spin on a queue that cannot be served ---- */

static void pause_all(struct acceptors *all)
{
    struct worker *worker = all->worker;

    if (all->paused)
        return;
    all->paused = true;
    board_count(&worker->own->accept_pauses, 1);
    for (size_t i = 0; i < all->count; i++)
        loop_remove(worker->loop, &all->acceptor[i].watch);
    loop_timer_set(worker->loop, &all->resume, loop_now_ms(worker->loop) + PAUSE_MS);
}

static void pause_and_say(struct acceptors *all, const char *why)
{
    uint64_t now = loop_now_ms(all->worker->loop);

    if (!all->paused && now - all->logged_ms >= PAUSE_LOG_MS) {
        log_warning("accepting is paused at %u sessions: %s", (unsigned)all->worker->sessions, why);
        all->logged_ms = now;
    }
    pause_all(all);
}

void acceptors_pause(struct worker *worker, const char *why)
{
    pause_and_say(worker->acceptors, why);
}

static void resume_all(struct acceptors *all)
{
    all->paused = false;
    loop_timer_stop(all->worker->loop, &all->resume);
    for (size_t i = 0; i < all->count; i++)
        listen_on(&all->acceptor[i]);
}

static bool has_room(const struct worker *worker)
{
    return worker->sessions < worker->sessions_most;
}

static void on_resume(struct loop_timer *timer)
{
    struct acceptors *all = CONTAINER_OF(timer, struct acceptors, resume);

    if (has_room(all->worker))
        resume_all(all);
    else
        loop_timer_set(all->worker->loop, timer, loop_now_ms(all->worker->loop) + PAUSE_MS);
}

void acceptors_resume(struct worker *worker)
{
    struct acceptors *all = worker->acceptors;

    if (all->paused && has_room(worker))
        resume_all(all);
}

void acceptors_readd(struct worker *worker)
{
    struct acceptors *all = worker->acceptors;

    if (all->paused)
        return;
    for (size_t i = 0; i < all->count; i++)
        readd(&all->acceptor[i]);
}

/* ---- accepting ---- */

/* What an error of accept4(2) means: go on with the next, wait for an event, or pause. */
static bool is_about_one_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM;
}

/* Takes one connection. Returns whether there may be more to take now. */
static bool accept_one(struct acceptor *acceptor)
{
    struct worker *worker = acceptor->all->worker;
    const struct conf_service *service;
    struct sockaddr_storage from;
    socklen_t length = sizeof(from);
    struct addr client;
    int fd;

    if (!has_room(worker)) {
        pause_and_say(acceptor->all, "no descriptors are left for more");
        return false;
    }
    fd = accept4(acceptor->watch.fd, (struct sockaddr *)&from, &length,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
        if (errno != EAGAIN && !is_about_one_connection(errno))
            pause_and_say(acceptor->all, strerror(errno));
        return errno != EAGAIN && !acceptor->all->paused;
    }
    service = epoch_service_by_slot(worker->epoch, acceptor->service_slot);
    board_count(&worker->own->accepted, 1);
    acceptor->accepts++;
    addr_from_sockaddr(&client, &from);
    session_begin(worker, fd, &client, service);
    return true;
}

static void on_acceptable(struct loop_watch *watch, unsigned events)
{
    struct acceptor *acceptor = CONTAINER_OF(watch, struct acceptor, watch);

    (void)events;
    for (int i = 0; i < ACCEPTS_PER_WAKEUP; i++) {
        if (!accept_one(acceptor))
            break;
    }
    if (acceptor->accepts >= ACCEPTS_PER_TURN && !acceptor->all->paused)
        readd(acceptor);
}

/* ---- which sockets ---- */

static void add(struct acceptors *all, const struct conf_listener *listener, int fd)
{
    const struct conf_service *service = epoch_service(all->worker->epoch, listener->owner);
    struct acceptor *acceptor = &all->acceptor[all->count++];

    *acceptor = (struct acceptor){
        .all = all,
        .watch = {.fn = on_acceptable, .fd = fd},
        .service_slot = service->slot,
    };
    listen_on(acceptor);
}

int acceptors_init(struct worker *worker)
{
    worker->acceptors = calloc(1, sizeof(*worker->acceptors));
    if (worker->acceptors == NULL)
        return -1;
    worker->acceptors->worker = worker;
    worker->acceptors->resume.fn = on_resume;
    return 0;
}

void acceptors_stop(struct worker *worker)
{
    struct acceptors *all = worker->acceptors;

    if (!all->paused) {
        for (size_t i = 0; i < all->count; i++)
            loop_remove(worker->loop, &all->acceptor[i].watch);
    }
    loop_timer_stop(worker->loop, &all->resume);
    all->paused = false;
    all->count = 0;
}

void acceptors_set(struct worker *worker)
{
    const int *listeners = role_listeners(worker->life);

    acceptors_stop(worker);
    for (unsigned i = 0; i < worker->epoch->listener_count; i++) {
        if (listeners[i] != -1)
            add(worker->acceptors, epoch_listener(worker->epoch, i), listeners[i]);
    }
}

void acceptors_fini(struct worker *worker)
{
    if (worker->acceptors != NULL && worker->loop != NULL)
        acceptors_stop(worker);
    free(worker->acceptors);
    worker->acceptors = NULL;
}
