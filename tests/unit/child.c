#include "unit/child.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/unit.h"

/* No child may outlive a test that hangs. */
#define MOST_SECONDS 60

/* The exit status for an expectation that was not met. */
#define UNMET 99

/* Of a child: something was not as expected. */
static bool is_unmet;

pid_t child_start(child_fn *fn, void *context)
{
    pid_t pid;
    int status;

    fflush(NULL);
    pid = fork();
    CU_ASSERT_FATAL(pid != -1);
    if (pid != 0)
        return pid;
    signal(SIGSEGV, SIG_DFL); /* sanitizers would turn a fault into an exit */
    signal(SIGBUS, SIG_DFL);
    alarm(MOST_SECONDS);
    is_unmet = false;
    status = fn(context);
    fflush(stdout);
    _exit(is_unmet ? UNMET : status);
}

int child_wait(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) == -1) {
        if (errno != EINTR)
            return -1;
    }
    return WIFSIGNALED(status) ? CHILD_SIGNAL(WTERMSIG(status)) : WEXITSTATUS(status);
}

bool child_is_running(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool child_await(pid_t pid, const _Atomic int *flag)
{
    while (!atomic_load(flag)) {
        if (!child_is_running(pid))
            return atomic_load(flag);
        sched_yield();
    }
    return true;
}

int child_run(child_fn *fn, void *context)
{
    return child_wait(child_start(fn, context));
}

void child_expect(bool met, const char *what, const char *file, int line)
{
    if (met)
        return;
    is_unmet = true;
    printf("    %s:%d: in a child: %s (%s)\n", file, line, what, strerror(errno));
}

void *child_share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(memory != MAP_FAILED);
    return memory;
}

void child_unshare(void *memory, size_t size)
{
    munmap(memory, size);
}

bool child_become(uid_t uid, gid_t gid)
{
    return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
           setresuid(uid, uid, uid) == 0;
}
