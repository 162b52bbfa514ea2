/* Starting, signals, stopping: what the master does when it is told. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

#include "system/scene.h"

/* With sessions open and bytes under way: gone at once, and nothing is left. */
static void stop_by(int number)
{
    static const struct scene_plan plan = {.backends = 2, .stats = true};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        instance_signal(&scene.instance, number);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        CU_ASSERT_TRUE(client_next(&client, SOON_MS) >= CLIENT_FIN);
        client_close(&client);
    }
    scene_close_ended(&scene);
}

static void test_term(void)
{
    stop_by(SIGTERM);
}

static void test_int(void)
{
    stop_by(SIGINT);
}

/* Nobody new, those that are there to their end, then the end. */
static void test_quit_drains(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        instance_signal(&scene.instance, SIGQUIT);
        CU_ASSERT_TRUE(wait_busy_worker(&scene.instance, "draining", SOON_MS));
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, 200), -1);
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        client_close(&client);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
    }
    scene_close_ended(&scene);
}

/* TERM ends a drain that nobody wants to wait for. */
static void test_term_ends_drain(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        instance_signal(&scene.instance, SIGQUIT);
        CU_ASSERT_TRUE(wait_busy_worker(&scene.instance, "draining", SOON_MS));
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
        client_close(&client);
    }
    scene_close_ended(&scene);
}

/* A process that does not even obey TERM because it is stopped is ended all the same. */
static void test_stop_with_stopped_worker(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
    }
    scene_close_ended(&scene);
}

/* HUP with the same file: the same workers carry the same sessions; the checker is a new one. */
static void test_hup_reloads(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        pid_t checker = instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0);

        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        instance_signal(&scene.instance, SIGHUP);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "reloaded: epoch 2", SOON_MS));
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, 0), worker);
        CU_ASSERT(instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0) != checker);
        client_close(&client);
    }
    scene_close(&scene);
}

/* Children get the group's HUP, INT and QUIT too when a terminal sends them, and ignore them. */
static void test_children_ignore_terminal(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        static const enum board_role roles[] = {BOARD_ROLE_WORKER, BOARD_ROLE_CHECKER,
                                                BOARD_ROLE_STATS};

        for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
            pid_t pid = instance_child(&scene.instance, roles[i], 0);

            ASSERT_NUMBER(instance_kill(pid, SIGHUP), 0);
            ASSERT_NUMBER(instance_kill(pid, SIGINT), 0);
            ASSERT_NUMBER(instance_kill(pid, SIGQUIT), 0);
            ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
            ASSERT_NUMBER(instance_child(&scene.instance, roles[i], 0), pid);
        }
    }
    scene_close(&scene);
}

/* The second one says so and touches nothing of the first. */
static void test_double_start(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        struct instance second = scene.instance;

        second.board = NULL;
        snprintf(second.log, sizeof(second.log), "%s/log2", second.dir);
        ASSERT_NUMBER(instance_spawn(&second, NULL), 0);
        ASSERT_NUMBER(instance_wait_exit(&second, SOON_MS), 1);
        CU_ASSERT_TRUE(instance_log_has(&second, scene.instance.name));
        CU_ASSERT_TRUE(instance_log_has(&second, "already"));
        CU_ASSERT_TRUE(instance_is_empty(&second, SOON_MS));
        unlink(second.log);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        ASSERT_NUMBER(look_counts(&scene.instance).total, 5);
    }
    scene_close(&scene);
}

/* The line names the address, the service, and the process that has the port: this one. */
static void test_port_in_use(void)
{
    struct scene scene;
    struct addr taken;
    char address[ADDR_TEXT_SIZE];
    char pid[24];
    char text[512];
    int fd;

    if (scene_init(&scene) == -1)
        return;
    taken = scene.listen;
    fd = listen_at(&taken, 1);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    snprintf(text, sizeof(text),
             "[k0slb]\nname = %s\nworkers = 1\n[stats]\nlisten =\n"
             "[service taken]\nlisten = %s\nserver b1 = 127.0.0.1:1\n",
             scene.instance.name, addr_format(&taken, address));
    ASSERT_NUMBER(instance_configure(&scene.instance, text), 0);
    ASSERT_NUMBER(instance_spawn(&scene.instance, NULL), 0);
    ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 1);
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, address));
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, "taken"));
    CU_ASSERT_TRUE(instance_log_has(&scene.instance, pid));
    fd_close(&fd);
    scene_close_ended(&scene);
}

/*
 * TERM while it is still being born: it ends at once, either way, and leaves nothing. The moments
 * are spread over the whole birth.
 */
static void test_stop_while_starting(void)
{
    enum { TIMES = 20, STEP_US = 500 };
    char address[ADDR_TEXT_SIZE];
    char text[512];
    struct scene scene;

    for (unsigned i = 0; i < TIMES; i++) {
        struct timespec moment = {.tv_nsec = (long)i * STEP_US * 1000};
        int status;

        if (scene_init(&scene) == -1)
            return;
        snprintf(text, sizeof(text),
                 "[k0slb]\nname = %s\nworkers = 2\n[stats]\nlisten =\n"
                 "[service test]\nlisten = %s\nserver b1 = 127.0.0.1:1\n",
                 scene.instance.name, addr_format(&scene.listen, address));
        ASSERT_NUMBER(instance_configure(&scene.instance, text), 0);
        ASSERT_NUMBER(instance_spawn(&scene.instance, NULL), 0);
        nanosleep(&moment, NULL);
        status = instance_stop(&scene.instance);
        CU_ASSERT_TRUE(status == 0 || status == 128 + SIGTERM);
        scene_close_ended(&scene);
    }
}

static const struct unit_test tests[] = {
    {"term", test_term},
    {"int", test_int},
    {"stop_while_starting", test_stop_while_starting},
    {"quit_drains", test_quit_drains},
    {"term_ends_drain", test_term_ends_drain},
    {"stop_with_stopped_worker", test_stop_with_stopped_worker},
    {"hup_reloads", test_hup_reloads},
    {"children_ignore_terminal", test_children_ignore_terminal},
    {"double_start", test_double_start},
    {"port_in_use", test_port_in_use},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_lifecycle", suites, argc, argv);
}
