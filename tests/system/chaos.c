#include "system/chaos.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mono.h"

#include "system/chaos_end.h"
#include "system/limit.h"
#include "system/peer.h"
#include "system/procfs.h"

#define CROSSINGS_MOST (1 << 21)

/* Between two looks at how many clients there are, and the most that begin at once then. */
#define REFILL_MS 5
#define BURST     60

/* From one trouble to the next. */
#define TROUBLE_LEAST_MS 100
#define TROUBLE_MOST_MS  400

/* A worker is stopped or without descriptors for no longer than this. */
#define HARM_MOST_MS 300

/* How long an end may still take when no new one begins. */
#define PATIENCE_MS 30000

/* A listening socket of a backend. */
struct door {
    struct loop_watch watch;
    struct chaos *chaos;
    enum chaos_manner service;
    unsigned backend;
    struct addr address;
};

/* What is being done to one worker, until the timer says that it is over. */
struct harm {
    struct loop_timer over;
    pid_t pid;           /* 0 = nothing is being done */
    bool is_stopped;     /* else: */
    unsigned long limit; /* of its descriptors, before */
};

struct chaos {
    struct chaos_world world;
    struct chaos_plan plan;
    const struct chaos_run *run;
    struct door doors[CHAOS_SERVICES][CHAOS_BACKENDS];
    struct loop_timer refill;
    struct loop_timer trouble;
    struct harm harm;
    uint64_t until_ms;
};

/* ---- backends ---- */

static void on_door(struct loop_watch *watch, unsigned events)
{
    struct door *door = CONTAINER_OF(watch, struct door, watch);
    int fd;

    (void)events;
    while ((fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1)
        chaos_backend_begin(&door->chaos->world, door->service, door->backend, fd);
}

static int open_door(struct chaos *chaos, enum chaos_manner service, unsigned backend)
{
    struct door *door = &chaos->doors[service][backend];

    *door = (struct door){
        .watch = {.fn = on_door, .fd = -1},
        .chaos = chaos,
        .service = service,
        .backend = backend,
        .address = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}},
    };
    door->watch.fd = listen_at(&door->address, 4096);
    if (door->watch.fd == -1)
        return -1;
    /* Inherited by what it accepts; a window that shrank later would only stand still. */
    if (backend == CHAOS_BACKENDS - 1)
        chaos_set_buffers(door->watch.fd, CHAOS_SMALL_BUFFER);
    return loop_add(chaos->world.loop, &door->watch, LOOP_READ);
}

static int open_doors(struct chaos *chaos)
{
    int result = 0;

    for (unsigned service = 0; service < CHAOS_SERVICES; service++) {
        for (unsigned backend = 0; backend < CHAOS_BACKENDS; backend++)
            result |= open_door(chaos, (enum chaos_manner)service, backend);
    }
    return result;
}

struct addr chaos_backend(const struct chaos *chaos, enum chaos_manner service, unsigned backend)
{
    return chaos->doors[service][backend].address;
}

/* ---- clients ---- */

/* Who says FIN first: the client, the backend, or both without waiting. */
static void draw_order(struct chaos_crossing *crossing, struct chaos_conduct *client,
                       struct rng *rng)
{
    unsigned order = client->to_send == 0 ? 0 : rng_below(rng, 3);

    crossing->backend_conduct.waits = order == 0;
    client->waits = crossing->client_waits = order == 1;
}

static void begin_client(struct chaos *chaos)
{
    struct chaos_world *world = &chaos->world;
    enum chaos_manner manner = rng_below(&world->rng, 2) == 0 ? CHAOS_CALM : CHAOS_WILD;
    struct chaos_crossing *crossing = &world->crossings[world->crossing_count];
    struct chaos_conduct client;

    chaos_conduct_draw(&client, &world->rng, manner);
    chaos_conduct_draw(&crossing->backend_conduct, &world->rng, manner);
    draw_order(crossing, &client, &world->rng);
    crossing->service = (uint8_t)manner;
    crossing->to_send = client.to_send;
    crossing->kills_begin = (uint16_t)world->kills;
    world->crossing_count++;
    if (!chaos_client_begin(world, world->crossing_count - 1, &client, &chaos->run->listen[manner]))
        world->result.unconnected++;
}

/* Mostly one goes and one comes; now and then they come in bursts. */
static void on_refill(struct loop_timer *timer)
{
    struct chaos *chaos = CONTAINER_OF(timer, struct chaos, refill);
    struct chaos_world *world = &chaos->world;
    unsigned most = chaos->plan.clients;

    if (rng_below(&world->rng, 50) == 0)
        most += BURST;
    for (unsigned i = 0; i < BURST && world->clients < most && mono_ms() < chaos->until_ms &&
                         world->crossing_count < CROSSINGS_MOST;
         i++)
        begin_client(chaos);
    loop_timer_set(world->loop, timer, mono_ms() + REFILL_MS);
}

/* ---- trouble ---- */

static pid_t any_worker(struct chaos *chaos)
{
    const struct board *board = chaos->run->instance->board;
    unsigned workers = atomic_load(&board_master(board)->workers_wanted);

    return instance_child(chaos->run->instance, BOARD_ROLE_WORKER,
                          rng_below(&chaos->world.rng, workers));
}

static void on_harm_over(struct loop_timer *timer)
{
    struct harm *harm = CONTAINER_OF(timer, struct harm, over);

    bool failed;

    if (harm->is_stopped)
        failed = instance_kill(harm->pid, SIGCONT) == -1;
    else
        failed = limit_descriptors(harm->pid, harm->limit) == -1;
    if (failed)
        printf("worker %d could not be left alone again\n", (int)harm->pid);
    harm->pid = 0;
}

static void set_harm(struct chaos *chaos, pid_t pid)
{
    chaos->harm.pid = pid;
    loop_timer_set(chaos->world.loop, &chaos->harm.over,
                   mono_ms() + 1 + rng_below(&chaos->world.rng, HARM_MOST_MS));
}

static void stop_worker(struct chaos *chaos)
{
    pid_t pid = any_worker(chaos);

    if (chaos->harm.pid != 0 || instance_kill(pid, SIGSTOP) == -1)
        return;
    chaos->harm.is_stopped = true;
    chaos->world.result.stops++;
    set_harm(chaos, pid);
}

/* Hardly more than it has: the next connections meet EMFILE. */
static void squeeze_worker(struct chaos *chaos)
{
    pid_t pid = any_worker(chaos);
    int has = pid == -1 ? -1 : procfs_fd_count(pid);
    long before;

    if (chaos->harm.pid != 0 || has == -1)
        return;
    before = limit_descriptors(pid, (unsigned)has + rng_below(&chaos->world.rng, 10));
    if (before == -1)
        return;
    chaos->harm.is_stopped = false;
    chaos->harm.limit = (unsigned long)before;
    chaos->world.result.squeezes++;
    set_harm(chaos, pid);
}

/* Whether no reload is under way; takes note of one that was refused. */
static bool is_reload_over(struct chaos *chaos)
{
    const struct board_master *master = board_master(chaos->run->instance->board);

    return atomic_load(&master->reloads_started) == chaos->world.result.reloads &&
           atomic_load(&master->reloads_finished) == chaos->world.result.reloads;
}

static void note_reload(struct chaos *chaos)
{
    if (chaos->world.result.reloads > 0 &&
        atomic_load(&board_master(chaos->run->instance->board)->reload_ok) == 0)
        chaos->world.result.refused_reloads++;
}

static void reload(struct chaos *chaos)
{
    if (!is_reload_over(chaos))
        return;
    note_reload(chaos);
    chaos->run->configure(chaos->run->context, chaos->world.result.reloads);
    chaos->world.result.reloads++;
    instance_signal(chaos->run->instance, SIGHUP);
}

static void kill_worker(struct chaos *chaos)
{
    pid_t pid = any_worker(chaos);

    /* Whose pid is kept for later must not become another process. */
    if (chaos->harm.pid != 0)
        return;
    chaos->world.kills++;
    if (instance_kill(pid, SIGKILL) == -1)
        chaos->world.kills--;
}

static void on_trouble(struct loop_timer *timer)
{
    struct chaos *chaos = CONTAINER_OF(timer, struct chaos, trouble);
    struct rng *rng = &chaos->world.rng;

    bool must_kill = chaos->plan.kills && chaos->world.kills == 0;

    switch (must_kill ? 3 : rng_below(rng, chaos->plan.kills ? 4 : 3)) {
    case 0:
        reload(chaos);
        break;
    case 1:
        stop_worker(chaos);
        break;
    case 2:
        squeeze_worker(chaos);
        break;
    default:
        kill_worker(chaos);
        break;
    }
    loop_timer_set(chaos->world.loop, timer,
                   mono_ms() + TROUBLE_LEAST_MS +
                       rng_below(rng, TROUBLE_MOST_MS - TROUBLE_LEAST_MS));
}

static void end_trouble(struct chaos *chaos)
{
    uint64_t deadline_ms = mono_ms() + PATIENCE_MS;

    loop_timer_stop(chaos->world.loop, &chaos->trouble);
    while ((chaos->harm.pid != 0 || !is_reload_over(chaos)) && mono_ms() < deadline_ms) {
        if (loop_turn(chaos->world.loop, REFILL_MS) == -1)
            break;
    }
    note_reload(chaos);
}

/* ---- what became of each session ---- */

/* Every byte is there, either way. Only in the wild somebody says FIN before all is said. */
static bool is_whole(const struct chaos_crossing *crossing)
{
    const struct chaos_seen *client = &crossing->client;
    const struct chaos_seen *backend = &crossing->backend;
    uint32_t answer = crossing->backend_hurries ? 0 : crossing->backend_conduct.to_send;

    if (!client->fin_sent || !client->fin_seen)
        return false;
    if (crossing->backends == 0)
        return crossing->to_send == 0 && client->received == 0;
    return backend->fin_sent && backend->fin_seen && backend->received == client->sent &&
           client->received == backend->sent &&
           (crossing->service == CHAOS_WILD ||
            (client->sent == crossing->to_send && backend->sent == answer));
}

static void judge_order(const struct chaos_crossing *crossing, struct chaos_tally *tally)
{
    tally->in_order++;
    if (crossing->client_waits)
        tally->backend_first++;
    else if (crossing->backends == 1 && !crossing->backend_hurries &&
             crossing->backend_conduct.waits)
        tally->client_first++;
}

/* Ended by `own` with RST alone, and `other` was shown FIN? */
static bool is_false_end(const struct chaos_seen *own, const struct chaos_seen *other)
{
    return own->has_reset && !own->fin_sent && other->fin_seen;
}

static bool is_pure_reset(const struct chaos_seen *own, const struct chaos_seen *other)
{
    return own->has_reset && !own->fin_sent && !other->has_aborted;
}

/* A session that somebody left before its time, and a backend knows which one it was. */
static void judge_abort(const struct chaos_crossing *crossing, struct chaos_tally *tally)
{
    const struct chaos_seen *client = &crossing->client;
    const struct chaos_seen *backend = &crossing->backend;

    tally->false_ends += is_false_end(client, backend) || is_false_end(backend, client);
    tally->client_resets += is_pure_reset(client, backend);
    tally->backend_resets += is_pure_reset(backend, client);
}

static void judge_end(const struct chaos_crossing *crossing, struct chaos_tally *tally)
{
    if (crossing->kills_begin != crossing->kills_end)
        tally->killed++;
    else if (crossing->client.has_aborted || crossing->backend.has_aborted)
        judge_abort(crossing, tally);
    else if (is_whole(crossing))
        judge_order(crossing, tally);
    else
        tally->cut++;
}

static void judge(const struct chaos_crossing *crossing, struct chaos_tally *tally)
{
    const struct chaos_seen *client = &crossing->client;
    const struct chaos_seen *backend = &crossing->backend;

    if (!client->is_here)
        return;
    tally->wrong += crossing->backends > 1;
    if (crossing->backends == 1)
        tally->wrong += client->received > backend->sent || backend->received > client->sent;
    /* Where a backend may leave before it knows whom it serves, nothing is known of the others. */
    if (crossing->backends == 1 || crossing->service == CHAOS_CALM)
        judge_end(crossing, tally);
}

const struct chaos_result *chaos_judge(struct chaos *chaos)
{
    struct chaos_world *world = &chaos->world;

    world->result.kills = world->kills;
    for (uint32_t i = 0; i < world->crossing_count; i++)
        judge(&world->crossings[i], &world->result.services[world->crossings[i].service]);
    return &world->result;
}

/* ---- from beginning to end ---- */

struct chaos *chaos_new(const struct chaos_plan *plan)
{
    struct chaos *chaos = calloc(1, sizeof(*chaos));

    if (chaos == NULL)
        return NULL;
    for (unsigned service = 0; service < CHAOS_SERVICES; service++) {
        for (unsigned backend = 0; backend < CHAOS_BACKENDS; backend++)
            chaos->doors[service][backend].watch.fd = -1;
    }
    chaos->plan = *plan;
    chaos->harm.over.fn = on_harm_over;
    chaos->refill.fn = on_refill;
    chaos->trouble.fn = on_trouble;
    rng_seed(&chaos->world.rng, plan->seed);
    list_init(&chaos->world.ends);
    chaos->world.loop = loop_new();
    chaos->world.crossings = calloc(CROSSINGS_MOST, sizeof(*chaos->world.crossings));
    if (chaos->world.loop != NULL && chaos->world.crossings != NULL && open_doors(chaos) == 0)
        return chaos;
    chaos_free(chaos);
    return NULL;
}

void chaos_free(struct chaos *chaos)
{
    for (unsigned service = 0; service < CHAOS_SERVICES; service++) {
        for (unsigned backend = 0; backend < CHAOS_BACKENDS; backend++)
            fd_close(&chaos->doors[service][backend].watch.fd);
    }
    if (chaos->world.loop != NULL)
        loop_free(chaos->world.loop);
    free(chaos->world.crossings);
    free(chaos);
}

/* Nobody is left here, nor in any worker, nor in a queue that a worker accepts from. */
static bool is_over(const struct chaos *chaos)
{
    const struct board *board = chaos->run->instance->board;
    const struct chaos_tally *tallies = chaos->world.result.services;
    uint64_t accepted = chaos->world.kills; /* one each may have been lost, uncounted */
    uint32_t sessions = 0;

    for (unsigned slot = 0; slot < board_master(board)->layout.workers; slot++) {
        const struct board_worker *worker = board_worker(board, slot);

        if (worker == NULL)
            continue;
        accepted += atomic_load(&worker->accepted);
        sessions += atomic_load(&worker->sessions);
    }
    return list_is_empty(&chaos->world.ends) && sessions == 0 &&
           accepted >= tallies[CHAOS_CALM].connected + tallies[CHAOS_WILD].connected;
}

static void turn_until(struct chaos *chaos, uint64_t deadline_ms, bool to_the_end)
{
    while (mono_ms() < deadline_ms && !(to_the_end && is_over(chaos))) {
        if (loop_turn(chaos->world.loop, REFILL_MS) == -1)
            break;
    }
}

/* What is left in the queues of the backends was abandoned, and still has to be seen. */
static void empty_doors(struct chaos *chaos)
{
    while (loop_turn(chaos->world.loop, 0) > 0 && !list_is_empty(&chaos->world.ends))
        turn_until(chaos, mono_ms() + PATIENCE_MS, true);
}

void chaos_run(struct chaos *chaos, const struct chaos_run *run, uint64_t for_ms)
{
    struct loop *loop = chaos->world.loop;
    uint64_t now = mono_ms();

    chaos->run = run;
    chaos->until_ms = now + for_ms;
    loop_timer_set(loop, &chaos->refill, now);
    loop_timer_set(loop, &chaos->trouble, now + TROUBLE_MOST_MS);
    turn_until(chaos, chaos->until_ms, false);
    loop_timer_stop(loop, &chaos->refill);
    end_trouble(chaos);
    turn_until(chaos, mono_ms() + PATIENCE_MS, true);
    empty_doors(chaos);
    chaos_end_all(&chaos->world);
}
