#include "base/daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

char *daemonize_path(const char *path)
{
    char *absolute = NULL;
    char *here;

    if (path[0] == '/')
        return strdup(path);
    here = getcwd(NULL, 0);
    if (here == NULL)
        return NULL;
    if (asprintf(&absolute, "%s/%s", here, path) == -1)
        absolute = NULL;
    free(here);
    return absolute;
}

static int failed(const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    return -1;
}

/* ---- the process that was called ---- */

/* The first child only makes the second one; it may have been reaped by SIG_IGN's grace. */
static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
        continue;
}

static int await_report(int pipe_read)
{
    unsigned char status;
    ssize_t got;

    while ((got = read(pipe_read, &status, 1)) == -1 && errno == EINTR)
        continue;
    if (got == 1)
        return status;
    log_error("the daemon has died before it served");
    return EXIT_FAILURE;
}

/* ---- the daemon ---- */

/* The standard descriptors are all open, so what is opened is none of them. */
static int null_over(int standard)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int result = null == -1 ? -1 : dup2(null, standard);

    fd_close(&null);
    return result;
}

/* A group of its own, so that its pid is also what the whole daemon is signalled by. */
static int settle(int report)
{
    if (setpgid(0, 0) == -1)
        return failed("cannot make a process group");
    if (chdir("/") == -1)
        return failed("cannot change to /");
    umask(022);
    signal(SIGPIPE, SIG_IGN);
    if (null_over(STDIN_FILENO) == -1 || null_over(STDOUT_FILENO) == -1)
        return failed("cannot open /dev/null");
    if (fd_close_others(STDERR_FILENO + 1, &report, 1) == -1)
        return failed("cannot close inherited descriptors");
    return 0;
}

/* A session's leader could get a terminal by opening one, hence the second fork. */
static pid_t fork_again(void)
{
    pid_t pid;

    if (setsid() == -1)
        return failed("cannot make a session");
    pid = fork();
    return pid == -1 ? failed("cannot fork") : pid;
}

/* In the first child; returns only in the second, which is the daemon. */
static void become_daemon(int report)
{
    pid_t pid = fork_again();

    if (pid == -1)
        daemonize_report(&report, EXIT_FAILURE);
    if (pid != 0)
        _exit(EXIT_SUCCESS);
    if (settle(report) == 0)
        return;
    daemonize_report(&report, EXIT_FAILURE);
    _exit(EXIT_FAILURE);
}

int daemonize(int *status)
{
    int ends[2];
    pid_t pid;

    *status = EXIT_FAILURE;
    if (pipe2(ends, O_CLOEXEC) == -1)
        return failed("cannot make a pipe");
    pid = fork();
    if (pid == 0) {
        fd_close(&ends[0]);
        become_daemon(ends[1]);
        return ends[1];
    }
    fd_close(&ends[1]);
    if (pid == -1) {
        failed("cannot fork");
    } else {
        reap(pid);
        *status = await_report(ends[0]);
    }
    fd_close(&ends[0]);
    return -1;
}

int daemonize_detach(void)
{
    int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (before != -1 && null_over(STDERR_FILENO) == -1)
        fd_close(&before);
    return before;
}

void daemonize_report(int *report, int status)
{
    unsigned char byte = (unsigned char)status;

    /* The caller may have been interrupted; the daemon is none the worse. */
    if (*report != -1 && write(*report, &byte, 1) == -1 && errno != EPIPE)
        log_warning("cannot report the start: %s", strerror(errno));
    fd_close(report);
}
