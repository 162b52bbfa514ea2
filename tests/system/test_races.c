/* Signals, deaths and reloads that meet at the worst moment: nothing hangs, nothing is left. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "base/process.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/client.h"

#define SERVICE   "[service test]\nlisten = @L\nserver b1 = @1\n"
#define PLAIN     CHANGE_BEGIN SERVICE
#define TWO       CHANGE_RELAY "workers = 2\n" CHANGE_SILENT CHANGE_CHECKS SERVICE
#define WITH_MORE PLAIN "[service more]\nlisten = @A\nserver b1 = @1\n"

/* Beyond every deadline of the master's: two seconds for a reload, one until children are killed.
 */
#define END_MS 8000

/* ---- the master stops while a reload changes over ---- */

static bool wait_committed(const struct instance *instance, uint64_t number)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    while (atomic_load(&board_master(instance->board)->committed) < number) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

/* A checker that is stopped holds the change up, after it has been decided, for two seconds. */
static void stop_while_changing(int number)
{
    struct scene scene;
    pid_t checker;

    if (change_open(&scene, 1, PLAIN) == 0) {
        checker = instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0);
        ASSERT_NUMBER(instance_kill(checker, SIGSTOP), 0);
        ASSERT_NUMBER(change_write(&scene, TWO), 0);
        instance_signal(&scene.instance, SIGHUP);
        CU_ASSERT_TRUE(wait_committed(&scene.instance, 1));
        instance_signal(&scene.instance, number);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, END_MS), 0);
    }
    scene_close_ended(&scene);
}

static void test_term_while_changing(void)
{
    stop_while_changing(SIGTERM);
}

static void test_quit_while_changing(void)
{
    stop_while_changing(SIGQUIT);
}

/* ---- what a refused reload leaves ---- */

/* The message with the new socket waits for a worker that is stopped. */
static void test_refused_port_is_closed(void)
{
    struct scene scene;
    pid_t worker;

    if (change_open(&scene, 1, PLAIN) == 0) {
        worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        ASSERT_NUMBER(instance_kill(worker, SIGSTOP), 0);
        ASSERT_NO_CHANGE(&scene, WITH_MORE);
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        ASSERT_NUMBER(instance_kill(worker, SIGCONT), 0);
        ASSERT_CHANGE(&scene, WITH_MORE);
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 5), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
    }
    scene_close(&scene);
}

/* ---- QUIT ---- */

/* Killed often enough, the next worker is not forked at once. */
static void kill_workers(struct scene *scene, unsigned times)
{
    pid_t worker = -1;

    for (unsigned i = 0; i < times; i++) {
        worker = wait_child(&scene->instance, BOARD_ROLE_WORKER, 0, worker, SOON_MS);
        ASSERT_NUMBER(instance_kill(worker, SIGKILL), 0);
    }
    for (uint64_t start = mono_ms(); mono_ms() - start < SOON_MS; wait_a_moment()) {
        if (instance_child(&scene->instance, BOARD_ROLE_WORKER, 0) == -1)
            return;
    }
    CU_FAIL("the worker has not been reaped");
}

static void test_quit_without_workers(void)
{
    struct scene scene;

    if (change_open(&scene, 1, PLAIN) == 0) {
        kill_workers(&scene, 6);
        instance_signal(&scene.instance, SIGQUIT);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, END_MS), 0);
    }
    scene_close_ended(&scene);
}

/* The sessions of an earlier master's workers are let finish too. */
static void test_quit_waits_for_orphans(void)
{
    struct client client = {.fd = -1};
    struct scene scene;

    if (change_open(&scene, 1, PLAIN) == 0) {
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        instance_signal(&scene.instance, SIGUSR2);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        instance_signal(&scene.instance, SIGQUIT);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, 1500), -1);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        client_close(&client);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, END_MS), 0);
    }
    client_close(&client);
    scene_close_ended(&scene);
}

/* ---- a restart ---- */

/* What a reload cannot do in one step, a restart can. */
static void test_restart_onto_overlap(void)
{
    struct client client = {.fd = -1};
    struct addr narrow;
    struct scene scene;
    char text[512];

    if (change_open(&scene, 1, PLAIN) == 0) {
        narrow = scene.spare[0];
        snprintf(text, sizeof(text), CHANGE_BEGIN "[service test]\nlisten = :%u\nserver b1 = @1\n",
                 (unsigned)narrow.port);
        ASSERT_CHANGE(&scene, text);
        ASSERT_NUMBER(client_open(&client, &narrow), 0);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        ASSERT_NO_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @A\nserver b1 = @1\n");
        change_assert_said(&scene.instance, "or a restart");
        instance_signal(&scene.instance, SIGUSR2);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(client_visit_many(&narrow, 20), 0);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        client_close(&client);
    }
    client_close(&client);
    scene_close(&scene);
}

/* The length of the first listener's queue; of a socket that listens, TCP_INFO has it here. */
static unsigned backlog_of(const struct instance *instance)
{
    const struct board_socket *sockets = board_master(instance->board)->prefix.sockets;
    struct tcp_info info = {.tcpi_sacked = 0};
    socklen_t length = sizeof(info);
    int fd = -1;

    for (size_t i = 0; i < BOARD_MAX_SOCKETS && fd == -1; i++) {
        if (atomic_load(&sockets[i].inode) != 0)
            fd = process_take_socket(instance->pid, process_start_time(instance->pid),
                                     atomic_load(&sockets[i].inode));
    }
    ASSERT_NUMBER(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    fd_close(&fd);
    return info.tcpi_sacked;
}

/* A socket that is taken over becomes what the file says. */
static void test_restart_with_backlog(void)
{
    struct scene scene;

    if (change_open(&scene, 1, PLAIN "backlog = 77\n") == 0) {
        ASSERT_NUMBER(backlog_of(&scene.instance), 77);
        ASSERT_NUMBER(change_write(&scene, PLAIN "backlog = 55\n"), 0);
        instance_signal(&scene.instance, SIGUSR2);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(backlog_of(&scene.instance), 55);
    }
    scene_close(&scene);
}

/* As a child has it that its master forked just before it was killed. */
static pid_t hold_lock(const struct instance *instance)
{
    const struct timespec moment = {.tv_nsec = 200000000};
    char path[96];
    pid_t pid;
    int fd;

    snprintf(path, sizeof(path), "/dev/shm/%s.lock", instance->name);
    fd = open(path, O_RDWR | O_CLOEXEC);
    CU_ASSERT_FATAL(fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0);
    pid = fork();
    if (pid == 0) {
        nanosleep(&moment, NULL);
        _exit(0);
    }
    close(fd);
    return pid;
}

static void test_lock_of_a_newborn(void)
{
    struct scene scene;
    pid_t holder;

    if (change_open(&scene, 1, PLAIN) == 0) {
        instance_signal(&scene.instance, SIGKILL);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 128 + SIGKILL);
        holder = hold_lock(&scene.instance);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(waitpid(holder, NULL, 0), holder);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
    }
    scene_close(&scene);
}

/* ---- signals that are meant for the master ---- */

static void test_usr2_to_everyone(void)
{
    struct client client = {.fd = -1};
    struct scene scene;
    pid_t worker;
    pid_t checker;

    if (change_open(&scene, 1, PLAIN) == 0) {
        worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        checker = instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0);
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        ASSERT_NUMBER(instance_kill(worker, SIGUSR2), 0);
        ASSERT_NUMBER(instance_kill(checker, SIGUSR2), 0);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        client_close(&client);
        CU_ASSERT_TRUE(wait_checked_again(&scene.instance, "b1", SOON_MS));
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, 0), worker);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0), checker);
    }
    client_close(&client);
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"term_while_changing", test_term_while_changing},
    {"quit_while_changing", test_quit_while_changing},
    {"refused_port_is_closed", test_refused_port_is_closed},
    {"quit_without_workers", test_quit_without_workers},
    {"quit_waits_for_orphans", test_quit_waits_for_orphans},
    {"restart_onto_overlap", test_restart_onto_overlap},
    {"restart_with_backlog", test_restart_with_backlog},
    {"lock_of_a_newborn", test_lock_of_a_newborn},
    {"usr2_to_everyone", test_usr2_to_everyone},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests},
        {NULL, NULL},
    };

    return unit_main("test_races", suites, argc, argv);
}
