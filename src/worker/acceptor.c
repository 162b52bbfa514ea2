#include "worker/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "worker/access.h"
#include "worker/fullness.h"
#include "worker/limit.h"
#include "worker/reached.h"
#include "worker/session.h"

/* Accepts per wake-up: few, so that a burst spreads over the workers. */
#define ACCEPTS_PER_WAKEUP 4

/* Accepts after which the listener is added anew. */
#define ACCEPTS_PER_TURN 16

/* So long without a descriptor or memory, unless a session ends earlier. */
#define PAUSE_MS 100

struct acceptor {
    struct acceptors *all;
    struct loop_watch watch; /* fd -1 once closed */
    uint16_t service_slot;
    bool is_watched;
    bool is_open;     /* to everybody: neither `allow` nor `deny` has to be asked */
    unsigned accepts; /* since it was last added */
};

struct acceptors {
    struct worker *worker;
    struct loop_timer resume;
    bool paused;
    struct told pauses;
    struct fullness full;
    struct loop_timer retry; /* for the service that is tried again first */
    struct told denied;
    size_t count;
    struct acceptor acceptor[CONF_MAX_LISTENERS];
};

static void unwatch(struct acceptor *acceptor)
{
    if (acceptor->is_watched)
        loop_remove(acceptor->all->worker->loop, &acceptor->watch);
    acceptor->is_watched = false;
}

/* Watches it, or does not, as it should be now. */
static void look_at(struct acceptor *acceptor)
{
    struct acceptors *all = acceptor->all;

    if (all->paused || fullness_has(&all->full, acceptor->service_slot)) {
        unwatch(acceptor);
        return;
    }
    if (acceptor->is_watched)
        return;
    acceptor->accepts = 0;
    acceptor->is_watched =
        loop_add(all->worker->loop, &acceptor->watch, LOOP_READ | LOOP_EXCLUSIVE) == 0;
    if (!acceptor->is_watched)
        log_error("cannot watch a listener: %s", strerror(errno));
}

static void look_at_all(struct acceptors *all)
{
    for (size_t i = 0; i < all->count; i++)
        look_at(&all->acceptor[i]);
}

static void readd(struct acceptor *acceptor)
{
    unwatch(acceptor);
    look_at(acceptor);
}

/* ---- pausing: never spin on a queue that cannot be served ---- */

/*
 * The kernel has woken this worker alone for a connection that it cannot take. The others look at
 * their listeners when this eventfd is written: a full count of it wakes them as well.
 */
static void wake_others(const struct worker *worker)
{
    const uint64_t one = 1;

    if (write(worker->birth->health_event, &one, sizeof(one)) == -1 && errno != EAGAIN)
        log_debug("the other workers are not woken: %s", strerror(errno));
}

static void say_pause(struct worker *worker, struct told *told, int error, const char *why)
{
    const struct reached reached = {
        .limit = error == ENOMEM || error == ENOBUFS ? "memory" : "descriptors",
        .at = worker->sessions,
        .told = told,
    };

    if (told_is_due(told, loop_now_ms(worker->loop), REACHED_PACE))
        reached_say(&reached, "accepting is paused at %u sessions: %s", (unsigned)reached.at, why);
}

/* `error` is that of accept4(2), or EMFILE where it need not be asked. */
static void pause_and_say(struct acceptors *all, int error, const char *why)
{
    struct worker *worker = all->worker;

    if (all->paused)
        return;
    say_pause(worker, &all->pauses, error, why);
    all->paused = true;
    board_count(&worker->own->accept_pauses, 1);
    look_at_all(all);
    wake_others(worker);
    loop_timer_set(worker->loop, &all->resume, loop_now_ms(worker->loop) + PAUSE_MS);
}

void acceptors_pause(struct worker *worker, const char *why)
{
    pause_and_say(worker->acceptors, EMFILE, why);
}

static void resume_all(struct acceptors *all)
{
    all->paused = false;
    loop_timer_stop(all->worker->loop, &all->resume);
    look_at_all(all);
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

/* ---- full services ---- */

/* No more can be claimed: a worker that went on watching would use up the others' wake-ups. */
static void fill(struct acceptors *all, const struct conf_service *service)
{
    uint64_t until_ms = fullness_add(&all->full, all->worker, service);

    look_at_all(all);
    if (!loop_timer_is_set(&all->retry) || until_ms < all->retry.deadline_ms)
        loop_timer_set(all->worker->loop, &all->retry, until_ms);
}

static void on_retry(struct loop_timer *timer)
{
    struct acceptors *all = CONTAINER_OF(timer, struct acceptors, retry);
    struct loop *loop = all->worker->loop;
    uint64_t next_ms = fullness_expire(&all->full, loop_now_ms(loop));

    look_at_all(all);
    if (next_ms != FULLNESS_NEVER)
        loop_timer_set(loop, timer, next_ms);
}

void acceptors_resume(struct worker *worker, unsigned service_slot)
{
    struct acceptors *all = worker->acceptors;

    if (fullness_remove(&all->full, service_slot))
        look_at_all(all);
    if (all->paused && has_room(worker))
        resume_all(all);
}

void acceptors_readd(struct worker *worker)
{
    for (size_t i = 0; i < worker->acceptors->count; i++)
        readd(&worker->acceptors->acceptor[i]);
}

/* ---- accepting ---- */

/* What an error of accept4(2) means: go on with the next, wait for an event, or pause. */
static bool is_about_one_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM;
}

/* A claim has been made for it. */
static void begin(struct acceptor *acceptor, int fd, const struct addr *client,
                  const struct conf_service *service)
{
    struct worker *worker = acceptor->all->worker;

    if (acceptor->is_open || access_allows(worker, service, client)) {
        session_begin(worker, fd, client, service);
        return;
    }
    /* Numbers first: the client may look at them as soon as it is turned away. */
    access_note_denied(worker, service, client, &acceptor->all->denied);
    session_refuse(fd);
    limit_release(worker, service->slot);
}

/* Takes one connection. Returns whether there may be more to take now. */
static bool accept_one(struct acceptor *acceptor)
{
    struct worker *worker = acceptor->all->worker;
    const struct conf_service *service =
        epoch_service_by_slot(worker->epoch, acceptor->service_slot);
    struct sockaddr_storage from;
    socklen_t length = sizeof(from);
    struct addr client;
    int fd;

    if (!has_room(worker)) {
        pause_and_say(acceptor->all, EMFILE, "no descriptors are left for more");
        return false;
    }
    if (!limit_claim(worker, service)) {
        fill(acceptor->all, service);
        return false;
    }
    fd = accept4(acceptor->watch.fd, (struct sockaddr *)&from, &length,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
        int error = errno;

        limit_release(worker, service->slot);
        if (error != EAGAIN && !is_about_one_connection(error))
            pause_and_say(acceptor->all, error, strerror(error));
        return error != EAGAIN && !acceptor->all->paused;
    }
    board_count(&worker->own->accepted, 1);
    acceptor->accepts++;
    addr_from_sockaddr(&client, &from);
    begin(acceptor, fd, &client, service);
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
    if (acceptor->accepts >= ACCEPTS_PER_TURN)
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
        .is_open = access_is_open(service),
    };
    look_at(acceptor);
}

int acceptors_init(struct worker *worker)
{
    worker->acceptors = calloc(1, sizeof(*worker->acceptors));
    if (worker->acceptors == NULL)
        return -1;
    worker->acceptors->worker = worker;
    worker->acceptors->resume.fn = on_resume;
    worker->acceptors->retry.fn = on_retry;
    return 0;
}

void acceptors_stop(struct worker *worker)
{
    struct acceptors *all = worker->acceptors;

    for (size_t i = 0; i < all->count; i++)
        unwatch(&all->acceptor[i]);
    (void)fullness_expire(&all->full, FULLNESS_NEVER);
    loop_timer_stop(worker->loop, &all->resume);
    loop_timer_stop(worker->loop, &all->retry);
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
