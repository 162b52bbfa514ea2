/* Reload: what must not be touched by one, and what must not grow through many. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mono.h"
#include "base/process.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/leak.h"
#include "system/load.h"
#include "system/volume.h"

/* The pids of the workers, in the order of their slots. */
static void note_workers(const struct scene *scene, pid_t *pids, unsigned count)
{
    for (unsigned slot = 0; slot < count; slot++)
        pids[slot] = instance_child(&scene->instance, BOARD_ROLE_WORKER, slot);
}

static void assert_same_workers(const struct scene *scene, const pid_t *pids, unsigned count)
{
    for (unsigned slot = 0; slot < count; slot++)
        ASSERT_NUMBER(instance_child(&scene->instance, BOARD_ROLE_WORKER, slot), pids[slot]);
}

static void signal_workers(const pid_t *pids, unsigned count, int number)
{
    for (unsigned slot = 0; slot < count; slot++)
        ASSERT_NUMBER(instance_kill(pids[slot], number), 0);
}

/*
 * RL-01. Two valid files by turns, one with another weight, another timeout, a backend and a
 * service less. Nothing fails, the same processes carry it, and they hold no more than before.
 */
static const char with_all[] = CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                            "server b1 = @1\nserver b2 = @2 weight=2\n"
                                            "server b3 = @3\n"
                                            "[service more]\nlisten = @A, @B\nserver b1 = @1\n";
static const char with_less[] = CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                             "connect_timeout = 2s\nretries = 2\n"
                                             "server b1 = @1\nserver b2 = @2\n";

static void reload_by_turns(struct scene *scene, struct load *load)
{
    unsigned reloads = volume(10, 100);
    uint64_t visits = volume(2000, 200000);

    for (unsigned i = 0; i < reloads; i++) {
        ASSERT_CHANGE(scene, i % 2 == 0 ? with_less : with_all);
        CU_ASSERT_TRUE(load_wait_round(load, CLIENT_PATIENCE_MS));
        CU_ASSERT_TRUE(load_wait_visits(load, visits * (i + 1) / reloads, 60000));
    }
}

/* What each process needs once and keeps is there after this: as many sessions as will come. */
static void warm_up(struct scene *scene)
{
    static struct crowd crowd;

    ASSERT_NUMBER(crowd_open(&crowd, &scene->listen, volume(100, CROWD_MAX)), 0);
    for (unsigned i = 0; i < crowd.count; i += 10)
        ASSERT_NUMBER(client_echo(&crowd.clients[i], MIB(1)), 0);
    ASSERT_CHANGE(scene, with_less);
    ASSERT_CHANGE(scene, with_all);
    crowd_close(&crowd);
    CU_ASSERT_TRUE(wait_active(&scene->instance, 0, SOON_MS));
}

static void test_under_load(void)
{
    struct load_plan plan = {.visitors = 3, .bulks = volume(2, 4), .streams = volume(50, 500)};
    unsigned workers = scene_mode()->workers;
    static struct load load;
    struct scene scene;
    struct leak before;
    pid_t pids[4];

    if (change_open(&scene, 3, with_all) == 0) {
        note_workers(&scene, pids, workers);
        plan.address = scene.listen;
        warm_up(&scene);
        leak_count(&scene.instance, &before);
        ASSERT_NUMBER(load_start(&load, &plan), 0);
        reload_by_turns(&scene, &load);
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        assert_same_workers(&scene, pids, workers);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        CU_ASSERT_TRUE(leak_wait_flat(&scene.instance, &before, SOON_MS));
    }
    scene_close(&scene);
}

/* RL-02. What waits in the kernel while no worker runs is served when they do. */
enum { QUEUED = 100 };

static void queue_and_reload(struct scene *scene, const pid_t *pids)
{
    static struct client clients[QUEUED];
    unsigned workers = scene_mode()->workers;
    uint64_t start = mono_ms();
    char name[48];

    signal_workers(pids, workers, SIGSTOP);
    for (unsigned i = 0; i < QUEUED; i++)
        ASSERT_NUMBER(client_open(&clients[i], &scene->listen), 0);
    ASSERT_NO_CHANGE(scene, with_less);
    CU_ASSERT_TRUE(mono_ms() - start >= 2000);
    CU_ASSERT_TRUE(mono_ms() - start < 4000);
    snprintf(name, sizeof(name), "worker %u (pid %d) did not answer", workers,
             (int)pids[workers - 1]);
    change_assert_said(&scene->instance, name);
    signal_workers(pids, workers, SIGCONT);
    for (unsigned i = 0; i < QUEUED; i++) {
        ASSERT_NUMBER(client_echo(&clients[i], 100), 0);
        client_close(&clients[i]);
    }
    ASSERT_CHANGE(scene, with_less);
    ASSERT_CHANGE(scene, with_all);
    assert_same_workers(scene, pids, workers);
}

static void test_queued_connections(void)
{
    unsigned rounds = volume(1, 100);
    struct scene scene;
    pid_t pids[4];

    if (change_open(&scene, 3, with_all) == 0) {
        note_workers(&scene, pids, scene_mode()->workers);
        for (unsigned i = 0; i < rounds; i++)
            queue_and_reload(&scene, pids);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "answers an earlier reload", SOON_MS));
    }
    scene_close(&scene);
}

/* The worker's loop has turned so often since this call. */
static bool wait_beats(const struct scene *scene, unsigned slot, unsigned beats)
{
    const struct board_worker *worker = board_worker(scene->instance.board, slot);
    uint64_t deadline_ms = mono_ms() + SOON_MS + beats * 1000;

    while (beats > 0) {
        uint64_t last = atomic_load(&worker->heartbeat_ms);

        while (atomic_load(&worker->heartbeat_ms) == last) {
            if (mono_ms() > deadline_ms)
                return false;
            wait_a_moment();
        }
        beats--;
    }
    return true;
}

/*
 * An answer that comes while the next reload waits for one is not taken for it. The master is made
 * to see the HUP first and the late answer second: it stands still while both come, in that order.
 */
static void test_late_answer(void)
{
    struct scene scene;

    if (change_open(&scene, 3,
                    CHANGE_RELAY "workers = 2\n" CHANGE_SILENT CHANGE_CHECKS
                                 "[service test]\nlisten = @L\nserver b1 = @1\n") == 0) {
        static const char next[] = CHANGE_RELAY "workers = 2\n" CHANGE_SILENT CHANGE_CHECKS
                                                "[service test]\nlisten = @L\nserver b2 = @2\n";
        pid_t late = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        uint64_t begun;

        ASSERT_NUMBER(instance_kill(late, SIGSTOP), 0);
        ASSERT_NO_CHANGE(&scene, next);
        begun = change_begun(&scene.instance);
        ASSERT_NUMBER(instance_kill(scene.instance.pid, SIGSTOP), 0);
        instance_signal(&scene.instance, SIGHUP);
        ASSERT_NUMBER(instance_kill(late, SIGCONT), 0);
        CU_ASSERT_TRUE(wait_beats(&scene, 0, 2));
        ASSERT_NUMBER(instance_kill(late, SIGSTOP), 0);
        ASSERT_NUMBER(instance_kill(scene.instance.pid, SIGCONT), 0);
        ASSERT_NUMBER(change_wait(&scene.instance, begun), CHANGE_REFUSED);
        change_assert_said(&scene.instance, "worker 1 (pid");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "answers an earlier reload", SOON_MS));
        ASSERT_NUMBER(instance_kill(late, SIGCONT), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(scene.peers[1].served, 0);
        ASSERT_CHANGE(&scene, next);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(scene.peers[1].served, 20);
    }
    scene_close(&scene);
}

/*
 * A refused reload leaves nothing of its listeners: not with the master, and not with a worker that
 * hears of both, the question and its withdrawal, much later.
 */
static void test_refused_listener(void)
{
    struct scene scene;

    if (change_open(&scene, 1,
                    CHANGE_RELAY "workers = 2\n" CHANGE_SILENT CHANGE_CHECKS
                                 "[service test]\nlisten = @L\nserver b1 = @1\n") == 0) {
        static const char next[] = CHANGE_RELAY "workers = 2\n[stats]\nlisten = @S\n" CHANGE_CHECKS
                                                "[service test]\nlisten = @L, @A\nserver b1 = @1\n";
        pid_t stopped = instance_child(&scene.instance, BOARD_ROLE_WORKER, 1);
        struct leak before;

        leak_count(&scene.instance, &before);
        ASSERT_NUMBER(instance_kill(stopped, SIGSTOP), 0);
        ASSERT_NO_CHANGE(&scene, next);
        ASSERT_NUMBER(instance_kill(stopped, SIGCONT), 0);
        CU_ASSERT_TRUE(leak_wait_flat(&scene.instance, &before, SOON_MS));
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        CU_ASSERT_TRUE(scene_is_refused(&scene.stats));
        ASSERT_CHANGE(&scene, next);
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 10), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
    }
    scene_close(&scene);
}

/* ---- RL-07: health ---- */

/* Looks at health words all the time: whether one that is up was ever anything else. */
struct watcher {
    struct scene *scene;
    unsigned slots[2];
    atomic_bool stop;
    atomic_uint blinks;
    pthread_t thread;
};

static void *watch_main(void *argument)
{
    struct watcher *watcher = argument;

    while (!atomic_load(&watcher->stop)) {
        const struct timespec pause = {.tv_nsec = 200000};

        for (size_t i = 0; i < ARRAY_LEN(watcher->slots); i++)
            atomic_fetch_add(&watcher->blinks, board_health(watcher->scene->instance.board,
                                                            watcher->slots[i]) != BOARD_UP);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

#define HEALTH_BEGIN                                                                               \
    CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\nserver b2 = @2\nserver b3 = @3\n"

static void reload_with_one_down(struct scene *scene, struct load *load)
{
    static const char *const files[] = {
        HEALTH_BEGIN "check_interval = 150ms\n",
        HEALTH_BEGIN "server b4 = @4\n",
        HEALTH_BEGIN "check_rise = 3\ncheck_fall = 4\n",
        HEALTH_BEGIN "server b4 = @4\ncheck_timeout = 2s\n",
    };

    for (unsigned i = 0; i < volume(12, 100); i++) {
        ASSERT_CHANGE(scene, files[i % ARRAY_LEN(files)]);
        CU_ASSERT_TRUE(load_wait_round(load, CLIENT_PATIENCE_MS));
        ASSERT_NUMBER(look_backend(&scene->instance, "b4").connect_errors, 0);
        ASSERT_NUMBER(look_backend(&scene->instance, "b4").counts.total, 0);
    }
}

/*
 * One of three is down, and new ones that nobody can reach come and go: no connection is tried
 * there, and those that are up are up all the time.
 */
static void test_health_goes_on(void)
{
    static struct load load;
    struct scene scene;

    if (change_open(&scene, 4, HEALTH_BEGIN) == 0) {
        struct load_plan plan = {.visitors = 2, .address = scene.listen};
        struct watcher watcher = {.scene = &scene};
        struct snapshot_backend down;

        peer_close(&scene.peers[0]);
        peer_close(&scene.peers[3]);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        down = look_backend(&scene.instance, "b1");
        watcher.slots[0] = look_backend(&scene.instance, "b2").slot;
        watcher.slots[1] = look_backend(&scene.instance, "b3").slot;
        ASSERT_NUMBER(pthread_create(&watcher.thread, NULL, watch_main, &watcher), 0);
        ASSERT_NUMBER(load_start(&load, &plan), 0);
        reload_with_one_down(&scene, &load);
        load_stop(&load);
        atomic_store(&watcher.stop, true);
        pthread_join(watcher.thread, NULL);
        ASSERT_NUMBER(load_failures(&load), 0);
        ASSERT_NUMBER(atomic_load(&watcher.blinks), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").connect_errors, down.connect_errors);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.total, down.counts.total);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_DOWN);
    }
    scene_close(&scene);
}

/* One that comes anew and is up gets its share once it has been looked at, and not before. */
static void test_new_backend(void)
{
    static const char slowly[] = HEALTH_BEGIN "server b4 = @4\n";
    struct scene scene;

    if (change_open(&scene, 4, HEALTH_BEGIN) == 0) {
        ASSERT_CHANGE(&scene, slowly);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b4", STATUS_UP, SOON_MS));
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b4").check.code == CHECKED_L4OK);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 200), 0);
        CU_ASSERT_TRUE(scene.peers[3].served > 10);
    }
    scene_close(&scene);
}

/* ---- RL-08: many ---- */

/* Every tenth fails, each in another way. */
enum failure { BAD_LINE, PORT_IN_USE, NEEDS_RESTART, OUTGROWN, STOPPED_WORKER, FAILURES };

/* Sixty-five backends, one more than the board of a small configuration has room for. */
static void write_outgrown(struct scene *scene)
{
    struct textbuf text;

    textbuf_init(&text, 64 * 1024);
    textbuf_puts(&text, CHANGE_BEGIN "[service test]\nlisten = @L\n");
    for (unsigned i = 0; i < 65; i++)
        textbuf_printf(&text, "server s%u = @1\n", i);
    ASSERT_NUMBER(change_write(scene, text.data), 0);
    textbuf_fini(&text);
}

static void fail_one(struct scene *scene, enum failure failure)
{
    static const char *const files[FAILURES] = {
        [BAD_LINE] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\nblance = x\n",
        /* Backend 3 listens there. */
        [PORT_IN_USE] = CHANGE_BEGIN "[service test]\nlisten = @L, @A, @3\nserver b1 = @1\n",
        [NEEDS_RESTART] = CHANGE_SILENT "[k0slb]\nname = another\n[service test]\nlisten = @L\n"
                                        "server b1 = @1\n",
        [STOPPED_WORKER] = CHANGE_BEGIN "[service test]\nlisten = @L, @A\nserver b1 = @1\n"
                                        "[service new]\nlisten = @B\nserver b9 = @1\n",
    };
    pid_t worker = instance_child(&scene->instance, BOARD_ROLE_WORKER, 0);

    if (failure == OUTGROWN)
        write_outgrown(scene);
    else
        ASSERT_NUMBER(change_write(scene, files[failure]), 0);
    if (failure == STOPPED_WORKER)
        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
    ASSERT_NUMBER(change_hup(&scene->instance), CHANGE_REFUSED);
    if (failure == STOPPED_WORKER)
        ASSERT_NUMBER(instance_kill(worker, SIGCONT), 0);
}

static void succeed_one(struct scene *scene, unsigned i)
{
    static const char *const files[] = {
        CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\nserver b2 = @2 weight=3\n",
        CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n"
                     "[service other]\nlisten = @A, @B\nserver b1 = @1\nserver c1 = @2\n",
        CHANGE_HEAD CHANGE_CHECKS "[stats]\nlisten = @S\n"
                                  "[service test]\nlisten = @L\nbalance = roundrobin\n"
                                  "server b1 = @1\nserver b3 = @3\n",
    };

    ASSERT_CHANGE(scene, files[i % ARRAY_LEN(files)]);
}

static void assert_little_memory(const struct scene *scene, const struct leak *before)
{
    struct leak now;

    leak_count(&scene->instance, &now);
    printf("private memory of the master: %ld KiB, before %ld KiB\n", now.master_kib,
           before->master_kib);
    CU_ASSERT_TRUE(now.master_kib <= before->master_kib + 256);
}

static void test_many(void)
{
    unsigned reloads = volume(60, 1000);
    static struct load load;
    struct scene scene;
    struct leak before;

    if (change_open(&scene, 3, with_all) == 0) {
        struct load_plan plan = {
            .visitors = 1, .pause_us = 20000, .streams = 5, .address = scene.listen};

        for (unsigned i = 0; i < 6; i++)
            succeed_one(&scene, i);
        warm_up(&scene);
        leak_count(&scene.instance, &before);
        ASSERT_NUMBER(load_start(&load, &plan), 0);
        for (unsigned i = 0; i < reloads; i++) {
            if (i % 10 == 9)
                fail_one(&scene, (enum failure)(i / 10 % FAILURES));
            else
                succeed_one(&scene, i);
        }
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        ASSERT_CHANGE(&scene, with_all);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        CU_ASSERT_TRUE(leak_wait_flat(&scene.instance, &before, 5000));
        assert_little_memory(&scene, &before);
    }
    scene_close(&scene);
}

/* ---- RL-09: a storm ---- */

static bool has_last_weight(const struct snapshot *snapshot, const void *context)
{
    const unsigned *weight = context;

    return snapshot->service_count == 1 && snapshot->services[0].backend_count == 1 &&
           snapshot->services[0].backends[0].weight == *weight;
}

/* The file changes all the time, and HUPs come one a millisecond; the last file is in force. */
static void test_storm(void)
{
    enum { MOST_A_SECOND = 20, MOST_PROCESSES = 3 * 4 + 3 };
    unsigned storm = volume(300, 1000);
    static struct load load;
    struct scene scene;

    if (change_open(&scene, 1,
                    CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1 weight=1\n") == 0) {
        const struct timespec pause = {.tv_nsec = 1000000};
        struct load_plan plan = {.visitors = 1, .streams = 5, .address = scene.listen};
        unsigned weight = 0;
        unsigned reloads;
        uint64_t begun = change_begun(&scene.instance);
        uint64_t start = mono_ms();
        struct leak leak;

        ASSERT_NUMBER(load_start(&load, &plan), 0);
        for (unsigned i = 0; i < storm; i++) {
            char file[512];

            weight = 1 + i % 200;
            snprintf(file, sizeof(file),
                     CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1 weight=%u\n",
                     weight);
            ASSERT_NUMBER(change_write(&scene, file), 0);
            instance_signal(&scene.instance, SIGHUP);
            if (i % 50 == 0) {
                leak_count(&scene.instance, &leak);
                CU_ASSERT_TRUE(leak.children <= MOST_PROCESSES);
            }
            nanosleep(&pause, NULL);
        }
        CU_ASSERT_TRUE(wait_board(&scene.instance, has_last_weight, &weight, SOON_MS));
        reloads = (unsigned)(change_begun(&scene.instance) - begun);
        printf("%u HUPs in %u ms, %u reloads\n", storm, (unsigned)(mono_ms() - start), reloads);
        CU_ASSERT_TRUE(reloads <= 2 + (mono_ms() - start) * MOST_A_SECOND / 1000);
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        ASSERT_NUMBER(change_hup(&scene.instance), CHANGE_OK);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"RL-01_under_load", test_under_load},
    {NULL, NULL},
};

static const struct unit_test once[] = {
    {"RL-01_under_load", test_under_load},
    {"RL-02_queued_connections", test_queued_connections},
    {"RL-02_late_answer", test_late_answer},
    {"refused_listener", test_refused_listener},
    {"RL-07_health_goes_on", test_health_goes_on},
    {"RL-07_new_backend", test_new_backend},
    {"RL-08_many", test_many},
    {"RL-09_storm", test_storm},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/4", once},
        {"splice/1", tests},
        {NULL, NULL},
    };

    return unit_main("test_reload", suites, argc, argv);
}
