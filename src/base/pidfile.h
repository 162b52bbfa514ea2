/*
 * A file that says which process is the daemon: for people and for tools that ask nobody better.
 * What stands in one is never acted on, and whatever stood there before is never in the way.
 */
#ifndef K0SLB_BASE_PIDFILE_H
#define K0SLB_BASE_PIDFILE_H

#include <sys/types.h>

#include "base/defs.h"

/* Zero-initialised is one that does nothing. */
struct pidfile {
    char *path; /* NULL = none */
    char *temporary;
    pid_t pid;
};

/*
 * Prepares "PID\n" (mode 0644) under a temporary name beside `path`, so that what could go wrong
 * goes wrong now, and nothing that is at `path` is touched yet. Returns 0, or -1 with errno of
 * open(2) or write(2); EISDIR when a directory has that name. Free with pidfile_close().
 */
int pidfile_open(struct pidfile *file, const char *path, pid_t pid) MUST_CHECK;

/* Puts it in its place, in one step. 0, or -1 with errno of rename(2). */
int pidfile_publish(struct pidfile *file) MUST_CHECK;

/* Removes what pidfile_open() prepared, and the published file if it still holds this pid. */
void pidfile_close(struct pidfile *file);

/* Removes the file at `path` if it holds exactly this pid: a file of another process stays. */
void pidfile_remove(const char *path, pid_t pid);

#endif
