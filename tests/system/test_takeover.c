/* A master that is gone: its children go on, a new start takes over, and nobody notices. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/http.h"
#include "system/load.h"
#include "system/volume.h"

#define PLAIN CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n"

/* Orphans leave so soon after their last session. */
#define LEAVE_MS 5000

/* A start that takes over serves so soon; this machine may have other things to do. */
static unsigned serving_ms(void)
{
    return volume(5000, 1000);
}

static void kill_master(struct scene *scene)
{
    instance_signal(&scene->instance, SIGKILL);
    ASSERT_NUMBER(instance_wait_exit(&scene->instance, SOON_MS), 128 + SIGKILL);
}

static void start_again(struct scene *scene)
{
    uint64_t start = mono_ms();

    ASSERT_NUMBER(instance_start(&scene->instance), 0);
    printf("serves after %u ms\n", (unsigned)(mono_ms() - start));
    CU_ASSERT_TRUE(mono_ms() - start <= serving_ms());
}

static void stay(struct client *client, const struct addr *address)
{
    ASSERT_NUMBER(client_open(client, address), 0);
    ASSERT_NUMBER(client_echo(client, 100), 0);
}

/* The same with a worker of the present master: until the orphans are told to leave they accept,
 * too. */
static void stay_with_successor(struct scene *scene, struct client *client)
{
    for (int tries = 0; tries < 200; tries++) {
        stay(client, &scene->listen);
        if (wait_active(&scene->instance, 1, 0))
            return;
        client_close(client);
    }
    CU_FAIL("no new worker takes a connection");
}

static bool has_no_orphan(const struct snapshot *snapshot, const void *context)
{
    (void)context;
    for (size_t i = 0; i < snapshot->process_count; i++) {
        if (snapshot->processes[i].orphan)
            return false;
    }
    return true;
}

static void assert_orphans_leave(struct scene *scene)
{
    CU_ASSERT_TRUE(instance_has_no_earlier(&scene->instance, LEAVE_MS));
    CU_ASSERT_TRUE(wait_board(&scene->instance, has_no_orphan, NULL, LEAVE_MS));
}

/* ---- PF-08 ---- */

/* A child that has lost its master has closed its end of their channel. */
static void assert_children_know(const int *fds, const pid_t *pids, unsigned count)
{
    uint64_t start = mono_ms();
    unsigned knowing = 0;

    while (knowing < count && mono_ms() - start < SOON_MS) {
        knowing = 0;
        for (unsigned i = 0; i < count; i++)
            knowing += procfs_fd_count(pids[i]) < fds[i];
        wait_a_moment();
    }
    printf("%u of %u children know after %u ms\n", knowing, count, (unsigned)(mono_ms() - start));
    ASSERT_NUMBER(knowing, count);
    if (volume_is_whole())
        CU_ASSERT_TRUE(mono_ms() - start <= 100);
}

static void test_children_know(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    char answer[4096];
    struct scene scene;
    pid_t pids[6];
    int fds[6];

    if (scene_open(&scene, &plan) == 0) {
        unsigned workers = scene_mode()->workers;

        for (unsigned i = 0; i < workers; i++)
            pids[i] = instance_child(&scene.instance, BOARD_ROLE_WORKER, i);
        pids[workers] = instance_child(&scene.instance, BOARD_ROLE_STATS, 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        for (unsigned i = 0; i < workers + 1; i++)
            fds[i] = procfs_fd_count(pids[i]);
        kill_master(&scene);
        assert_children_know(fds, pids, workers + 1);
        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 200);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "degraded"));
        start_again(&scene);
        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 200);
    }
    scene_close(&scene);
}

/* From the kill to long after the new start nothing is refused, and nothing is cut. */
static void leave_under_load(int number, int status)
{
    static const struct scene_plan plan = {.backends = 3, .stats = true};
    static struct load load;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        struct load_plan load_plan = {
            .visitors = 3,
            .streams = volume(50, 500),
            .bulks = 2,
            .address = scene.listen,
        };
        uint64_t visits = volume(200, 5000);
        uint64_t total;

        ASSERT_NUMBER(load_start(&load, &load_plan), 0);
        CU_ASSERT_TRUE(load_wait_visits(&load, visits / 2, 60000));
        total = look_counts(&scene.instance).total;
        instance_signal(&scene.instance, number);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), status);
        CU_ASSERT_TRUE(load_wait_visits(&load, visits, 60000));
        start_again(&scene);
        CU_ASSERT_TRUE(load_wait_visits(&load, 2 * visits, 60000));
        CU_ASSERT_TRUE(load_wait_round(&load, CLIENT_PATIENCE_MS));
        CU_ASSERT_TRUE(look_counts(&scene.instance).total >= total);
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        assert_orphans_leave(&scene);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
    }
    scene_close(&scene);
}

static void test_killed(void)
{
    leave_under_load(SIGKILL, 128 + SIGKILL);
}

static void test_steps_down(void)
{
    leave_under_load(SIGUSR2, 0);
}

/* Sessions of three generations live side by side, each to its own end. */
static void test_twice(void)
{
    struct scene scene;
    struct client first;
    struct client second;
    struct client third;

    if (change_open(&scene, 1, PLAIN) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        stay(&first, &scene.listen);
        kill_master(&scene);
        start_again(&scene);
        stay(&second, &scene.listen);
        kill_master(&scene);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        start_again(&scene);
        stay_with_successor(&scene, &third);
        CU_ASSERT_FALSE(instance_has_no_earlier(&scene.instance, 0));
        ASSERT_NUMBER(client_echo(&first, 1000), 0);
        ASSERT_NUMBER(client_echo(&second, 1000), 0);
        client_close(&second);
        ASSERT_NUMBER(client_echo(&first, 1000), 0);
        client_close(&first);
        assert_orphans_leave(&scene);
        ASSERT_NUMBER(client_echo(&third, 1000), 0);
        /* What the first board had, and the last session; orphans go on counting on their own. */
        CU_ASSERT_TRUE(look_counts(&scene.instance).total >= 22);
        client_close(&third);
    }
    scene_close(&scene);
}

static bool is_down_for_a_while(const struct snapshot *snapshot, const void *context)
{
    (void)context;
    return snapshot->services[0].backends[1].since_seconds >= 1;
}

/* What was down stays down: nobody is sent there because a new master began. */
static void test_health_is_carried(void)
{
    static const struct scene_plan plan = {.backends = 3, .closed = 1 << 1};
    struct scene scene;
    struct snapshot_backend down;

    if (scene_open(&scene, &plan) == 0) {
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b2", STATUS_DOWN, SOON_MS));
        CU_ASSERT_TRUE(wait_board(&scene.instance, is_down_for_a_while, NULL, SOON_MS));
        down = look_backend(&scene.instance, "b2");
        kill_master(&scene);
        start_again(&scene);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 50), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").status, STATUS_DOWN);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b2").since_seconds >= down.since_seconds);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").connect_errors, down.connect_errors);
    }
    scene_close(&scene);
}

/* ---- with another file ---- */

static void test_changed_file(void)
{
    struct scene scene;
    struct client old;

    if (change_open(&scene, 2, CHANGE_BEGIN "[service test]\nlisten = @L, @A\nserver b1 = @1\n") ==
        0) {
        uint64_t deadline_ms;

        stay(&old, &scene.listen);
        kill_master(&scene);
        ASSERT_NUMBER(
            change_write(&scene, CHANGE_BEGIN "[service other]\nlisten = @A, @B\nserver b2 = @2\n"),
            0);
        start_again(&scene);
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 5), 0);
        ASSERT_NUMBER(client_visit_many(&scene.spare[1], 5), 0);
        deadline_ms = mono_ms() + SOON_MS;
        while (!scene_is_refused(&scene.listen) && mono_ms() < deadline_ms)
            wait_a_moment();
        CU_ASSERT_TRUE(scene_is_refused(&scene.listen));
        ASSERT_NUMBER(client_echo(&old, 1000), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[1].served, 10, SOON_MS));
        client_close(&old);
        assert_orphans_leave(&scene);
    }
    scene_close(&scene);
}

/* A start that fails takes nothing away; the next one takes over. */
static void test_bad_file(void)
{
    static const char *const bad[] = {
        PLAIN "blance = leastconn\n",
        CHANGE_BEGIN "[service test]\nlisten = @L, @1\nserver b1 = @1\n",
    };
    struct scene scene;
    struct client old;

    if (change_open(&scene, 1, PLAIN) == 0) {
        stay(&old, &scene.listen);
        kill_master(&scene);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
            ASSERT_NUMBER(change_write(&scene, bad[i]), 0);
            ASSERT_NUMBER(instance_spawn(&scene.instance, NULL), 0);
            ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 1);
            ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
            ASSERT_NUMBER(client_echo(&old, 100), 0);
        }
        ASSERT_NUMBER(change_write(&scene, PLAIN), 0);
        start_again(&scene);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        client_close(&old);
        assert_orphans_leave(&scene);
    }
    scene_close(&scene);
}

/* ---- the end of orphans ---- */

static void test_term_ends_orphans(void)
{
    struct scene scene;
    struct client old;
    struct client new;

    if (change_open(&scene, 1, PLAIN) == 0) {
        stay(&old, &scene.listen);
        kill_master(&scene);
        start_again(&scene);
        stay(&new, &scene.listen);
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
        CU_ASSERT_TRUE(client_next(&old, SOON_MS) >= CLIENT_FIN);
        CU_ASSERT_TRUE(client_next(&new, SOON_MS) >= CLIENT_FIN);
        CU_ASSERT_TRUE(instance_has_no_earlier(&scene.instance, 0));
        client_close(&old);
        client_close(&new);
    }
    scene_close_ended(&scene);
}

/* A worker that dies while there is no master: the others serve all the same. */
static void test_orphan_dies(void)
{
    struct scene scene;

    if (change_open(&scene, 1,
                    CHANGE_RELAY "workers = 3\n" CHANGE_SILENT CHANGE_CHECKS
                                 "[service test]\nlisten = @L\nserver b1 = @1\n") == 0) {
        pid_t first = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        pid_t checker = instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0);

        kill_master(&scene);
        ASSERT_NUMBER(instance_kill(first, SIGKILL), 0);
        ASSERT_NUMBER(instance_kill(checker, SIGKILL), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 50), 0);
        start_again(&scene);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 50), 0);
        assert_orphans_leave(&scene);
    }
    scene_close(&scene);
}

/* ---- in the middle of something ---- */

/*
 * The master is killed while a reload waits for a stopped worker: nobody has changed anything, and
 * the socket that was new is nobody's any more.
 */
static void test_during_reload(void)
{
    static const char next[] = CHANGE_BEGIN
        "[service test]\nlisten = @L, @A\nserver b2 = @2\n[service more]\nlisten = @B\n"
        "server b2 = @2\n";
    struct scene scene;
    struct client old;

    if (change_open(&scene, 2, PLAIN) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        uint64_t begun = change_begun(&scene.instance);

        stay(&old, &scene.listen);
        ASSERT_NUMBER(change_write(&scene, next), 0);
        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
        instance_signal(&scene.instance, SIGHUP);
        while (change_begun(&scene.instance) == begun)
            wait_a_moment();
        kill_master(&scene);
        ASSERT_NUMBER(instance_kill(worker, SIGCONT), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(scene.peers[1].served, 0);
        start_again(&scene);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 20), 0);
        ASSERT_NUMBER(client_visit_many(&scene.spare[1], 20), 0);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        client_close(&old);
        assert_orphans_leave(&scene);
    }
    scene_close(&scene);
}

/* Killed at any moment of many reloads: whatever the moment, the next start serves the file. */
static void test_at_any_moment(void)
{
    static const char next[] = CHANGE_BEGIN
        "[service test]\nlisten = @L, @A\nserver b2 = @2\n[service more]\nlisten = @B\n"
        "server b2 = @2\n";
    unsigned times = volume(20, 200);
    static struct load load;
    struct scene scene;

    if (change_open(&scene, 2, PLAIN) == 0) {
        struct load_plan plan = {.visitors = 1, .streams = 5, .address = scene.listen};

        ASSERT_NUMBER(load_start(&load, &plan), 0);
        for (unsigned i = 0; i < times; i++) {
            const struct timespec moment = {.tv_nsec = (long)(i % 20) * 300000};

            ASSERT_NUMBER(change_write(&scene, i % 2 == 0 ? next : PLAIN), 0);
            instance_signal(&scene.instance, SIGHUP);
            nanosleep(&moment, NULL);
            kill_master(&scene);
            start_again(&scene);
            if (i % 2 == 0)
                ASSERT_NUMBER(client_visit_many(&scene.spare[1], 2), 0);
        }
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        assert_orphans_leave(&scene);
    }
    scene_close(&scene);
}

/* ---- where sockets cannot be taken ---- */

/* The orphans close theirs first, and the new master binds its own. */
static void test_no_getfd(void)
{
    const char *build = getenv("K0SLB_BUILDDIR");
    char wrapper[4096];
    struct scene scene;
    struct client old;

    snprintf(wrapper, sizeof(wrapper), "%s/tests/system/wrap no-getfd",
             build != NULL ? build : ".");
    if (change_open(&scene, 1, PLAIN) == 0) {
        stay(&old, &scene.listen);
        kill_master(&scene);
        scene.instance.wrapper = wrapper;
        start_again(&scene);
        CU_ASSERT_TRUE(instance_log_has(&scene.instance, "does not let listening sockets"));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        client_close(&old);
        assert_orphans_leave(&scene);
    }
    scene_close(&scene);
}

static const struct unit_test modes[] = {
    {"PF-08_killed", test_killed},
    {NULL, NULL},
};

static const struct unit_test once[] = {
    {"PF-08_children_know", test_children_know},
    {"PF-08_killed", test_killed},
    {"steps_down", test_steps_down},
    {"twice", test_twice},
    {"health_is_carried", test_health_is_carried},
    {"changed_file", test_changed_file},
    {"bad_file", test_bad_file},
    {"term_ends_orphans", test_term_ends_orphans},
    {"orphan_dies", test_orphan_dies},
    {"during_reload", test_during_reload},
    {"at_any_moment", test_at_any_moment},
    {"no_getfd", test_no_getfd},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/4", once},
        {"splice/1", modes},
        {NULL, NULL},
    };

    return unit_main("test_takeover", suites, argc, argv);
}
