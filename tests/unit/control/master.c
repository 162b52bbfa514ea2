#include "master.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "board/board_master.h"
#include "unit/claim.h"
#include "unit/unit.h"

static void block_signals(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR2);
    sigprocmask(how, &set, NULL);
}

/* USR2 leaves the board where it is. */
static _Noreturn void obey(struct board *board, hup_fn *on_hup)
{
    int number = 0;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR2);
    while (sigwait(&set, &number) == 0 && number == SIGHUP) {
        if (on_hup != NULL)
            on_hup(board);
    }
    if (number == SIGTERM)
        board_unlink(board);
    _exit(0);
}

static _Noreturn void be_master(const char *name, pid_t child, hup_fn *on_hup, int ready)
{
    struct board_plan plan = {
        .name = name, .services = 1, .backends = 1, .workers = 1, .group = (gid_t)-1};
    struct board *board = made_board(&plan);

    if (board == NULL)
        _exit(1);
    /* One reload has been, and a second one has begun. */
    atomic_store(&board_my_master(board)->reloads_started, 2);
    atomic_store(&board_my_master(board)->reloads_finished, 1);
    board_add_child(board, child, process_start_time(child), BOARD_ROLE_WORKER, 0);
    if (write(ready, "r", 1) != 1)
        _exit(1);
    obey(board, on_hup);
}

void master_start(struct master *master, pid_t child, hup_fn *on_hup)
{
    int ready[2];
    char byte;

    snprintf(master->name, sizeof(master->name), "k0slb-unit-control-%d", (int)getpid());
    CU_ASSERT_FATAL(pipe(ready) == 0);
    block_signals(SIG_BLOCK);
    master->pid = fork();
    CU_ASSERT_FATAL(master->pid != -1);
    if (master->pid == 0)
        be_master(master->name, child, on_hup, ready[1]);
    block_signals(SIG_UNBLOCK);
    fd_close(&ready[1]);
    CU_ASSERT_FATAL(read(ready[0], &byte, 1) == 1);
    fd_close(&ready[0]);
}

void master_kill(const struct master *master)
{
    kill(master->pid, SIGKILL);
    waitpid(master->pid, NULL, 0);
}

void master_remove(const struct master *master)
{
    char path[CONF_NAME_SIZE + 24];

    master_kill(master);
    snprintf(path, sizeof(path), "/dev/shm/%s", master->name);
    unlink(path);
    strcat(path, ".lock");
    unlink(path);
}

void master_run_verb(const struct master *master, struct run *run, const char *verb)
{
    run_control(run, (const char *const[]){"-n", master->name, verb, NULL});
}

pid_t master_start_reaped(struct master *master, pid_t child, hup_fn *on_hup)
{
    int ready[2];
    pid_t parent;
    char byte;

    CU_ASSERT_FATAL(pipe(ready) == 0);
    parent = fork();
    CU_ASSERT_FATAL(parent != -1);
    if (parent == 0) {
        master_start(master, child, on_hup);
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
