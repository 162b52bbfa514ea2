/* k0slbctl against a running balancer: what it does, what it says, and how it ends. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "unit/unit.h"

#include "system/command.h"
#include "system/scene.h"

/* Adds lines to the file, in its place, and returns how long it was. */
static off_t add_lines(const struct scene *scene, const char *lines)
{
    int fd = open(scene->instance.config, O_WRONLY | O_APPEND | O_CLOEXEC);
    off_t before = lseek(fd, 0, SEEK_END);

    CU_ASSERT_TRUE_FATAL(fd != -1);
    ASSERT_NUMBER(fd_write_all(fd, lines, strlen(lines)), 0);
    fd_close(&fd);
    return before;
}

/* Takes them away again. */
static void cut_file(const struct scene *scene, off_t size)
{
    ASSERT_NUMBER(truncate(scene->instance.config, size), 0);
}

/* Children of a master that is gone are this program's. */
static bool reap(pid_t pid)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    while (waitpid(pid, NULL, WNOHANG) != pid) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

/* ---- reload ---- */

static void test_reload(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static struct command command;
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 0);
        ASSERT_TEXT(command.text, "reloaded: epoch 2\n");
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 0);
        ASSERT_TEXT(command.text, "reloaded: epoch 3\n");
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        client_close(&client);
    }
    scene_close(&scene);
}

/* Every mistake is told, nothing changes, and the file that is good again is taken. */
static void test_reload_bad_file(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static struct command command;
    off_t size;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        size = add_lines(&scene, "[service other]\nlisten = nowhere\n[k0slb]\nrubbish = 1\n");
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 1);
        CU_ASSERT_TRUE(command_said(&command, "[service other] listen: "));
        CU_ASSERT_TRUE(command_said(&command, "[k0slb] rubbish: unknown key"));
        CU_ASSERT_TRUE(command_said(&command, "the reload is refused: nothing has changed\n"));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        cut_file(&scene, size);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 0);
        ASSERT_TEXT(command.text, "reloaded: epoch 2\n");
    }
    scene_close(&scene);
}

static void test_reload_restart_key(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static struct command command;
    off_t size;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        size = add_lines(&scene, "[k0slb]\nuser = daemon\n");
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 1);
        CU_ASSERT_TRUE(command_said(&command, "[k0slb] user: needs a restart"));
        cut_file(&scene, size);
    }
    scene_close(&scene);
}

/* One that does not answer is named, about 2 s later, and holds up nobody afterwards. */
static void test_reload_stopped_worker(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static struct command command;
    char name[64];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        uint64_t begun_ms = mono_ms();

        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 1);
        CU_ASSERT_TRUE(mono_ms() - begun_ms < 5000);
        snprintf(name, sizeof(name), "worker 1 (pid %d) did not answer within 2 s\n", (int)worker);
        CU_ASSERT_TRUE(command_said(&command, name));
        ASSERT_NUMBER(instance_kill(worker, SIGCONT), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 0);
        ASSERT_TEXT(command.text, "reloaded: epoch 2\n");
    }
    scene_close(&scene);
}

/* Begins a reload that cannot end: a worker is stopped. Returns the worker. */
static pid_t begin_reload(struct scene *scene)
{
    pid_t worker = instance_child(&scene->instance, BOARD_ROLE_WORKER, 0);

    ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
    instance_signal(&scene->instance, SIGHUP);
    CU_ASSERT_TRUE(wait_log(&scene->instance, "reloading ", SOON_MS));
    return worker;
}

/*
 * A reload is under way, of a file that was good: whoever asks now is told what became of the file
 * as it is now, by one more reload.
 */
static void test_reload_is_ones_own(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static struct command first;
    static struct command second;
    off_t size;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = begin_reload(&scene);

        size = add_lines(&scene, "[k0slb]\nrubbish = 1\n");
        command_start(&first, &scene.instance, "reload");
        command_start(&second, &scene.instance, "reload");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "refused", SOON_MS));
        ASSERT_NUMBER(instance_kill(worker, SIGCONT), 0);
        ASSERT_NUMBER(command_finish(&first), 1);
        CU_ASSERT_TRUE(command_said(&first, "[k0slb] rubbish: unknown key"));
        CU_ASSERT_PTR_NULL(strstr(first.text, "did not answer"));
        ASSERT_NUMBER(command_finish(&second), 1);
        CU_ASSERT_TRUE(command_said(&second, "[k0slb] rubbish: unknown key"));
        cut_file(&scene, size);
        ASSERT_NUMBER(command_run(&first, &scene.instance, "reload"), 0);
        ASSERT_TEXT(first.text, "reloaded: epoch 2\n");
    }
    scene_close(&scene);
}

/* One that drains takes no new configuration, and says so at once. */
static void test_reload_while_draining(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static struct command command;
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 0);
        instance_signal(&scene.instance, SIGQUIT);
        CU_ASSERT_TRUE(wait_busy_worker(&scene.instance, "draining", SOON_MS));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 1);
        CU_ASSERT_TRUE(command_said(&command, "this balancer is stopping\n"));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "reload"), 1);
        CU_ASSERT_TRUE(command_said(&command, "this balancer is stopping\n"));
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        client_close(&client);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
    }
    scene_close_ended(&scene);
}

/* ---- health ---- */

static void test_health(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    static struct command command;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 0);
        ASSERT_TEXT(command.text, "ok\n");
        instance_signal(&scene.instance, SIGKILL);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 128 + SIGKILL);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 0);
        ASSERT_TEXT(command.text, "degraded: the master is dead\n");
        ASSERT_NUMBER(command_run(&command, &scene.instance, "status"), 3);
        CU_ASSERT_TRUE(command_said(&command, " is DEAD, "));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 3);
    }
    scene_close_ended(&scene);
}

/* Nobody is left who serves; nobody brings them back either. */
static void test_health_without_workers(void)
{
    static const struct scene_plan plan = {.backends = 1, .workers = 1};
    static struct command command;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        instance_signal(&scene.instance, SIGKILL);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 128 + SIGKILL);
        ASSERT_NUMBER(instance_kill(worker, SIGKILL), 0);
        CU_ASSERT_TRUE(reap(worker));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 1);
        CU_ASSERT_TRUE(command_said(&command, "no worker serves: the master is dead"));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop"), 0);
    }
    scene_close_ended(&scene);
}

/* ---- stop ---- */

static void test_stop(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    static struct command command;
    struct scene scene;
    struct client client;
    char wanted[200];

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop"), 0);
        snprintf(wanted, sizeof(wanted), "%s stopped (pid %d)\n", scene.instance.name,
                 (int)scene.instance.pid);
        ASSERT_TEXT(command.text, wanted);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, 0), 0);
        CU_ASSERT_TRUE(client_next(&client, SOON_MS) >= CLIENT_FIN);
        client_close(&client);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop"), 3);
    }
    scene_close_ended(&scene);
}

/* What a dead master has left goes, also a process that obeys nothing. */
static void test_stop_after_master(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    static struct command command;
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        instance_signal(&scene.instance, SIGKILL);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 128 + SIGKILL);
        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop"), 0);
        CU_ASSERT_TRUE(command_said(&command, " was dead; ended what was left: 6 processes\n"));
        CU_ASSERT_TRUE(client_next(&client, SOON_MS) >= CLIENT_FIN);
        client_close(&client);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop"), 3);
    }
    scene_close_ended(&scene);
}

/* A new master stands over the orphans of an old one, and `stop` means them all. */
static void test_stop_with_orphans(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static struct command command;
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop --step-down"), 0);
        CU_ASSERT_TRUE(command_said(&command, "; 5 processes go on serving\n"));
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, 0), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop --step-down"), 3);
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "stop"), 0);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, 0), 0);
        CU_ASSERT_TRUE(client_next(&client, SOON_MS) >= CLIENT_FIN);
        client_close(&client);
    }
    scene_close_ended(&scene);
}

static const struct unit_test tests[] = {
    {"reload", test_reload},
    {"reload_bad_file", test_reload_bad_file},
    {"reload_restart_key", test_reload_restart_key},
    {"reload_stopped_worker", test_reload_stopped_worker},
    {"reload_is_ones_own", test_reload_is_ones_own},
    {"reload_while_draining", test_reload_while_draining},
    {"health", test_health},
    {"health_without_workers", test_health_without_workers},
    {"stop", test_stop},
    {"stop_after_master", test_stop_after_master},
    {"stop_with_orphans", test_stop_with_orphans},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_control", suites, argc, argv);
}
