#include "worker/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "channel/channel.h"
#include "worker/acceptor.h"
#include "worker/closing.h"
#include "worker/connect.h"
#include "worker/dead_peer.h"
#include "worker/idle.h"
#include "worker/leave.h"
#include "worker/relay.h"
#include "worker/replay.h"
#include "worker/retire.h"
#include "worker/session.h"
#include "worker/suspicion.h"
#include "worker/worker_state.h"

/* Descriptors kept for the channel, the log, epoll and the like. */
#define RESERVED_FDS 64

/* ---- birth ---- */

uint32_t worker_sessions_most(void)
{
    struct rlimit limit;
    uint64_t spent = RESERVED_FDS + 2 * PIPE_POOL_SIZE;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur <= spent + 2)
        return 1;
    if (limit.rlim_cur > UINT32_MAX)
        return UINT32_MAX / 2;
    return (uint32_t)((limit.rlim_cur - spent) / 2);
}

static void *allocate_tables(struct worker *worker)
{
    const struct board_layout *layout = &board_master(worker->birth->board)->layout;

    worker->at_backend = calloc(layout->backends, sizeof(*worker->at_backend));
    worker->avoided_at_ms = calloc(layout->backends, sizeof(*worker->avoided_at_ms));
    worker->retired_at_ms = calloc(layout->backends, sizeof(*worker->retired_at_ms));
    worker->connecting = calloc(layout->services, sizeof(*worker->connecting));
    if (worker->at_backend == NULL || worker->avoided_at_ms == NULL || worker->connecting == NULL ||
        worker->retired_at_ms == NULL || idle_init(worker) == -1 || dead_peer_init(worker) == -1 ||
        replay_init(worker) == -1 || closing_init(worker) == -1 || acceptors_init(worker) == -1)
        return NULL;
    for (unsigned i = 0; i < layout->backends; i++)
        list_init(&worker->at_backend[i]);
    return worker;
}

static void free_worker(struct worker *worker)
{
    acceptors_fini(worker);
    replay_fini(worker);
    closing_fini(worker);
    idle_fini(worker);
    dead_peer_fini(worker);
    pump_means_fini(&worker->means);
    pipe_pool_fini(&worker->pipes);
    free(worker->retired_at_ms);
    free(worker->at_backend);
    free(worker->avoided_at_ms);
    free(worker->connecting);
    free(worker);
}

/* Still root: large pipes can be had now, and are not charged to the user that it becomes. */
static void *worker_prepare(const struct role_birth *birth)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL)
        return NULL;
    worker->birth = birth;
    worker->board = birth->board;
    worker->own = board_my_worker(birth->board);
    worker->epoch = birth->epoch;
    worker->health_watch.fd = -1;
    list_init(&worker->ready);
    list_init(&worker->moved);
    rng_init(&worker->rng);
    leave_init(worker);
    if (birth->epoch->global.relay == RELAY_COPY)
        pipe_pool_init_empty(&worker->pipes);
    else
        pipe_pool_init(&worker->pipes);
    if (pump_means_init(&worker->means, &worker->pipes, birth->epoch->global.relay) == 0 &&
        allocate_tables(worker) != NULL)
        return worker;
    log_error("no memory for a worker's tables");
    free_worker(worker);
    return NULL;
}

/* Health has changed, or a worker has no room for a connection that it was woken for. */
static void on_health(struct loop_watch *watch, unsigned events)
{
    struct worker *worker = CONTAINER_OF(watch, struct worker, health_watch);

    (void)events;
    suspicion_trust_checker(worker);
    closing_look(worker);
    acceptors_readd(worker);
}

/* Everything that is chosen from now on comes from this epoch. */
static void obey_epoch(struct worker *worker, const struct epoch *epoch)
{
    worker->epoch = epoch;
    worker->means.relay = epoch->global.relay;
    for (unsigned i = 0; i < epoch->service_count; i++)
        board_adopt_service(worker->board, epoch_service(epoch, i)->slot);
    for (unsigned i = 0; i < epoch->backend_count; i++)
        board_adopt_backend(worker->board, epoch_backend(epoch, i)->slot);
    atomic_store(&worker->own->epoch, epoch->number);
}

static int worker_start(void *state, struct role_life *life)
{
    struct worker *worker = state;

    worker->life = life;
    worker->loop = role_loop(life);
    worker->sessions_most = worker_sessions_most();
    connect_init(worker);
    worker->health_watch = (struct loop_watch){.fn = on_health, .fd = worker->birth->health_event};
    if (loop_add(worker->loop, &worker->health_watch, LOOP_READ | LOOP_EDGE) == -1) {
        log_error("cannot watch the health of backends: %s", strerror(errno));
        return -1;
    }
    obey_epoch(worker, worker->birth->epoch);
    acceptors_set(worker);
    atomic_store(&worker->own->state, BOARD_WORKER_RUNNING);
    log_debug("accepting");
    return 0;
}

/* ---- life ---- */

static void leave_when_done(struct worker *worker)
{
    if (worker->draining && worker->sessions == 0)
        role_finish(worker->life);
}

static void worker_turn(void *state)
{
    struct worker *worker = state;

    relay_ready(worker);
    leave_when_done(worker);
}

static void worker_heartbeat(void *state)
{
    struct worker *worker = state;

    atomic_store_explicit(&worker->own->heartbeat_ms, loop_now_ms(worker->loop),
                          memory_order_relaxed);
    acceptors_readd(worker);
    suspicion_trust_checker(worker);
    closing_look(worker);
    retire_look(worker);
    replay_heartbeat(worker);
    if (worker->means.relay != RELAY_COPY)
        pipe_pool_refill(&worker->pipes);
}

static void worker_change(void *state, const struct role_change *change)
{
    struct worker *worker = state;

    obey_epoch(worker, change->after);
    retire_change(worker, change);
    if (worker->draining)
        retire_all(worker);
    connect_change(worker);
    idle_change(worker);
    dead_peer_change(worker);
    replay_change(worker);
    acceptors_set(worker);
}

static void worker_drain(void *state)
{
    struct worker *worker = state;

    worker->draining = true;
    atomic_store(&worker->own->state, BOARD_WORKER_DRAINING);
    acceptors_stop(worker);
    role_close_listeners(worker->life);
    retire_all(worker);
    leave_when_done(worker);
}

static void worker_stop(void *state)
{
    struct worker *worker = state;

    if (worker->loop != NULL) {
        acceptors_stop(worker);
        session_end_all(worker, BOARD_END_STOPPED);
    }
    free_worker(worker);
}

const struct role_ops worker_ops = {
    .prepare = worker_prepare,
    .start = worker_start,
    .turn = worker_turn,
    .heartbeat = worker_heartbeat,
    .change = worker_change,
    .drain = worker_drain,
    .stop = worker_stop,
};
