/*
 * Becoming a daemon: a process of init's, without a terminal, while the one that was called waits
 * until it is told how the start went, and exits with that.
 */
#ifndef K0SLB_BASE_DAEMONIZE_H
#define K0SLB_BASE_DAEMONIZE_H

#include "base/defs.h"

/*
 * The absolute form of a path, which still means the same after the change to "/": the working
 * directory is put in front, and no link is resolved. The caller frees it. NULL with errno of
 * getcwd(3) or malloc(3).
 */
char *daemonize_path(const char *path) MUST_CHECK;

/*
 * Forks twice. Returns in the daemon, with the descriptor for daemonize_report(): it has a session
 * and no terminal, leads a process group of its own, stands in "/", has umask 022, no descriptor
 * but the standard ones (fd_fill_standard() was called), /dev/null as input and output, and SIGPIPE
 * ignored. Standard error is the caller's until daemonize_detach().
 *
 * In the process that called it returns -1 once the daemon has reported, with the reported *status
 * for exit(3); also when there is no daemon, or it has died without a report, with *status 1 and a
 * line on standard error.
 */
int daemonize(int *status) MUST_CHECK;

/*
 * Puts /dev/null in the place of standard error, for this process and its later children. Returns
 * what it was (close-on-exec), for the last lines of the start; or -1 with errno.
 */
int daemonize_detach(void) MUST_CHECK;

/* Says how the start went, closes *report and sets it to -1. Nothing happens when it is -1. */
void daemonize_report(int *report, int status);

#endif
