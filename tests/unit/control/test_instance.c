/* The verbs that need an instance, against a board that a stand-in master has made. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "board/board_master.h"
#include "run.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test instance_tests[];

/* What a stand-in master does when HUP has come. */
typedef void hup_fn(struct board *board);

/* A process that makes a board and lives until TERM or until it is killed. */
struct master {
    pid_t pid;
    char name[CONF_NAME_SIZE];
};

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

/* `child` is listed as its worker. */
static void start_master(struct master *master, pid_t child, hup_fn *on_hup)
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

static void kill_master(const struct master *master)
{
    kill(master->pid, SIGKILL);
    waitpid(master->pid, NULL, 0);
}

static void clean_up(const struct master *master)
{
    char path[CONF_NAME_SIZE + 24];

    kill_master(master);
    snprintf(path, sizeof(path), "/dev/shm/%s", master->name);
    unlink(path);
    strcat(path, ".lock");
    unlink(path);
}

static void run_verb(struct run *run, const struct master *master, const char *verb)
{
    run_control(run, (const char *const[]){"-n", master->name, verb, NULL});
}

/* ---- status ---- */

static void status_is_printed(void)
{
    struct master master;
    struct run run;
    char begin[200];

    start_master(&master, getpid(), NULL);
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

    start_master(&master, getpid(), NULL);
    kill_master(&master);
    snprintf(living, sizeof(living), "worker 1 (pid %d)", (int)getpid());
    run_verb(&run, &master, "status");
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.out, " is DEAD") != NULL);
    CU_ASSERT(strstr(run.out, living) != NULL);
    clean_up(&master);
}

/* ---- stop ---- */

/* Reaps the master as soon as it ends, so that it is gone for those who look. */
static pid_t start_reaped(struct master *master, pid_t child, hup_fn *on_hup)
{
    int ready[2];
    pid_t parent;
    char byte;

    CU_ASSERT_FATAL(pipe(ready) == 0);
    parent = fork();
    CU_ASSERT_FATAL(parent != -1);
    if (parent == 0) {
        start_master(master, child, on_hup);
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
    pid_t parent = start_reaped(&master, 0, NULL);
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
    pid_t parent = start_reaped(&master, 0, NULL);
    char path[CONF_NAME_SIZE + 16];
    struct run run;
    FILE *file;

    snprintf(path, sizeof(path), "/dev/shm/%s", master.name);
    file = fopen(path, "r+");
    CU_ASSERT_FATAL(file != NULL);
    fseek(file, 8, SEEK_SET);
    fputc(99, file);
    fclose(file);
    run_verb(&run, &master, "status");
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, "is of another version of k0slb, or broken") != NULL);
    run_verb(&run, &master, "stop");
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

    start_master(&master, worker, NULL);
    kill_master(&master);
    run_verb(&run, &master, "stop");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, "was dead; ended what was left: 1 process\n") != NULL);
    ASSERT_TEXT(run.err, "");
    ASSERT_NUMBER(child_wait(worker), CHILD_SIGNAL(SIGTERM));
    CU_ASSERT_FALSE(has_file(&master, ""));
    CU_ASSERT_FALSE(has_file(&master, ".lock"));
    run_verb(&run, &master, "stop");
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
        start_master(&master, 0, NULL);
        kill_master(&master);
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
    start_master(&master, worker, NULL);
    kill_master(&master);
    run_verb(&run, &master, "stop");
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

    start_master(&master, other, NULL);
    kill_master(&master);
    snprintf(path, sizeof(path), "/dev/shm/%s", master.name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    CU_ASSERT(pwrite(fd, &start, sizeof(start),
                     offsetof(struct board_prefix, children[0].start_time)) == sizeof(start));
    fd_close(&fd);
    run_verb(&run, &master, "stop");
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
    start_master(&master, victim, NULL);
    snprintf(path, sizeof(path), "/dev/shm/%s", master.name);
    CU_ASSERT(chown(path, 65534, 65534) == 0);
    run_verb(&run, &master, "reload");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.err, "cannot be told to reload: Operation not permitted") != NULL);
    run_verb(&run, &master, "stop");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_TRUE(process_start_time(master.pid) != 0);
    kill_master(&master);
    run_verb(&run, &master, "stop");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.err, "not everything could be ended: worker (pid ") != NULL);
    CU_ASSERT_TRUE(child_is_running(victim));
    kill(victim, SIGKILL);
    ASSERT_NUMBER(child_wait(victim), CHILD_SIGNAL(SIGKILL));
    clean_up(&master);
}

static void step_down_leaves_the_others(void)
{
    pid_t worker = child_start(live_on, NULL);
    struct master master;
    struct run run;
    pid_t parent = start_reaped(&master, worker, NULL);

    run_control(&run, (const char *const[]){"-n", master.name, "stop", "--step-down", NULL});
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, "; 1 processes go on serving\n") != NULL);
    CU_ASSERT(waitpid(parent, NULL, 0) == parent);
    CU_ASSERT_TRUE(child_is_running(worker));
    run_control(&run, (const char *const[]){"-n", master.name, "stop", "--step-down", NULL});
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT_TRUE(child_is_running(worker));
    run_verb(&run, &master, "stop");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_NUMBER(child_wait(worker), CHILD_SIGNAL(SIGTERM));
}

/* ---- reload ---- */

static void begin_one(struct board *board)
{
    atomic_fetch_add(&board_my_master(board)->reloads_started, 1);
}

static void end_one(struct board *board, uint64_t epoch, const char *errors)
{
    struct board_master *master = board_my_master(board);

    snprintf(master->reload_errors, sizeof(master->reload_errors), "%s", errors);
    atomic_store(&master->reload_ok, *errors == '\0');
    atomic_store(&master->epoch, epoch);
    atomic_fetch_add(&master->reloads_finished, 1);
}

/* So long that whoever would take the first result has taken it. */
static void let_them_look(void)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000000L};

    nanosleep(&pause, NULL);
}

/* The one that was under way ends well, and only then the one that was asked for begins. */
static void refuse_the_second(struct board *board)
{
    end_one(board, 5, "");
    let_them_look();
    begin_one(board);
    let_them_look();
    end_one(board, 5, "FILE:1: first\033[31m\nFILE:2: second\n");
}

static void accept_the_second(struct board *board)
{
    end_one(board, 5, "FILE:1: an earlier mistake\n");
    let_them_look();
    begin_one(board);
    let_them_look();
    end_one(board, 6, "");
}

/* Another one is under way again when the result is there, and it is there all the same. */
static void never_rest(struct board *board)
{
    end_one(board, 5, "");
    begin_one(board);
    end_one(board, 6, "");
    begin_one(board);
}

static void die(struct board *board)
{
    board_unlink(board);
    _exit(1);
}

static void reload_prints_its_own_result(void)
{
    static const struct {
        hup_fn *fn;
        int status;
        const char *out;
        const char *err;
    } cases[] = {
        {accept_the_second, 0, "reloaded: epoch 6\n", ""},
        {refuse_the_second, 1, "",
         "k0slbctl: FILE:1: first?[31m\nk0slbctl: FILE:2: second\n"
         "k0slbctl: %s: the reload is refused: nothing has changed\n"},
        {never_rest, 0, "reloaded: epoch 6\n", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct master master;
        struct run run;
        char wanted[400] = "";
        const char *place = strstr(cases[i].err, "%s");

        start_master(&master, 0, cases[i].fn);
        run_verb(&run, &master, "reload");
        ASSERT_NUMBER(run.status, cases[i].status);
        ASSERT_TEXT(run.out, cases[i].out);
        if (place != NULL)
            snprintf(wanted, sizeof(wanted), "%.*s%s%s", (int)(place - cases[i].err), cases[i].err,
                     master.name, place + 2);
        ASSERT_TEXT(run.err, wanted);
        clean_up(&master);
    }
}

static void a_master_that_dies_gives_no_result(void)
{
    struct master master;
    pid_t parent = start_reaped(&master, 0, die);
    struct run run;

    run_verb(&run, &master, "reload");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.err, " has ended before the reload was over\n") != NULL);
    CU_ASSERT(waitpid(parent, NULL, 0) == parent);
}

static void a_dead_master_is_told_nothing(void)
{
    struct master master;
    struct run run;

    start_master(&master, 0, NULL);
    kill_master(&master);
    run_verb(&run, &master, "reload");
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, "is not running: its master (pid ") != NULL);
    clean_up(&master);
}

/* ---- health ---- */

static void health_says_what_healthz_says(void)
{
    struct master master;
    struct run run;

    start_master(&master, getpid(), NULL);
    run_verb(&run, &master, "health");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strncmp(run.out, "no worker serves: ", 18) == 0);
    ASSERT_TEXT(run.err, "");
    kill_master(&master);
    run_verb(&run, &master, "health");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.out, "the master is dead") != NULL);
    clean_up(&master);
}

static void nothing_left_is_not_running(void)
{
    struct master master;
    struct run run;

    start_master(&master, 0, NULL);
    kill_master(&master);
    run_verb(&run, &master, "health");
    ASSERT_NUMBER(run.status, 3);
    ASSERT_TEXT(run.out, "");
    CU_ASSERT(strstr(run.err, "is dead, and nothing of it is left\n") != NULL);
    clean_up(&master);
}

const struct unit_test instance_tests[] = {
    {"status_is_printed", status_is_printed},
    {"a_dead_master_is_status_3", a_dead_master_is_status_3},
    {"stop_stops_and_waits", stop_stops_and_waits},
    {"another_version_is_only_stopped", another_version_is_only_stopped},
    {"stop_ends_what_is_left", stop_ends_what_is_left},
    {"stop_removes_its_pid_file_alone", stop_removes_its_pid_file_alone},
    {"what_ignores_term_is_killed", what_ignores_term_is_killed},
    {"another_process_is_left_alone", another_process_is_left_alone},
    {"a_stranger_names_nobody_else", a_stranger_names_nobody_else},
    {"step_down_leaves_the_others", step_down_leaves_the_others},
    {"reload_prints_its_own_result", reload_prints_its_own_result},
    {"a_master_that_dies_gives_no_result", a_master_that_dies_gives_no_result},
    {"a_dead_master_is_told_nothing", a_dead_master_is_told_nothing},
    {"health_says_what_healthz_says", health_says_what_healthz_says},
    {"nothing_left_is_not_running", nothing_left_is_not_running},
    {NULL, NULL},
};
