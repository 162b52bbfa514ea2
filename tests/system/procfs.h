/* What /proc says about a process. */
#ifndef K0SLB_TESTS_SYSTEM_PROCFS_H
#define K0SLB_TESTS_SYSTEM_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/defs.h"

/* User and system time so far, in milliseconds; -1 when there is no such process. */
long procfs_cpu_ms(pid_t pid);

/*
 * How much of one CPU the process uses over that time, in percent. It sleeps: the measure is of
 * a time and nothing else is waited for.
 */
double procfs_cpu_percent(pid_t pid, unsigned over_ms);

/* The value of a field of /proc/PID/status ("CapEff"), blanks in front removed. 0, or -1. */
int procfs_status(pid_t pid, const char *field, char *value, size_t size) MUST_CHECK;

/* Calls fn for each descriptor with what it refers to. Returns their number, -1 if unreadable. */
typedef void procfs_fd_fn(void *context, int fd, const char *target);
int procfs_each_fd(pid_t pid, procfs_fd_fn *fn, void *context);

/* How many descriptors the process has, or -1 if that cannot be read. */
int procfs_fd_count(pid_t pid);

/* The lowest number that is no descriptor of the process: as a limit it leaves nothing to open. */
int procfs_first_free_fd(pid_t pid);

#endif
