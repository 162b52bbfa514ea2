/* status and stop against a board that a stand-in master has made. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "board/board_master.h"
#include "run.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test instance_tests[];

/* A process that makes a board and lives until TERM or until it is killed. */
struct master {
    pid_t pid;
    char name[CONF_NAME_SIZE];
};

static void wait_for_term(struct board *board)
{
    sigset_t term;
    int signal_number;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigwait(&term, &signal_number);
    board_unlink(board);
    _exit(0);
}

static _Noreturn void be_master(const char *name, pid_t child, int ready)
{
    struct board_plan plan = {
        .name = name, .services = 1, .backends = 1, .workers = 1, .group = (gid_t)-1};
    struct board *board = made_board(&plan);

    if (board == NULL || write(ready, "r", 1) != 1)
        _exit(1);
    board_add_child(board, child, process_start_time(child), BOARD_ROLE_WORKER, 0);
    if (write(ready, "r", 1) != 1)
        _exit(1);
    wait_for_term(board);
    _exit(1);
}

/* `child` is listed as its worker. */
static void start_master(struct master *master, pid_t child)
{
    sigset_t term;
    int ready[2];
    char byte;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    snprintf(master->name, sizeof(master->name), "k0slb-unit-control-%d", (int)getpid());
    CU_ASSERT_FATAL(pipe(ready) == 0);
    sigprocmask(SIG_BLOCK, &term, NULL);
    master->pid = fork();
    CU_ASSERT_FATAL(master->pid != -1);
    if (master->pid == 0)
        be_master(master->name, child, ready[1]);
    sigprocmask(SIG_UNBLOCK, &term, NULL);
    fd_close(&ready[1]);
    CU_ASSERT_FATAL(read(ready[0], &byte, 1) == 1);
    CU_ASSERT_FATAL(read(ready[0], &byte, 1) == 1);
    fd_close(&ready[0]);
}

static void clean_up(const struct master *master)
{
    char path[CONF_NAME_SIZE + 16];

    kill(master->pid, SIGKILL);
    waitpid(master->pid, NULL, 0);
    snprintf(path, sizeof(path), "/dev/shm/%s", master->name);
    unlink(path);
}

static void status_is_printed(void)
{
    struct master master;
    struct run run;
    char begin[200];

    start_master(&master, getpid());
    run_control(&run, (const char *const[]){"-n", master.name, "status", NULL});
    ASSERT_NUMBER(run.status, 0);
    snprintf(begin, sizeof(begin), " %s pid %d up ", master.name, (int)master.pid);
    CU_ASSERT(strncmp(run.out, "k0slb ", 6) == 0);
    CU_ASSERT(strstr(run.out, begin) != NULL);
    ASSERT_TEXT(run.err, "");
    clean_up(&master);
}

static void a_dead_master_is_status_3(void)
{
    struct master master;
    struct run run;
    char living[200];

    start_master(&master, getpid());
    kill(master.pid, SIGKILL);
    waitpid(master.pid, NULL, 0);
    snprintf(living, sizeof(living), "worker 1 (pid %d)", (int)getpid());
    run_control(&run, (const char *const[]){"status", "-n", master.name, NULL});
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.out, " is DEAD") != NULL);
    CU_ASSERT(strstr(run.out, living) != NULL);
    run_control(&run, (const char *const[]){"stop", "-n", master.name, NULL});
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, " is dead\n") != NULL);
    CU_ASSERT(strstr(run.err, "living children of it: worker (pid ") != NULL);
    clean_up(&master);
}

/* Reaps the master as soon as it ends, so that it is gone for those who look. */
static pid_t start_reaped(struct master *master)
{
    int ready[2];
    pid_t parent;
    char byte;

    CU_ASSERT_FATAL(pipe(ready) == 0);
    parent = fork();
    CU_ASSERT_FATAL(parent != -1);
    if (parent == 0) {
        start_master(master, 0);
        if (write(ready[1], "r", 1) != 1)
            _exit(1);
        waitpid(master->pid, NULL, 0);
        _exit(0);
    }
    CU_ASSERT_FATAL(read(ready[0], &byte, 1) == 1);
    fd_close(&ready[0]);
    fd_close(&ready[1]);
    snprintf(master->name, sizeof(master->name), "k0slb-unit-control-%d", (int)parent);
    return parent;
}

static void stop_stops_and_waits(void)
{
    struct master master;
    pid_t parent = start_reaped(&master);
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

static void another_version_is_not_read(void)
{
    struct master master;
    struct run run;
    char path[CONF_NAME_SIZE + 16];
    FILE *file;

    start_master(&master, getpid());
    snprintf(path, sizeof(path), "/dev/shm/%s", master.name);
    file = fopen(path, "r+");
    CU_ASSERT_FATAL(file != NULL);
    fseek(file, 8, SEEK_SET);
    fputc(99, file);
    fclose(file);
    run_control(&run, (const char *const[]){"status", "-n", master.name, NULL});
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, "is of another version of k0slb, or broken") != NULL);
    clean_up(&master);
}

const struct unit_test instance_tests[] = {
    {"status_is_printed", status_is_printed},
    {"a_dead_master_is_status_3", a_dead_master_is_status_3},
    {"stop_stops_and_waits", stop_stops_and_waits},
    {"another_version_is_not_read", another_version_is_not_read},
    {NULL, NULL},
};
