#include "base/daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "unit/child.h"
#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test daemonize_tests[];

/* What the daemon says about itself to the test; it has no descriptor left to say it through. */
struct shared {
    _Atomic int pid;
    uint64_t start_time;
    int caller; /* pid of the process that called */
    int parent_differs;
    int session_differs;
    int leads_group;
    int leads_session;
    int is_at_root;
    int mask;
    int sees_null;
    int has_foreign;
    int detached;
    _Atomic int may_end;
};

struct plan {
    struct shared *shared;
    int stray;   /* a descriptor that is not to be inherited */
    int error;   /* what the caller has as standard error; -1 = as it is */
    int status;  /* to be reported; -1 = none */
    bool detach; /* standard error first */
    bool linger; /* goes on until it may end */
};

static bool is_null(int fd)
{
    struct stat null;
    struct stat status;

    return stat("/dev/null", &null) == 0 && fstat(fd, &status) == 0 &&
           status.st_rdev == null.st_rdev && S_ISCHR(status.st_mode);
}

static void describe(const struct plan *plan)
{
    struct shared *shared = plan->shared;
    char here[8] = "";

    shared->parent_differs = getppid() != shared->caller;
    shared->session_differs = getsid(0) != getsid(shared->caller);
    shared->leads_group = getpgrp() == getpid();
    shared->leads_session = getsid(0) == getpid();
    shared->is_at_root = getcwd(here, sizeof(here)) != NULL && strcmp(here, "/") == 0;
    shared->mask = (int)umask(0);
    shared->sees_null = is_null(STDIN_FILENO) && is_null(STDOUT_FILENO);
    shared->has_foreign = plan->stray != -1 && descriptor_is_open(plan->stray);
}

static void live(const struct plan *plan, int report)
{
    struct shared *shared = plan->shared;

    describe(plan);
    shared->start_time = process_start_time(getpid());
    if (plan->detach) {
        int before = daemonize_detach();

        shared->detached = before > STDERR_FILENO && is_null(STDERR_FILENO) &&
                           descriptor_is_cloexec(before) && write(before, "last words\n", 11) == 11;
        fd_close(&before);
    }
    atomic_store(&shared->pid, getpid());
    if (plan->status != -1)
        daemonize_report(&report, plan->status);
    for (int i = 0; plan->linger && !atomic_load(&shared->may_end) && i < 20000; i++)
        usleep(1000);
    _exit(0);
}

/* The process that is called: returns its exit status. */
static int call(void *context)
{
    const struct plan *plan = context;
    int status = -1;
    int report;

    if (plan->error != -1 && dup2(plan->error, STDERR_FILENO) == -1)
        return CHILD_SKIP;
    log_to_fd(STDERR_FILENO);
    umask(077);
    plan->shared->caller = getpid();
    report = daemonize(&status);
    if (report != -1)
        live(plan, report);
    return status;
}

static struct plan plan_for(struct shared *shared)
{
    return (struct plan){.shared = shared, .stray = -1, .error = -1, .status = 0};
}

static struct shared *share(void)
{
    return child_share(sizeof(struct shared));
}

static void unshare(struct shared *shared)
{
    child_unshare(shared, sizeof(*shared));
}

static void test_what_a_daemon_is(void)
{
    struct shared *shared = share();
    struct plan plan = plan_for(shared);

    plan.stray = dup(STDERR_FILENO);
    ASSERT_NUMBER(child_run(call, &plan), 0);
    CU_ASSERT(shared->parent_differs);
    CU_ASSERT(shared->session_differs);
    CU_ASSERT(shared->leads_group);
    CU_ASSERT_FALSE(shared->leads_session);
    CU_ASSERT(shared->is_at_root);
    ASSERT_NUMBER(shared->mask, 022);
    CU_ASSERT(shared->sees_null);
    CU_ASSERT_FALSE(shared->has_foreign);
    fd_close(&plan.stray);
    unshare(shared);
}

static void test_reported_status(void)
{
    static const int statuses[] = {0, 1, 7, 255};
    struct shared *shared = share();
    struct plan plan = plan_for(shared);

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        plan.status = statuses[i];
        ASSERT_NUMBER(child_run(call, &plan), statuses[i]);
    }
    unshare(shared);
}

/* The caller returns with the report and not with the daemon's end, nor before it. */
static void test_waits_for_the_report(void)
{
    struct shared *shared = share();
    struct plan plan = plan_for(shared);

    plan.linger = true;
    ASSERT_NUMBER(child_run(call, &plan), 0);
    CU_ASSERT(process_is_alive(shared->pid, shared->start_time));
    atomic_store(&shared->may_end, 1);
    unshare(shared);
}

/* What stands in the pipe that was the caller's standard error, until its end. */
static const char *read_error(int fd, char text[256])
{
    ssize_t got = fd_read_all(fd, text, 255);

    text[got > 0 ? got : 0] = '\0';
    return text;
}

/* A daemon that dies without a word does not keep its caller waiting. */
static void test_died(void)
{
    struct shared *shared = share();
    struct plan plan = plan_for(shared);
    char text[256];
    int ends[2];

    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC) == 0);
    plan.error = ends[1];
    plan.status = -1;
    ASSERT_NUMBER(child_run(call, &plan), 1);
    fd_close(&ends[1]);
    CU_ASSERT(strstr(read_error(ends[0], text), "the daemon has died before it served") != NULL);
    fd_close(&ends[0]);
    unshare(shared);
}

/* Nothing keeps the caller's standard error open once it is told: who reads it sees the end. */
static void test_lets_go_of_standard_error(void)
{
    struct shared *shared = share();
    struct plan plan = plan_for(shared);
    char text[256];
    int ends[2];

    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC) == 0);
    plan.error = ends[1];
    plan.detach = true;
    plan.linger = true;
    ASSERT_NUMBER(child_run(call, &plan), 0);
    fd_close(&ends[1]);
    ASSERT_TEXT(read_error(ends[0], text), "last words\n");
    CU_ASSERT(shared->detached);
    CU_ASSERT(process_is_alive(shared->pid, shared->start_time));
    atomic_store(&shared->may_end, 1);
    fd_close(&ends[0]);
    unshare(shared);
}

/* An interrupted caller does the daemon no harm. */
static int report_to_nobody(void *context)
{
    int ends[2];

    (void)context;
    signal(SIGPIPE, SIG_IGN);
    CHILD_EXPECT(pipe2(ends, O_CLOEXEC) == 0);
    fd_close(&ends[0]);
    daemonize_report(&ends[1], 0);
    CHILD_EXPECT(ends[1] == -1);
    daemonize_report(&ends[1], 0);
    return 0;
}

static void test_nobody_waits(void)
{
    ASSERT_NUMBER(child_run(report_to_nobody, NULL), 0);
}

static int check_paths(void *context)
{
    char *path;

    (void)context;
    CHILD_EXPECT(chdir("/tmp") == 0);
    path = daemonize_path("/etc/../etc/k0slb.ini");
    CHILD_EXPECT(path != NULL && strcmp(path, "/etc/../etc/k0slb.ini") == 0);
    free(path);
    path = daemonize_path("a/../k0slb.ini");
    CHILD_EXPECT(path != NULL && strcmp(path, "/tmp/a/../k0slb.ini") == 0);
    free(path);
    return 0;
}

static void test_paths(void)
{
    ASSERT_NUMBER(child_run(check_paths, NULL), 0);
}

const struct unit_test daemonize_tests[] = {
    {"what_a_daemon_is", test_what_a_daemon_is},
    {"reported_status", test_reported_status},
    {"waits_for_the_report", test_waits_for_the_report},
    {"died", test_died},
    {"lets_go_of_standard_error", test_lets_go_of_standard_error},
    {"nobody_waits", test_nobody_waits},
    {"paths", test_paths},
    {NULL, NULL},
};
