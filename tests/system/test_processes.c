/* What becomes of the service when one of its processes dies. */
#include <signal.h>
#include <stdatomic.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/crowd.h"
#include "system/http.h"
#include "system/scene.h"

static unsigned sessions_of_worker(const struct scene *scene, unsigned slot)
{
    const struct board_worker *worker = board_worker(scene->instance.board, slot);

    return worker != NULL ? atomic_load(&worker->sessions) : 0;
}

/* The gauges say so many sessions, and no more come and go. */
static void assert_truth(struct scene *scene, unsigned alive, uint64_t total_before)
{
    CU_ASSERT_TRUE(wait_active(&scene->instance, alive, 1000));
    CU_ASSERT_TRUE(look_counts(&scene->instance).total >= total_before);
}

/* Its sessions end with it, all others live, the gauges fall to the truth, no total goes back. */
static void test_worker_killed(void)
{
    enum { SESSIONS = 40 };
    static const struct scene_plan plan = {.backends = 2};
    static struct crowd crowd;
    struct scene scene;
    unsigned lost;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t total;
        unsigned of_worker;
        pid_t old = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        ASSERT_NUMBER(crowd_open(&crowd, &scene.listen, SESSIONS), 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, SESSIONS, SOON_MS));
        total = look_counts(&scene.instance).total;
        of_worker = sessions_of_worker(&scene, 0);
        ASSERT_NUMBER(instance_kill(old, SIGKILL), 0);
        CU_ASSERT_TRUE(wait_child(&scene.instance, BOARD_ROLE_WORKER, 0, old, 1000) != -1);
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), SESSIONS - of_worker);
        ASSERT_NUMBER(lost, of_worker);
        assert_truth(&scene, SESSIONS - of_worker, total);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        assert_truth(&scene, SESSIONS - of_worker, total + 20);
        crowd_close(&crowd);
        assert_truth(&scene, 0, total + 20);
    }
    scene_close(&scene);
}

/* Health stays as it was meanwhile, and is looked after again. */
static void test_checker_killed(void)
{
    static const struct scene_plan plan = {.backends = 2, .closed = 1 << 0};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t old = instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0);

        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(instance_kill(old, SIGKILL), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_DOWN);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").status, STATUS_UP);
        CU_ASSERT_TRUE(wait_child(&scene.instance, BOARD_ROLE_CHECKER, 0, old, 1000) != -1);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").status, STATUS_UP);
        ASSERT_NUMBER(peer_reopen(&scene.peers[0]), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
    }
    scene_close(&scene);
}

static void test_stats_killed(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    char answer[4096];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t old = instance_child(&scene.instance, BOARD_ROLE_STATS, 0);

        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 200);
        ASSERT_NUMBER(instance_kill(old, SIGKILL), 0);
        CU_ASSERT_TRUE(wait_child(&scene.instance, BOARD_ROLE_STATS, 0, old, 1000) != -1);
        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 200);
        ASSERT_NUMBER(http_get(&scene.stats, "/readyz", answer, sizeof(answer)), 200);
    }
    scene_close(&scene);
}

/* One of four stands still: nobody new waits for it, and its sessions go on when it does. */
static void test_worker_stopped(void)
{
    enum { SESSIONS = 40, VISITS = 100, STALL_MS = 500 };
    static const struct scene_plan plan = {.backends = 2, .workers = 4};
    static struct crowd crowd;
    uint64_t slowest = 0;
    struct scene scene;
    unsigned lost;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        ASSERT_NUMBER(crowd_open(&crowd, &scene.listen, SESSIONS), 0);
        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
        for (unsigned i = 0; i < VISITS; i++) {
            uint64_t start = mono_ms();

            ASSERT_NUMBER(client_visit(&scene.listen), 0);
            slowest = mono_ms() - start > slowest ? mono_ms() - start : slowest;
        }
        CU_ASSERT_TRUE(slowest < STALL_MS);
        ASSERT_NUMBER(instance_kill(worker, SIGCONT), 0);
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), SESSIONS);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, 0), worker);
        crowd_close(&crowd);
    }
    scene_close(&scene);
}

/* Time in which the checker did not run speaks against nobody. */
static void test_checker_stopped(void)
{
    static const struct scene_plan plan = {.backends = 5};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t checker = instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0);

        ASSERT_NUMBER(instance_kill(checker, SIGSTOP), 0);
        CU_ASSERT_TRUE(procfs_cpu_percent(checker, 1500) < 1);
        ASSERT_NUMBER(instance_kill(checker, SIGCONT), 0);
        CU_ASSERT_TRUE(wait_checked_again(&scene.instance, "b1", SOON_MS));
        CU_ASSERT_TRUE(wait_checked_again(&scene.instance, "b5", SOON_MS));
        CU_ASSERT_FALSE(instance_log_has(&scene.instance, "is down"));
        CU_ASSERT_FALSE(instance_log_has(&scene.instance, "is suspect"));
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0), checker);
    }
    scene_close(&scene);
}

/* A child that dies again and again is replaced more and more slowly; nobody else is touched. */
static void test_crash_loop(void)
{
    enum { DEATHS = 5, LEAST_MS = 100 + 200 + 400 };
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        pid_t checker = instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0);
        uint64_t start = mono_ms();

        for (unsigned i = 0; i < DEATHS && checker != -1; i++) {
            ASSERT_NUMBER(instance_kill(checker, SIGKILL), 0);
            checker = wait_child(&scene.instance, BOARD_ROLE_CHECKER, 0, checker, 5000);
        }
        CU_ASSERT_TRUE(checker != -1);
        CU_ASSERT_TRUE(mono_ms() - start >= LEAST_MS);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, 0), worker);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
    }
    scene_close(&scene);
}

static bool has_no_orphan(const struct snapshot *snapshot, const void *context)
{
    const struct instance *instance = context;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        if (snapshot->processes[i].orphan)
            return false;
    }
    return snapshot->pid == instance->pid;
}

/*
 * Without a master the children go on; a new start takes their sockets, and they leave with their
 * last session.
 */
static void leave_and_take_over(int number, int status)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    struct client staying;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_open(&staying, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&staying, 1000), 0);
        instance_signal(&scene.instance, number);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), status);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        ASSERT_NUMBER(client_echo(&staying, 1000), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        ASSERT_NUMBER(client_echo(&staying, 1000), 0);
        client_close(&staying);
        CU_ASSERT_TRUE(wait_board(&scene.instance, has_no_orphan, &scene.instance, 5000));
        CU_ASSERT_TRUE(look_counts(&scene.instance).total >= 6);
    }
    scene_close(&scene);
}

static void test_master_killed(void)
{
    leave_and_take_over(SIGKILL, 128 + SIGKILL);
}

static void test_master_steps_down(void)
{
    leave_and_take_over(SIGUSR2, 0);
}

/* USR1: it takes nobody new, serves those it has to their end, leaves, and another one comes. */
static void test_worker_drained(void)
{
    static const struct scene_plan plan = {.backends = 1, .workers = 1};
    struct client staying;
    struct client waiting;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t old = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        ASSERT_NUMBER(client_open(&staying, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&staying, 64), 0);
        ASSERT_NUMBER(instance_kill(old, SIGUSR1), 0);
        CU_ASSERT_TRUE(wait_busy_worker(&scene.instance, "draining", SOON_MS));
        ASSERT_NUMBER(client_open(&waiting, &scene.listen), 0);
        ASSERT_NUMBER(client_next(&waiting, 200), CLIENT_STILL_OPEN);
        ASSERT_NUMBER(scene.peers[0].served, 1);
        ASSERT_NUMBER(client_echo(&staying, 1000), 0);
        client_close(&staying);
        CU_ASSERT_TRUE(wait_child(&scene.instance, BOARD_ROLE_WORKER, 0, old, SOON_MS) != -1);
        ASSERT_NUMBER(client_echo(&waiting, 1000), 0);
        client_close(&waiting);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"worker_killed", test_worker_killed},         {"checker_killed", test_checker_killed},
    {"stats_killed", test_stats_killed},           {"master_killed", test_master_killed},
    {"master_steps_down", test_master_steps_down}, {NULL, NULL},
};

static const struct unit_test once[] = {
    {"worker_killed", test_worker_killed},
    {"checker_killed", test_checker_killed},
    {"stats_killed", test_stats_killed},
    {"master_killed", test_master_killed},
    {"master_steps_down", test_master_steps_down},
    {"worker_drained", test_worker_drained},
    {"crash_loop", test_crash_loop},
    {"worker_stopped", test_worker_stopped},
    {"checker_stopped", test_checker_stopped},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"copy/4", once}, {"splice/1", tests}, {"splice/4", tests}, {NULL, NULL},
    };

    return unit_main("test_processes", suites, argc, argv);
}
