/* The limit of open files: how far it goes, and what happens when accept4(2) meets an end. */
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/limit.h"
#include "system/scene.h"
#include "system/tracer.h"

/* ---- RS-01: accept4(2) itself fails ---- */

/* Nobody can be accepted for a while: no spinning, no harm, few words; and then all are served. */
static void fail_to_accept(const char *error)
{
    enum { SECONDS = 2, WAITING = 20 };
    static const struct scene_plan plan = {.backends = 1, .workers = 1};
    static struct crowd inside;
    static struct crowd waiting;
    struct tracer tracer;
    struct scene scene;
    char options[96];
    unsigned lost;

    snprintf(options, sizeof(options), "-e trace=accept4 -e inject=accept4:error=%s", error);
    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        ASSERT_NUMBER(crowd_open(&inside, &scene.listen, 5), 0);
        if (tracer_attach(&tracer, &scene.instance, worker, options) == 0) {
            ASSERT_NUMBER(crowd_queue(&waiting, &scene.listen, WAITING), 0);
            CU_ASSERT_TRUE(wait_log(&scene.instance, "accepting is paused", SOON_MS));
            CU_ASSERT_TRUE(procfs_cpu_percent(worker, 1000) <= 2);
            ASSERT_NUMBER(crowd_echo(&inside, &lost), inside.count);
            CU_ASSERT_TRUE(instance_log_count(&scene.instance, "accepting is paused") <=
                           SECONDS + 1);
            tracer_detach(&tracer);
            ASSERT_NUMBER(crowd_pass(&waiting), 0);
            ASSERT_NUMBER(crowd_echo(&inside, &lost), inside.count);
        } else {
            unit_skip("strace may not trace here");
        }
        crowd_close(&inside);
    }
    scene_close(&scene);
}

static void test_accept_fails(void)
{
    static const char *const errors[] = {"EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"};

    if (tracer_program() == NULL) {
        unit_skip("there is no strace");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        fail_to_accept(errors[i]);
}

/* An error that is about one connection is no reason to keep the next one waiting. */
static void test_accept_goes_on(void)
{
    static const struct scene_plan plan = {.backends = 1, .workers = 1};
    struct tracer tracer;
    struct scene scene;

    if (tracer_program() == NULL) {
        unit_skip("there is no strace");
        return;
    }
    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        if (tracer_attach(&tracer, &scene.instance, worker,
                          "-e trace=accept4 -e inject=accept4:error=ECONNABORTED:when=1..3") == 0) {
            struct client client;

            ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
            ASSERT_NUMBER(client_echo(&client, 64), 0);
            client_close(&client);
            ASSERT_NUMBER(atomic_load(&board_worker(scene.instance.board, 0)->accept_pauses), 0);
            CU_ASSERT_FALSE(instance_log_has(&scene.instance, "accepting is paused"));
            tracer_detach(&tracer);
        } else {
            unit_skip("strace may not trace here");
        }
    }
    scene_close(&scene);
}

/* ---- how many connections the limit of open files allows ---- */

/* What a worker keeps for its own use and for pipes, and what a connection takes. */
enum { KEPT_FDS = 64 + 2 * 32, SESSION_FDS = 2, FEW = 10000 };

/* As high as it may be, and the log says what that means. */
static void read_limit(unsigned descriptors)
{
    struct scene_plan plan = {.backends = 1, .workers = 1, .descriptors = descriptors};
    struct rlimit limit;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        unsigned most;
        char line[96];

        ASSERT_NUMBER(prlimit(scene.instance.pid, RLIMIT_NOFILE, NULL, &limit), 0);
        CU_ASSERT(limit.rlim_cur == limit.rlim_max);
        most = (unsigned)((limit.rlim_cur - KEPT_FDS) / SESSION_FDS);
        snprintf(line, sizeof(line), "the limit of open files %s each worker %u connections",
                 most < FEW ? "leaves" : "allows", most);
        CU_ASSERT_TRUE(wait_log(&scene.instance, line, SOON_MS));
    }
    scene_close(&scene);
}

static void test_open_files(void)
{
    read_limit(600);
    read_limit(0);
}

/* ---- reloading without any ---- */

/*
 * A worker that has no descriptor left takes part in a reload all the same, new listening sockets
 * included: it keeps a few for that. It is asked again and again, and keeps them again each time.
 */
static void test_reload_at_the_limit(void)
{
    static const char one[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n";
    static const char more[] = CHANGE_BEGIN "[service test]\nlisten = @L, @A, @B\nserver b1 = @1\n";
    struct scene scene;

    if (change_open(&scene, 1, one) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        long before = limit_descriptors(worker, (unsigned)procfs_first_free_fd(worker));

        CU_ASSERT_TRUE(before > 0);
        for (int i = 0; i < 3; i++) {
            ASSERT_CHANGE(&scene, more);
            ASSERT_CHANGE(&scene, one);
        }
        ASSERT_NUMBER(limit_descriptors(worker, (unsigned long)before) == -1, false);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, 0), worker);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"RS-01_accept_fails", test_accept_fails},
    {"RS-01_accept_goes_on", test_accept_goes_on},
    {"open_files", test_open_files},
    {"reload_at_the_limit", test_reload_at_the_limit},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/1", tests}, {NULL, NULL}};

    return unit_main("test_descriptors", suites, argc, argv);
}
