/* stop, of a living instance and of what a dead one has left. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "master.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test stop_tests[];

static void stop_stops_and_waits(void)
{
    struct master master;
    pid_t parent = master_start_reaped(&master, 0, NULL);
    struct run run;
    int status = -1;

    run_control(&run, (const char *const[]){"stop", "-n", master.name, NULL});
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, " stopped (pid ") != NULL);
    ASSERT_TEXT(run.err, "");
    CU_ASSERT(waitpid(parent, &status, 0) == parent);
    ASSERT_NUMBER(status, 0);
    run_control(&run, (const char *const[]){"stop", "-n", master.name, NULL});
    ASSERT_NUMBER(run.status, 3);
}

/* Of another version, the list of processes can be read all the same. */
static void another_version_is_only_stopped(void)
{
    struct master master;
    pid_t parent = master_start_reaped(&master, 0, NULL);
    char path[CONF_NAME_SIZE + 16];
    struct run run;
    FILE *file;

    snprintf(path, sizeof(path), "/dev/shm/%s", master.name);
    file = fopen(path, "r+");
    CU_ASSERT_FATAL(file != NULL);
    fseek(file, 8, SEEK_SET);
    fputc(99, file);
    fclose(file);
    master_run_verb(&master, &run, "status");
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, "is of another version of k0slb, or broken") != NULL);
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(waitpid(parent, NULL, 0) == parent);
}

/* ---- what a dead master has left ---- */

/* Until somebody ends it. */
static int live_on(void *context)
{
    (void)context;
    while (pause() == -1)
        ;
    return 0;
}

static int ignore_term(void *context)
{
    _Atomic int *is_ready = context;

    signal(SIGTERM, SIG_IGN);
    atomic_store(is_ready, 1);
    return live_on(NULL);
}

static bool has_file(const struct master *master, const char *suffix)
{
    char path[CONF_NAME_SIZE + 24];

    snprintf(path, sizeof(path), "/dev/shm/%s%s", master->name, suffix);
    return access(path, F_OK) == 0;
}

static void stop_ends_what_is_left(void)
{
    pid_t worker = child_start(live_on, NULL);
    struct master master;
    struct run run;

    master_start(&master, worker, NULL);
    master_kill(&master);
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, "was dead; ended what was left: 1 process\n") != NULL);
    ASSERT_TEXT(run.err, "");
    ASSERT_NUMBER(child_wait(worker), CHILD_SIGNAL(SIGTERM));
    CU_ASSERT_FALSE(has_file(&master, ""));
    CU_ASSERT_FALSE(has_file(&master, ".lock"));
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 3);
}

/* Writes a pid file, or one that could be taken for it. */
static void write_pid_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(fd_write_all(fd, text, strlen(text)) == 0);
    fd_close(&fd);
}

/* The one that the file names goes when it is the dead master's, and stays when it is not. */
static void stop_removes_its_pid_file_alone(void)
{
    static const char *const texts[] = {"its own", "1\n", "", "-1\n", "rubbish"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char config[] = "/tmp/k0slb-unit-control-XXXXXX";
        char path[sizeof(config) + 8];
        struct master master;
        char text[400];
        struct run run;
        int fd = mkstemp(config);

        CU_ASSERT_FATAL(fd != -1);
        master_start(&master, 0, NULL);
        master_kill(&master);
        snprintf(path, sizeof(path), "%s.pid", config);
        snprintf(text, sizeof(text),
                 "[k0slb]\nname = %s\npid_file = %s\n[service a]\nlisten = 127.0.0.1:1\n"
                 "server b = 127.0.0.1:2\n",
                 master.name, path);
        CU_ASSERT(fd_write_all(fd, text, strlen(text)) == 0);
        fd_close(&fd);
        snprintf(text, sizeof(text), "%d\n", (int)master.pid);
        write_pid_file(path, i == 0 ? text : texts[i]);
        run_control(&run, (const char *const[]){"-c", config, "stop", NULL});
        ASSERT_NUMBER(run.status, 0);
        ASSERT_NUMBER(access(path, F_OK), i == 0 ? -1 : 0);
        unlink(path);
        unlink(config);
    }
}

static void what_ignores_term_is_killed(void)
{
    void *shared = child_share(sizeof(_Atomic int));
    pid_t worker = child_start(ignore_term, shared);
    struct master master;
    struct run run;

    CU_ASSERT_TRUE(child_await(worker, shared));
    master_start(&master, worker, NULL);
    master_kill(&master);
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_NUMBER(child_wait(worker), CHILD_SIGNAL(SIGKILL));
    child_unshare(shared, sizeof(_Atomic int));
}

/* A number that has been given to another process since. */
static void another_process_is_left_alone(void)
{
    pid_t other = child_start(live_on, NULL);
    struct master master;
    char path[CONF_NAME_SIZE + 16];
    uint64_t start = 1;
    struct run run;
    int fd;

    master_start(&master, other, NULL);
    master_kill(&master);
    snprintf(path, sizeof(path), "/dev/shm/%s", master.name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    CU_ASSERT(pwrite(fd, &start, sizeof(start),
                     offsetof(struct board_prefix, children[0].start_time)) == sizeof(start));
    fd_close(&fd);
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, "ended what was left: 0 processes\n") != NULL);
    CU_ASSERT_TRUE(child_is_running(other));
    kill(other, SIGKILL);
    ASSERT_NUMBER(child_wait(other), CHILD_SIGNAL(SIGKILL));
}

/* A segment that another user has put there lists root's processes: they are not root's to end. */
static void a_stranger_names_nobody_else(void)
{
    pid_t victim = child_start(live_on, NULL);
    struct master master;
    char path[CONF_NAME_SIZE + 16];
    struct run run;

    if (geteuid() != 0) {
        kill(victim, SIGKILL);
        (void)child_wait(victim);
        unit_skip("needs root");
        return;
    }
    master_start(&master, victim, NULL);
    snprintf(path, sizeof(path), "/dev/shm/%s", master.name);
    CU_ASSERT(chown(path, 65534, 65534) == 0);
    master_run_verb(&master, &run, "reload");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.err, "cannot be told to reload: Operation not permitted") != NULL);
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_TRUE(process_start_time(master.pid) != 0);
    master_kill(&master);
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.err, "not everything could be ended: worker (pid ") != NULL);
    CU_ASSERT_TRUE(child_is_running(victim));
    kill(victim, SIGKILL);
    ASSERT_NUMBER(child_wait(victim), CHILD_SIGNAL(SIGKILL));
    master_remove(&master);
}

static void step_down_leaves_the_others(void)
{
    pid_t worker = child_start(live_on, NULL);
    struct master master;
    struct run run;
    pid_t parent = master_start_reaped(&master, worker, NULL);

    run_control(&run, (const char *const[]){"-n", master.name, "stop", "--step-down", NULL});
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, "; 1 processes go on serving\n") != NULL);
    CU_ASSERT(waitpid(parent, NULL, 0) == parent);
    CU_ASSERT_TRUE(child_is_running(worker));
    run_control(&run, (const char *const[]){"-n", master.name, "stop", "--step-down", NULL});
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT_TRUE(child_is_running(worker));
    master_run_verb(&master, &run, "stop");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_NUMBER(child_wait(worker), CHILD_SIGNAL(SIGTERM));
}

const struct unit_test stop_tests[] = {
    {"stop_stops_and_waits", stop_stops_and_waits},
    {"another_version_is_only_stopped", another_version_is_only_stopped},
    {"stop_ends_what_is_left", stop_ends_what_is_left},
    {"stop_removes_its_pid_file_alone", stop_removes_its_pid_file_alone},
    {"what_ignores_term_is_killed", what_ignores_term_is_killed},
    {"another_process_is_left_alone", another_process_is_left_alone},
    {"a_stranger_names_nobody_else", a_stranger_names_nobody_else},
    {"step_down_leaves_the_others", step_down_leaves_the_others},
    {NULL, NULL},
};
