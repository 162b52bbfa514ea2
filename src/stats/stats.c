#include "stats/stats.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/log.h"
#include "stats/connection_set.h"

/* Accepted in one wake-up; the rest has to wait for a turn of the loop, and for its answers. */
#define ACCEPT_MOST CONNECTION_SET_MAX

/* Bytes of an answer that wait in the kernel, beside those that are under way. */
#define UNSENT_MOST (128 * 1024)

/*
 * Who looks must not slow down whom is looked at: where the processors are all in use, connections
 * come first (nice(2)). The share that is left is enough for what monitors ask.
 */
#define NICENESS 5

/* Without descriptors, memory or whatever else is lacking, accepting is tried again after so long.
 */
#define ACCEPT_PAUSE_MS 100

struct stats_listener {
    struct stats *stats;
    struct loop_watch watch;
};

struct stats {
    const struct role_birth *birth;
    struct role_life *life;
    struct loop *loop;
    struct connection_set *connections;
    struct loop_timer pause;
    bool paused; /* the listeners are not watched: nothing can be accepted just now */
    bool draining;
    bool warned; /* about a pause, until an accept succeeds again */
    size_t listener_count;
    struct stats_listener listeners[CONF_MAX_LISTENERS];
};

/* ---- listening ---- */

static void unwatch(struct stats *stats)
{
    for (size_t i = 0; i < stats->listener_count; i++)
        loop_remove(stats->loop, &stats->listeners[i].watch);
}

static int watch(struct stats *stats)
{
    for (size_t i = 0; i < stats->listener_count; i++) {
        if (loop_add(stats->loop, &stats->listeners[i].watch, LOOP_READ) == -1) {
            log_error("cannot watch a listening socket: %s", strerror(errno));
            return -1;
        }
    }
    return 0;
}

static void pause_accepting(struct stats *stats, int error)
{
    if (!stats->warned)
        log_warning("cannot accept: %s; trying again every %d ms", strerror(error),
                    ACCEPT_PAUSE_MS);
    stats->warned = true;
    stats->paused = true;
    unwatch(stats);
    loop_timer_set(stats->loop, &stats->pause, loop_now_ms(stats->loop) + ACCEPT_PAUSE_MS);
}

static void on_pause_over(struct loop_timer *timer)
{
    struct stats *stats = CONTAINER_OF(timer, struct stats, pause);

    stats->paused = false;
    if (watch(stats) == -1)
        pause_accepting(stats, errno);
}

/*
 * Errors of the one connection that was to be accepted, which is out of the queue then (accept(2)),
 * and none at all. Whatever else there is may last, and must not be tried in a circle.
 */
static bool is_passing(int error)
{
    static const int passing[] = {EAGAIN, EINTR,        ECONNABORTED, EPROTO,
                                  EPERM,  ENETDOWN,     ENOPROTOOPT,  EHOSTDOWN,
                                  ENONET, EHOSTUNREACH, EOPNOTSUPP,   ENETUNREACH};

    for (size_t i = 0; i < ARRAY_LEN(passing); i++) {
        if (error == passing[i])
            return true;
    }
    return false;
}

/* Takes one connection; false when there is none, or none can be had. */
static bool accept_one(struct stats *stats, int listener)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    struct addr client;
    int fd = accept4(listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd == -1) {
        if (!is_passing(errno))
            pause_accepting(stats, errno);
        return false;
    }
    stats->warned = false;
    addr_from_sockaddr(&client, &from);
    connection_set_add(stats->connections, fd, &client);
    return true;
}

static void on_listener(struct loop_watch *listener, unsigned events)
{
    struct stats *stats = CONTAINER_OF(listener, struct stats_listener, watch)->stats;

    (void)events;
    for (int i = 0; i < ACCEPT_MOST; i++) {
        if (!accept_one(stats, listener->fd))
            return;
    }
}

/* ---- the role ---- */

/*
 * Who does not read an answer is not to have all of it in the kernel's memory: accepted sockets
 * inherit this. Where it cannot be had, nothing else is worse.
 */
static void bound_unsent(int listener)
{
    int most = UNSENT_MOST;

    (void)setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
}

/* Those of the epoch in force; one that this host cannot have is -1 there. */
static void gather_listeners(struct stats *stats)
{
    const struct epoch *epoch = role_epoch(stats->life);
    const int *fds = role_listeners(stats->life);

    stats->listener_count = 0;
    for (unsigned i = 0; i < epoch->listener_count; i++) {
        struct stats_listener *listener = &stats->listeners[stats->listener_count];

        if (fds[i] == -1)
            continue;
        bound_unsent(fds[i]);
        listener->stats = stats;
        listener->watch = (struct loop_watch){.fn = on_listener, .fd = fds[i]};
        stats->listener_count++;
    }
}

static void *stats_prepare(const struct role_birth *birth)
{
    struct stats *stats = calloc(1, sizeof(*stats));

    if (stats == NULL) {
        log_error("not enough memory");
        return NULL;
    }
    stats->birth = birth;
    stats->pause.fn = on_pause_over;
    return stats;
}

static void on_idle(void *context)
{
    struct stats *stats = context;

    if (stats->draining)
        role_finish(stats->life);
}

static int stats_start(void *state, struct role_life *life)
{
    struct stats *stats = state;
    struct round_sources sources = {.board = stats->birth->board, .epoch = stats->birth->epoch};

    stats->life = life;
    stats->loop = role_loop(life);
    stats->connections = connection_set_new(stats->loop, &sources, on_idle, stats);
    if (stats->connections == NULL) {
        log_error("not enough memory");
        return -1;
    }
    gather_listeners(stats);
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    return watch(stats);
}

/* Connections in hand are answered by the rules that let them in. */
static void stats_change(void *state, const struct role_change *change)
{
    struct stats *stats = state;

    connection_set_change(stats->connections, change->after);
    if (stats->draining)
        return;
    if (!stats->paused)
        unwatch(stats);
    gather_listeners(stats);
    if (!stats->paused && watch(stats) == -1)
        pause_accepting(stats, errno);
}

static void stats_heartbeat(void *state)
{
    (void)state; /* this process has no place on the board to show life in */
}

static void stats_drain(void *state)
{
    struct stats *stats = state;

    if (stats->draining)
        return;
    stats->draining = true;
    if (!stats->paused)
        unwatch(stats);
    loop_timer_stop(stats->loop, &stats->pause);
    if (connection_set_count(stats->connections) == 0)
        role_finish(stats->life);
}

static void stats_stop(void *state)
{
    struct stats *stats = state;

    connection_set_free(stats->connections);
    free(stats);
}

const struct role_ops stats_ops = {
    .prepare = stats_prepare,
    .start = stats_start,
    .heartbeat = stats_heartbeat,
    .change = stats_change,
    .drain = stats_drain,
    .stop = stats_stop,
};
