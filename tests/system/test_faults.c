/* Processes that die, stand still, or may not do what they must; memory that is not there. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/leak.h"
#include "system/load.h"
#include "system/sanitized.h"
#include "system/tracer.h"
#include "system/volume.h"

enum { WORKERS = 4 };

static uint64_t accepted_by(const struct scene *scene, unsigned slot)
{
    return atomic_load(&board_worker(scene->instance.board, slot)->accepted);
}

/* Kills the worker of a slot and waits for the next one. Returns how long that took. */
static uint64_t kill_worker(struct scene *scene, unsigned slot)
{
    pid_t old = instance_child(&scene->instance, BOARD_ROLE_WORKER, slot);
    uint64_t start = mono_ms();

    ASSERT_NUMBER(instance_kill(old, SIGKILL), 0);
    CU_ASSERT_TRUE(wait_child(&scene->instance, BOARD_ROLE_WORKER, slot, old, 15000) != -1);
    return mono_ms() - start;
}

/* ---- PF-01 ---- */

/*
 * Each of four workers dies once under load: nobody else's connection fails, another worker is
 * there at once, and no counter goes back.
 */
static void kill_each_worker(struct scene *scene)
{
    static struct load load;
    struct load_plan plan = {.visitors = 3, .address = scene->listen};
    uint64_t slowest = 0;

    ASSERT_NUMBER(load_start(&load, &plan), 0);
    for (unsigned slot = 0; slot < WORKERS; slot++) {
        uint64_t total = look_counts(&scene->instance).total;
        uint64_t accepted = accepted_by(scene, slot);
        uint64_t took;

        CU_ASSERT_TRUE(load_wait_round(&load, CLIENT_PATIENCE_MS));
        took = kill_worker(scene, slot);
        slowest = took > slowest ? took : slowest;
        CU_ASSERT_TRUE(look_counts(&scene->instance).total >= total);
        CU_ASSERT_TRUE(accepted_by(scene, slot) >= accepted);
    }
    CU_ASSERT_TRUE(load_wait_round(&load, CLIENT_PATIENCE_MS));
    load_stop(&load);
    printf("the slowest replacement took %u ms\n", (unsigned)slowest);
    CU_ASSERT_TRUE(slowest <= volume(1000, 100));
    /* One visitor has one connection at a time, so one death costs it at most one. */
    CU_ASSERT_TRUE(load_failures(&load) <= (uint64_t)WORKERS * plan.visitors);
    ASSERT_NUMBER(client_visit_many(&scene->listen, 50), 0);
}

static void test_worker_killed_under_load(void)
{
    static const struct scene_plan plan = {.backends = 2, .workers = WORKERS};
    unsigned rounds = volume(1, 13);
    struct scene scene;

    for (unsigned i = 0; i < rounds; i++) {
        if (scene_open(&scene, &plan) == 0)
            kill_each_worker(&scene);
        scene_close(&scene);
    }
}

/* ---- PF-02 ---- */

/* The clients of a crowd that are left. */
static unsigned count_alive(struct crowd *crowd)
{
    unsigned alive = 0;

    for (unsigned i = 0; i < crowd->count; i++) {
        struct client *client = &crowd->clients[i];

        if (client->fd == -1)
            continue;
        if (client_next(client, 0) == CLIENT_STILL_OPEN)
            alive++;
        else
            client_close(client);
    }
    return alive;
}

static void fill_up(struct crowd *crowd, const struct addr *address)
{
    for (unsigned i = 0; i < crowd->count; i++) {
        struct client *client = &crowd->clients[i];

        if (client->fd == -1)
            ASSERT_NUMBER(client_open(client, address) == 0 && client_echo(client, 64) == 0, true);
    }
}

static void kill_and_compare(struct scene *scene, struct crowd *crowd)
{
    for (unsigned slot = 0; slot < WORKERS; slot++) {
        struct snapshot_counts before = look_counts(&scene->instance);
        struct snapshot_counts after;

        (void)kill_worker(scene, slot);
        CU_ASSERT_TRUE(wait_active(&scene->instance, count_alive(crowd), volume(3000, 1000)));
        after = look_counts(&scene->instance);
        CU_ASSERT_TRUE(after.total >= before.total && after.bytes_in >= before.bytes_in);
        fill_up(crowd, &scene->listen);
        CU_ASSERT_TRUE(wait_active(&scene->instance, crowd->count, SOON_MS));
    }
}

/* What the board says is what the clients have, and the balance is as if nobody had died. */
static void test_gauges_tell_the_truth(void)
{
    static const struct scene_plan plan = {.backends = 2, .workers = WORKERS};
    static struct crowd crowd;
    unsigned rounds = volume(1, 25);
    struct scene scene;

    for (unsigned i = 0; i < rounds; i++) {
        if (scene_open(&scene, &plan) == 0) {
            int difference;

            ASSERT_NUMBER(crowd_open(&crowd, &scene.listen, volume(80, 500)), 0);
            kill_and_compare(&scene, &crowd);
            difference = (int)look_backend(&scene.instance, "b1").counts.active -
                         (int)look_backend(&scene.instance, "b2").counts.active;
            CU_ASSERT_TRUE(abs(difference) <= 2);
            crowd_close(&crowd);
            CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        }
        scene_close(&scene);
    }
}

/* ---- PF-04 ---- */

static void sleep_ms(unsigned ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

/*
 * One of four stands still for a while: nobody new notices, and what it was carrying goes on, byte
 * for byte, when it does.
 */
static void test_worker_stands_still(void)
{
    static const struct scene_plan plan = {.backends = 2, .workers = WORKERS};
    static struct load old;
    static struct load new;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        struct load_plan carried = {.streams = 40, .bulks = 8, .address = scene.listen};
        struct load_plan visiting = {.visitors = 2, .address = scene.listen};
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        uint64_t until;

        ASSERT_NUMBER(load_start(&old, &carried), 0);
        CU_ASSERT_TRUE(load_wait_round(&old, CLIENT_PATIENCE_MS));
        CU_ASSERT_TRUE(atomic_load(&board_worker(scene.instance.board, 0)->sessions) > 0);
        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
        /* Well within the patience of those that it carries. */
        until = mono_ms() + volume(500, 6000);
        ASSERT_NUMBER(load_start(&new, &visiting), 0);
        CU_ASSERT_TRUE(load_wait_visits(&new, volume(100, 10000), 60000));
        if (mono_ms() < until)
            sleep_ms((unsigned)(until - mono_ms()));
        load_stop(&new);
        ASSERT_NUMBER(load_failures(&new), 0);
        CU_ASSERT_TRUE(atomic_load(&new.slowest_ms) < volume(500, 50));
        ASSERT_NUMBER(instance_kill(worker, SIGCONT), 0);
        CU_ASSERT_TRUE(load_wait_round(&old, CLIENT_PATIENCE_MS));
        load_stop(&old);
        ASSERT_NUMBER(load_failures(&old), 0);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, 0), worker);
    }
    scene_close(&scene);
}

/* ---- PF-10 ---- */

/* Deaths of one slot so far that make the next replacement wait. */
static void die_often(struct scene *scene, unsigned slot, unsigned deaths)
{
    for (unsigned i = 0; i < deaths; i++)
        (void)kill_worker(scene, slot);
}

/* One of four dies whenever it lives: it is replaced more and more slowly, and nobody minds. */
static void test_crash_loop(void)
{
    enum { DEATHS = 6, LEAST_MS = 100 + 200 + 400 + 800 };
    static const struct scene_plan plan = {.backends = 1, .workers = WORKERS};
    static struct load load;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        struct load_plan visiting = {.visitors = 2, .pause_us = 1000, .address = scene.listen};
        pid_t others[WORKERS];
        uint64_t start = mono_ms();
        long cpu = procfs_cpu_ms(scene.instance.pid);

        for (unsigned slot = 1; slot < WORKERS; slot++)
            others[slot] = instance_child(&scene.instance, BOARD_ROLE_WORKER, slot);
        ASSERT_NUMBER(load_start(&load, &visiting), 0);
        die_often(&scene, 0, DEATHS);
        load_stop(&load);
        CU_ASSERT_TRUE(mono_ms() - start >= LEAST_MS);
        cpu = procfs_cpu_ms(scene.instance.pid) - cpu;
        printf("the master used %ld ms of %u\n", cpu, (unsigned)(mono_ms() - start));
        CU_ASSERT_TRUE(cpu * 20 <= (long)(mono_ms() - start));
        CU_ASSERT_TRUE(load_failures(&load) <= (uint64_t)DEATHS * visiting.visitors);
        for (unsigned slot = 1; slot < WORKERS; slot++)
            ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, slot), others[slot]);
    }
    scene_close(&scene);
}

/*
 * A worker dies between its wake-up and its accept: the connection that woke it is nobody's, until
 * the other worker looks of itself. It may not wait for the replacement, which comes much later.
 */
static void test_killed_at_accept(void)
{
    enum { DEATHS = 6, LATEST_MS = 2200 };
    static const struct scene_plan plan = {.backends = 1, .workers = 2};
    struct tracer tracer;
    struct scene scene;

    if (tracer_program() == NULL) {
        unit_skip("there is no strace");
        return;
    }
    if (scene_open(&scene, &plan) == 0) {
        pid_t victim;
        uint64_t slowest = 0;

        die_often(&scene, 1, DEATHS);
        victim = instance_child(&scene.instance, BOARD_ROLE_WORKER, 1);
        if (tracer_attach(&tracer, &scene.instance, victim,
                          "-e trace=accept4 -e inject=accept4:signal=KILL:when=1") == 0) {
            for (unsigned i = 0;
                 i < 500 && instance_child(&scene.instance, BOARD_ROLE_WORKER, 1) == victim; i++) {
                uint64_t start;

                /* The other one is to wait for events again, and not to find this by chance. */
                wait_a_moment();
                start = mono_ms();
                ASSERT_NUMBER(client_visit(&scene.listen), 0);
                slowest = mono_ms() - start > slowest ? mono_ms() - start : slowest;
            }
            tracer_detach(&tracer);
            printf("served after %u ms\n", (unsigned)slowest);
            CU_ASSERT_TRUE(wait_log(&scene.instance, "was killed by signal 9", SOON_MS));
            CU_ASSERT(instance_child(&scene.instance, BOARD_ROLE_WORKER, 1) != victim);
            CU_ASSERT_TRUE(slowest < LATEST_MS);
        } else {
            unit_skip("strace may not trace here");
        }
    }
    scene_close(&scene);
}

/* ---- RS-13 ---- */

/* `wrap small-shm SIZE'. */
static void small_shm(struct scene *scene, char *wrapper, size_t size, unsigned long bytes)
{
    const char *build = getenv("K0SLB_BUILDDIR");

    snprintf(wrapper, size, "%s/tests/system/wrap small-shm %lu", build != NULL ? build : ".",
             bytes);
    scene->instance.wrapper = wrapper;
}

/* Root may not mount everywhere: in a chroot, or in a container without the right to. */
static bool may_make_shm_small(void)
{
    const char *build = getenv("K0SLB_BUILDDIR");
    char command[4096];
    int status;

    if (geteuid() != 0)
        return false;
    snprintf(command, sizeof(command), "%s/tests/system/wrap small-shm 65536 /bin/true",
             build != NULL ? build : ".");
    status = system(command);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#define ONE_WORKER                                                                                 \
    CHANGE_RELAY "workers = 1\n" CHANGE_SILENT CHANGE_CHECKS                                       \
                 "[service test]\nlisten = @L\nserver b1 = @1\n"

/* Said before anything is bound: the port that it would not get either is not mentioned. */
static void test_no_room_to_start(void)
{
    struct scene scene;
    char wrapper[4096];
    char path[128];
    uint64_t start;
    int fd;

    if (!may_make_shm_small()) {
        unit_skip("no namespace with a small /dev/shm");
        return;
    }
    if (scene_init(&scene) == -1 || scene_open_peers(&scene, 1, NULL) == -1)
        return;
    small_shm(&scene, wrapper, sizeof(wrapper), 64 * 1024);
    snprintf(path, sizeof(path), "/dev/shm/%s", scene.instance.name);
    ASSERT_NUMBER(change_write(&scene, ONE_WORKER), 0);
    fd = listen_at(&scene.listen, 1);
    start = mono_ms();
    ASSERT_NUMBER(instance_spawn(&scene.instance, NULL), 0);
    ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 1);
    CU_ASSERT_TRUE(mono_ms() - start <= volume(SOON_MS, 1000));
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, path));
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, "No space left"));
    CU_ASSERT_FALSE(instance_log_has(&scene.instance, "cannot listen"));
    fd_close(&fd);
    scene_close_ended(&scene);
}

/* Of a board for one worker, with the other two slots still unallocated. */
static unsigned long board_bytes(void)
{
    unsigned long bytes = 0;
    struct scene scene;

    if (change_open(&scene, 1, ONE_WORKER) == 0) {
        const struct board_layout *layout = &board_master(scene.instance.board)->layout;

        bytes = (unsigned long)(layout->worker_at + layout->sources_at);
    }
    scene_close(&scene);
    return bytes;
}

#define GROWN(global, service)                                                                     \
    CHANGE_RELAY global "\n" CHANGE_SILENT CHANGE_CHECKS "[service test]\nlisten = @L, @A\n"       \
                        "server b1 = @1\n" service "\n"

/* There is memory for one worker's part of the board alone: the reload is refused, and the old one
 * serves. */
static void refuse_to_grow(const char *template, const char *said)
{
    struct scene scene;
    struct client client;
    char wrapper[4096];

    if (!may_make_shm_small()) {
        unit_skip("no namespace with a small /dev/shm");
        return;
    }
    if (scene_init(&scene) == -1 || scene_open_peers(&scene, 1, NULL) == -1)
        return;
    small_shm(&scene, wrapper, sizeof(wrapper), board_bytes() + 4096);
    ASSERT_NUMBER(change_write(&scene, ONE_WORKER), 0);
    ASSERT_NUMBER(instance_spawn(&scene.instance, NULL), 0);
    /* Its board cannot be seen from here. */
    CU_ASSERT_TRUE(wait_log(&scene.instance, "probed once", SOON_MS));
    ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
    ASSERT_NUMBER(client_echo(&client, 100), 0);
    ASSERT_NUMBER(change_write(&scene, template), 0);
    instance_signal(&scene.instance, SIGHUP);
    CU_ASSERT_TRUE(wait_log(&scene.instance, "the reload is refused", SOON_MS));
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, said));
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, "No space left"));
    CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
    ASSERT_NUMBER(client_echo(&client, 100), 0);
    ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
    client_close(&client);
    scene_close(&scene);
}

static void test_no_room_to_grow(void)
{
    refuse_to_grow(GROWN("workers = 3", ""), "no room for more workers");
}

/* Memory for clients' addresses is had before anything is changed. */
static void test_no_room_for_sources(void)
{
    refuse_to_grow(GROWN("workers = 1", "balance = source-spread"),
                   "no room for tables of client addresses");
    refuse_to_grow(GROWN("workers = 1", "source_max_connections = 9"),
                   "no room for tables of client addresses");
}

static void test_no_room_for_sources_at_start(void)
{
    struct scene scene;
    char wrapper[4096];

    if (!may_make_shm_small()) {
        unit_skip("no namespace with a small /dev/shm");
        return;
    }
    if (scene_init(&scene) == -1 || scene_open_peers(&scene, 1, NULL) == -1)
        return;
    small_shm(&scene, wrapper, sizeof(wrapper), board_bytes() + 4096);
    ASSERT_NUMBER(change_write(&scene, GROWN("workers = 1", "balance = source-spread")), 0);
    ASSERT_NUMBER(instance_spawn(&scene.instance, NULL), 0);
    ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 1);
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, "max_sources"));
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, "No space left"));
    scene_close_ended(&scene);
}

/* ---- SE-01 ---- */

/* A child that cannot give up its rights does not live, and is not tried again and again. */
static void fail_to_drop(const char *call)
{
    struct scene scene;
    struct client client;
    struct leak leak;
    char wrapper[256];
    char said[64];

    if (IS_SANITIZED) {
        unit_skip("LeakSanitizer does not run under strace");
        return;
    }
    snprintf(wrapper, sizeof(wrapper),
             "%s -f -DD -o /dev/null -e trace=%s -e inject=%s:error=EPERM", tracer_program(), call,
             call);
    snprintf(said, sizeof(said), "cannot give up root: %s", call);
    if (scene_init(&scene) == -1 || scene_open_peers(&scene, 1, NULL) == -1)
        return;
    scene.instance.wrapper = wrapper;
    ASSERT_NUMBER(change_write(&scene, ONE_WORKER), 0);
    ASSERT_NUMBER(instance_spawn(&scene.instance, NULL), 0);
    if (wait_log(&scene.instance, said, SOON_MS)) {
        CU_ASSERT_TRUE(wait_log(&scene.instance, "worker 1 (pid", SOON_MS));
        CU_ASSERT_TRUE(wait_log(&scene.instance, "checker (pid", SOON_MS));
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_try_echo(&client, 300), -1);
        client_close(&client);
        leak_count(&scene.instance, &leak);
        ASSERT_NUMBER(leak.children, 0);
        ASSERT_NUMBER(scene.peers[0].served, 0);
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
    } else if (instance_log_has(&scene.instance, "ptrace")) {
        unit_skip("strace may not trace here");
    } else {
        CU_FAIL("nothing is said");
    }
    (void)instance_stop(&scene.instance);
    scene_close_ended(&scene);
}

static void test_rights_that_stay(void)
{
    static const char *const calls[] = {"setgroups", "setresgid", "setresuid"};

    if (geteuid() != 0 || tracer_program() == NULL) {
        unit_skip("that takes root and strace");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        fail_to_drop(calls[i]);
}

static const struct unit_test tests[] = {
    {"PF-01_worker_killed_under_load", test_worker_killed_under_load},
    {"PF-02_gauges_tell_the_truth", test_gauges_tell_the_truth},
    {"PF-04_worker_stands_still", test_worker_stands_still},
    {"PF-10_crash_loop", test_crash_loop},
    {"PF-01_killed_at_accept", test_killed_at_accept},
    {"RS-13_no_room_to_start", test_no_room_to_start},
    {"RS-13_no_room_to_grow", test_no_room_to_grow},
    {"RS-13_no_room_for_sources", test_no_room_for_sources},
    {"RS-13_no_room_for_sources_at_start", test_no_room_for_sources_at_start},
    {"SE-01_rights_that_stay", test_rights_that_stay},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_faults", suites, argc, argv);
}
