#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "control/control.h"
#include "unit/unit.h"

static _Noreturn void be_control(const char *const *args, int out, int err)
{
    char *argv[RUN_ARGS + 2] = {strdup("k0slbctl")};
    int argc = 1;

    for (; *args != NULL && argc <= RUN_ARGS; args++)
        argv[argc++] = strdup(*args);
    dup2(err, STDERR_FILENO);
    if (out == -1)
        close(STDOUT_FILENO);
    else
        dup2(out, STDOUT_FILENO);
    _exit(control_main(argc, argv));
}

/* The texts are short: a pipe holds them all until the child has ended. */
static void collect(int *pipe_end, char text[RUN_TEXT])
{
    ssize_t got = read(*pipe_end, text, RUN_TEXT - 1);

    text[got > 0 ? got : 0] = '\0';
    fd_close(pipe_end);
}

static void run_child(struct run *run, const char *const *args, int out)
{
    int status = 0;
    int err[2];
    pid_t pid;

    CU_ASSERT_FATAL(pipe(err) == 0);
    pid = fork();
    CU_ASSERT_FATAL(pid != -1);
    if (pid == 0)
        be_control(args, out, err[1]);
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    run->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    fd_close(&err[1]);
    collect(&err[0], run->err);
}

void run_control(struct run *run, const char *const *args)
{
    int out[2];

    CU_ASSERT_FATAL(pipe(out) == 0);
    run_child(run, args, out[1]);
    fd_close(&out[1]);
    collect(&out[0], run->out);
}

void run_control_to(struct run *run, const char *const *args, int out)
{
    run->out[0] = '\0';
    run_child(run, args, out);
}
