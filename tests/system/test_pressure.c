/*
 * Too much of everything: readers that stall, resets in the middle, bursts, and pipes that
 * run out. DI-08, DI-16 and RS-09.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/rng.h"
#include "unit/unit.h"

#include "system/crowd.h"
#include "system/sanitized.h"
#include "system/scene.h"
#include "system/stream.h"
#include "system/volume.h"

static pid_t worker_of(const struct scene *scene, unsigned slot)
{
    return instance_child(&scene->instance, BOARD_ROLE_WORKER, slot);
}

static void kill_workers(const struct scene *scene, int number)
{
    for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
        ASSERT_NUMBER(instance_kill(worker_of(scene, slot), number), 0);
}

static long workers_cpu_ms(const struct scene *scene)
{
    long sum = 0;

    for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
        sum += procfs_cpu_ms(worker_of(scene, slot));
    return sum;
}

/* Anonymous memory that the workers have touched. */
static long workers_kib(const struct scene *scene)
{
    long sum = 0;

    for (unsigned slot = 0; slot < scene_mode()->workers; slot++) {
        char text[64];

        if (procfs_status(worker_of(scene, slot), "RssAnon", text, sizeof(text)) == 0)
            sum += strtol(text, NULL, 10);
    }
    return sum;
}

/* ---- RS-09: pipes ---- */

struct pipes {
    pid_t pid;
    unsigned count;
    unsigned small;
};

static void look_at_pipe(void *context, int fd, const char *target)
{
    struct pipes *pipes = context;
    char path[64];
    int copy;

    if (strncmp(target, "pipe:", 5) != 0)
        return;
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pipes->pid, fd);
    copy = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (copy == -1)
        return;
    pipes->count++;
    pipes->small += fcntl(copy, F_GETPIPE_SZ) < (int)MIB(1);
    close(copy);
}

/* A worker has lost its rights, and its pipes are large all the same. */
static void assert_large_pipes(const struct scene *scene)
{
    bool copies = strcmp(scene_mode()->relay, "copy") == 0;

    /* Only root may look into it. */
    if (geteuid() != 0)
        return;
    for (unsigned slot = 0; slot < scene_mode()->workers; slot++) {
        struct pipes pipes = {.pid = worker_of(scene, slot)};

        CU_ASSERT_TRUE(procfs_each_fd(pipes.pid, look_at_pipe, &pipes) > 0);
        CU_ASSERT_TRUE(pipes.count - pipes.small >= (copies ? 0 : 32));
        CU_ASSERT_TRUE(pipes.small <= 2); /* where its messages go */
    }
}

/* ---- DI-08: readers that stall ---- */

/* Opens a session that asks for `amount` bytes and reads none of them. */
static void stall(const struct scene *scene, struct client *client)
{
    struct tagged out = {.id = 0};

    ASSERT_NUMBER(client_open(client, &scene->listen), 0);
    out.id = client->id;
    ASSERT_NUMBER(stream_send(client->fd, &out, TAGGED_BLOCK, NULL), 0);
}

static bool drain(struct client *client, uint64_t amount)
{
    struct tagged in = stream_answer_to(client);

    if (client_fin(client) == -1)
        return false;
    return stream_read(client->fd, &in, UINT64_MAX, NULL) == CLIENT_FIN && in.offset == amount &&
           !in.bad;
}

/*
 * More of them than there are pipes: each holds a bounded piece of memory, nobody spins, and when
 * they read at last everything comes.
 */
static void stall_many(struct scene *scene, uint64_t amount)
{
    enum { DRAINED = 3 };
    static struct crowd crowd;
    long kib = workers_kib(scene);
    uint64_t sent;
    long cpu_ms;

    for (crowd.count = 0; crowd.count < volume(40, 100); crowd.count++)
        stall(scene, &crowd.clients[crowd.count]);
    CU_ASSERT_TRUE(wait_active(&scene->instance, crowd.count, SOON_MS));
    sent = wait_settled(&scene->peers[0].sent, 200, CLIENT_PATIENCE_MS);
    CU_ASSERT_TRUE(sent > 0 && sent < crowd.count * amount);
    cpu_ms = workers_cpu_ms(scene);
    (void)procfs_cpu_percent(scene->instance.pid, 300);
    CU_ASSERT_TRUE(workers_cpu_ms(scene) - cpu_ms < 40);
    printf("%u stalled sessions: %ld KiB\n", crowd.count, workers_kib(scene) - kib);
    CU_ASSERT_TRUE(workers_kib(scene) - kib < 64l * crowd.count + 1024 || IS_SANITIZED);
    /* A kernel may make a little more room when it packs its buffers anew: but never much. */
    CU_ASSERT_TRUE(scene->peers[0].sent - sent < MIB(1));
    assert_large_pipes(scene);
    for (unsigned i = 0; i < crowd.count; i++) {
        if (i % (crowd.count / DRAINED) == 0)
            CU_ASSERT_TRUE(drain(&crowd.clients[i], amount));
        client_reset(&crowd.clients[i]);
    }
}

static void test_stalled_readers(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_duplex, .amount = MIB(24)};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        assert_large_pipes(&scene);
        stall_many(&scene, plan.amount);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(scene.peers[0].bad, 0);
        assert_large_pipes(&scene);
    }
    scene_close(&scene);
}

/* ---- DI-16: what is left of one session never reaches another ---- */

/* A client resets while its bytes stand in a pipe; the next ones are likely to get that pipe. */
static void test_bytes_left_behind(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_duplex, .amount = MIB(8)};
    unsigned rounds = volume(2, 300);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds; i++) {
            uint64_t before = atomic_load(&scene.peers[0].sent);
            struct client client;

            stall(&scene, &client);
            CU_ASSERT_TRUE(wait_count(&scene.peers[0].sent, before + MIB(3), SOON_MS));
            (void)wait_settled(&scene.peers[0].sent, 30, SOON_MS);
            client_reset(&client);
            CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
            for (unsigned k = 0; k < scene_mode()->workers; k++) {
                ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
                ASSERT_NUMBER(client_exchange(&client, MIB(1)), plan.amount);
                client_close(&client);
            }
        }
        ASSERT_NUMBER(scene.peers[0].bad, 0);
    }
    scene_close(&scene);
}

/* Sends `amount` bytes, checks what comes, and resets one session in three on the way. */
static void script_unreliable(struct peer_session *session)
{
    struct peer *peer = session->peer;
    struct exchange exchange = {.answers = true, .to_send = peer->amount, .fin = true};
    struct rng rng;

    rng_init(&rng);
    exchange.to_get = EXCHANGE_UNTIL_EOF;
    session->reset = rng_below(&rng, 3) == 0;
    if (session->reset) {
        exchange.to_send = rng_below(&rng, (uint32_t)peer->amount);
        exchange.to_get = rng_below(&rng, (uint32_t)peer->amount) + TAGGED_BLOCK;
        exchange.fin = false;
    }
    exchange.received = &peer->received;
    (void)!exchange_run(&exchange, session->fd, peer->stop_fd, mono_ms() + 500);
    atomic_fetch_add(&peer->bad, exchange.in.bad);
}

struct storm {
    struct addr address;
    uint64_t until_ms;
    _Atomic uint64_t sessions;
    _Atomic uint64_t received;
    _Atomic uint64_t bad;
};

/* Sessions that are reset at any moment, also while they do not read. */
static void *rage(void *argument)
{
    struct storm *storm = argument;
    struct rng rng;

    rng_init(&rng);
    while (mono_ms() < storm->until_ms) {
        struct client client;
        struct exchange exchange = {.to_send = rng_below(&rng, MIB(1)) + TAGGED_BLOCK};
        const struct timespec pause = {.tv_nsec = rng_below(&rng, 3000000)};

        if (client_open(&client, &storm->address) == -1)
            continue;
        exchange.out.id = client.id;
        exchange.in = stream_answer_to(&client);
        exchange.to_get = rng_below(&rng, MIB(1));
        (void)!exchange_run(&exchange, client.fd, -1, mono_ms() + 500);
        if (rng_below(&rng, 2) == 0)
            nanosleep(&pause, NULL);
        if (rng_below(&rng, 2) == 0)
            client_reset(&client);
        else
            client_close(&client);
        atomic_fetch_add(&storm->sessions, 1);
        atomic_fetch_add(&storm->received, exchange.in.offset);
        atomic_fetch_add(&storm->bad, exchange.in.bad);
    }
    return NULL;
}

static void test_resets_everywhere(void)
{
    enum { THREADS = 24 };
    static const struct scene_plan plan = {
        .backends = 2, .script = script_unreliable, .amount = MIB(1)};
    static struct storm storm;
    pthread_t threads[THREADS];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        memset(&storm, 0, sizeof(storm));
        storm.address = scene.listen;
        storm.until_ms = mono_ms() + volume(400, 100000);
        for (unsigned i = 0; i < THREADS; i++)
            ASSERT_NUMBER(pthread_create(&threads[i], NULL, rage, &storm), 0);
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        printf("%llu sessions, %llu blocks\n", (unsigned long long)storm.sessions,
               (unsigned long long)(storm.received + scene.peers[0].received +
                                    scene.peers[1].received) /
                   TAGGED_BLOCK);
        ASSERT_NUMBER(storm.bad + scene.peers[0].bad + scene.peers[1].bad, 0);
        CU_ASSERT_TRUE(storm.sessions >= THREADS);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, CLIENT_PATIENCE_MS));
    }
    scene_close(&scene);
}

/* ---- more at one moment than a turn can gather ---- */

static void test_burst(void)
{
    enum { CLIENTS = 200, MESSAGE = 16 * 1024 };
    static const struct scene_plan plan = {.backends = 1};
    static struct crowd crowd;
    unsigned rounds = volume(2, 50);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(crowd_open(&crowd, &scene.listen, CLIENTS), 0);
        for (unsigned round = 0; round < rounds; round++) {
            unsigned whole = 0;
            struct tagged out[CLIENTS];

            kill_workers(&scene, SIGSTOP);
            for (unsigned i = 0; i < CLIENTS; i++) {
                out[i] = (struct tagged){.id = crowd.clients[i].id};
                ASSERT_NUMBER(stream_send(crowd.clients[i].fd, &out[i], MESSAGE - i % 3, NULL), 0);
            }
            kill_workers(&scene, SIGCONT);
            for (unsigned i = 0; i < CLIENTS; i++) {
                struct tagged in = {.id = crowd.clients[i].id, .known = true};

                whole +=
                    stream_read(crowd.clients[i].fd, &in, out[i].offset, NULL) == CLIENT_DATA &&
                    !in.bad;
            }
            ASSERT_NUMBER(whole, CLIENTS);
        }
        crowd_close(&crowd);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"DI-08_RS-09_stalled_readers", test_stalled_readers},
    {"DI-16_bytes_left_behind", test_bytes_left_behind},
    {"DI-16_resets_everywhere", test_resets_everywhere},
    {"burst", test_burst},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"copy/4", tests}, {"splice/1", tests}, {"splice/4", tests},
        {"auto/1", tests}, {"auto/4", tests}, {NULL, NULL},
    };

    return unit_main("test_pressure", suites, argc, argv);
}
