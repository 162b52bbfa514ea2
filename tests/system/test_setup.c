/*
 * Getting a backend, and getting accepted, when that is not easy: CS-01, CS-02, CS-05, CS-07 and
 * RS-01.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "unit/unit.h"

#include "system/crowd.h"
#include "system/limit.h"
#include "system/scene.h"
#include "system/stream.h"
#include "system/volume.h"

enum { WORKERS = 4 };

static uint64_t accepted_by(const struct scene *scene, unsigned slot)
{
    return atomic_load(&board_worker(scene->instance.board, slot)->accepted);
}

/* ---- CS-01 ---- */

/* Two of three refuse, and nobody but the balancer notices. */
static void test_refused(void)
{
    static const struct scene_plan plan = {
        .backends = 3,
        .keys = "check = none\nbalance = roundrobin\n",
        .closed = 1 << 0 | 1 << 1,
    };
    unsigned visits = volume(50, 1667);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, visits), 0);
        ASSERT_NUMBER(scene.peers[2].served, visits);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b1").connect_errors >= 1);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b2").connect_errors >= 1);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b3").retries >= 1);
    }
    scene_close(&scene);
}

/* ---- CS-05: all has been said before there is a backend ---- */

struct sender {
    struct client client;
    int64_t received;
    pthread_t thread;
};

static void *say_all(void *argument)
{
    struct sender *sender = argument;

    sender->received = client_exchange(&sender->client, MIB(1));
    return NULL;
}

/* Takes connections from the full queue until one brings bytes: the balancer's. */
static int accept_late(const struct blackhole *hole)
{
    uint64_t deadline_ms = mono_ms() + CLIENT_PATIENCE_MS;

    while (mono_ms() < deadline_ms) {
        struct client taken = {.fd = accept4(hole->listen_fd, NULL, NULL, SOCK_NONBLOCK)};

        if (taken.fd == -1) {
            wait_a_moment();
            continue;
        }
        if (client_next(&taken, 0) != CLIENT_STILL_OPEN || client_next(&taken, 500) == CLIENT_DATA)
            return taken.fd;
        fd_close(&taken.fd);
    }
    return -1;
}

/* The first backend refuses, the other one is a second late. */
static void say_to_late_backend(struct scene *scene, const struct blackhole *hole)
{
    struct exchange answer = {.to_send = KIB(64), .fin = true};
    struct sender sender;
    struct tagged in = {.id = 0};
    char first;
    int fd;

    ASSERT_NUMBER(client_open(&sender.client, &scene->listen), 0);
    ASSERT_NUMBER(pthread_create(&sender.thread, NULL, say_all, &sender), 0);
    fd = accept_late(hole);
    CU_ASSERT_TRUE(fd != -1);
    /* client_next() has taken one byte: the highest of the id, which is 0. */
    first = 0;
    tagged_check(&in, (const uint8_t *)&first, 1);
    ASSERT_NUMBER(stream_read(fd, &in, UINT64_MAX, NULL), CLIENT_FIN);
    ASSERT_NUMBER(in.offset, MIB(1));
    ASSERT_NUMBER(in.bad, false);
    answer.out.id = TAGGED_ANSWER(in.id);
    ASSERT_NUMBER(exchange_run(&answer, fd, -1, mono_ms() + CLIENT_PATIENCE_MS), 0);
    pthread_join(sender.thread, NULL);
    ASSERT_NUMBER(sender.received, KIB(64));
    client_close(&sender.client);
    fd_close(&fd);
}

static void test_late_backend(void)
{
    struct scene scene;
    struct blackhole hole;
    char text[1024];
    char listen[ADDR_TEXT_SIZE];
    char refusing[ADDR_TEXT_SIZE];
    char late[ADDR_TEXT_SIZE];

    if (blackhole_open(&hole) == -1) {
        unit_skip("a full listening queue still answers on this kernel");
        return;
    }
    if (scene_init(&scene) == 0) {
        snprintf(text, sizeof(text),
                 "[k0slb]\nname = %s\nworkers = %u\nrelay = %s\nlog = stderr\n[stats]\nlisten =\n"
                 "[service test]\nlisten = %s\nbalance = roundrobin\ncheck = none\n"
                 "connect_timeout = 5s\nserver b1 = %s\nserver b2 = %s\n",
                 scene.instance.name, scene_mode()->workers, scene_mode()->relay,
                 addr_format(&scene.listen, listen), addr_format(&scene.spare[0], refusing),
                 addr_format(&hole.address, late));
        if (scene_open_text(&scene, text) == 0)
            say_to_late_backend(&scene, &hole);
    }
    scene_close(&scene);
    blackhole_close(&hole);
}

/* ---- CS-07 ---- */

/* Connections that stay are spread like short ones. */
static void test_long_ones_are_spread(void)
{
    static const struct scene_plan plan = {.backends = 2, .workers = WORKERS};
    unsigned count = volume(400, 4000);
    struct client *clients = calloc(count, sizeof(*clients));
    struct scene scene;

    CU_ASSERT_PTR_NOT_NULL_FATAL(clients);
    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < count; i++) {
            ASSERT_NUMBER(client_open(&clients[i], &scene.listen), 0);
            ASSERT_NUMBER(client_echo(&clients[i], 64), 0);
        }
        for (unsigned slot = 0; slot < WORKERS; slot++) {
            uint64_t accepted = accepted_by(&scene, slot);

            printf("worker %u accepted %llu of %u\n", slot, (unsigned long long)accepted, count);
            CU_ASSERT_TRUE(accepted * WORKERS * 10 >= count * 7ull);
            CU_ASSERT_TRUE(accepted * WORKERS * 10 <= count * 13ull);
        }
        for (unsigned i = 0; i < count; i++)
            client_close(&clients[i]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, CLIENT_PATIENCE_MS));
    }
    scene_close(&scene);
    free(clients);
}

/* ---- RS-01 ---- */

static unsigned count_lines(const struct scene *scene, const char *text)
{
    char *log = instance_log(&scene->instance);
    unsigned count = 0;

    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        count++;
    free(log);
    return count;
}

/* One worker of four has no descriptors: it rests, and its queue is the others'. */
static void starve_one(struct scene *scene)
{
    static struct crowd old;
    pid_t worker = instance_child(&scene->instance, BOARD_ROLE_WORKER, 0);
    uint64_t slowest = 0;
    const _Atomic uint64_t *pauses = &board_worker(scene->instance.board, 0)->accept_pauses;
    unsigned lost;
    long before;

    ASSERT_NUMBER(crowd_open(&old, &scene->listen, 40), 0);
    before = limit_descriptors(worker, (unsigned)procfs_first_free_fd(worker));
    CU_ASSERT_TRUE(before > 0);
    /* Only visits that it is woken for can go wrong: it has to have rested a few times. */
    for (unsigned i = 0; i < 100000 && atomic_load(pauses) < volume(8, 50); i++) {
        uint64_t start = mono_ms();

        ASSERT_NUMBER(client_visit(&scene->listen), 0);
        if (mono_ms() - start > slowest)
            slowest = mono_ms() - start;
    }
    printf("the slowest visit took %u ms\n", (unsigned)slowest);
    /* Whom the starved one was woken for, another one takes at once. */
    CU_ASSERT_TRUE(slowest < 200);
    CU_ASSERT_TRUE(procfs_cpu_percent(worker, 500) < 5);
    CU_ASSERT_TRUE(atomic_load(pauses) >= volume(8, 50));
    /* It says so once a second, and rests ten times in one. */
    CU_ASSERT_TRUE(count_lines(scene, "accepting is paused") <= 3 + volume(8, 50) / 10);
    ASSERT_NUMBER(crowd_echo(&old, &lost), old.count);
    CU_ASSERT_TRUE(limit_descriptors(worker, (unsigned long)before) != -1);
    ASSERT_NUMBER(client_visit_many(&scene->listen, 50), 0);
    crowd_close(&old);
}

static void test_one_worker_starves(void)
{
    static const struct scene_plan plan = {.backends = 2, .workers = WORKERS};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        starve_one(&scene);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"CS-01_refused", test_refused},
    {NULL, NULL},
};

static const struct unit_test modes_tests[] = {
    {"CS-01_refused", test_refused},
    {"CS-05_late_backend", test_late_backend},
    {NULL, NULL},
};

static const struct unit_test all_tests[] = {
    {"CS-01_refused", test_refused},
    {"CS-05_late_backend", test_late_backend},
    {"CS-07_long_ones_are_spread", test_long_ones_are_spread},
    {"RS-01_one_worker_starves", test_one_worker_starves},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", all_tests}, {"copy/4", tests},       {"splice/1", modes_tests},
        {"splice/4", tests},   {"auto/1", modes_tests}, {"auto/4", tests},
        {NULL, NULL},
    };

    return unit_main("test_setup", suites, argc, argv);
}
