/* Descriptors: born close-on-exec and non-blocking, -1 once closed. */
#ifndef K0SLB_BASE_FD_H
#define K0SLB_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/defs.h"

/* Closes *fd unless it is -1, and sets it to -1. errno is kept. */
void fd_close(int *fd);

/* Makes a non-blocking pipe, ends[0] to read. Returns 0, or -1 with errno of pipe2(2). */
int fd_pipe(int ends[2]) MUST_CHECK;

/*
 * Opens /dev/null as those of the descriptors 0, 1 and 2 that the caller of this program has left
 * closed: no other file may ever get their numbers, and with them what is meant for people. First
 * of all in main. Returns 0, or -1 with errno of open(2).
 */
int fd_fill_standard(void) MUST_CHECK;

/* Sets O_NONBLOCK. Returns 0, or -1 with errno of fcntl(2). */
int fd_set_nonblocking(int fd) MUST_CHECK;

/*
 * Closes every descriptor from `lowest` up that is not in keep[count] (any order; -1 entries are
 * ignored). Uses close_range(2), and /proc/self/fd where the kernel lacks it. Returns 0, or -1
 * with errno. Only for a process that has just been forked.
 */
int fd_close_others(int lowest, const int *keep, size_t count) MUST_CHECK;

/*
 * Writes all of it to a blocking or regular descriptor, going on after EINTR. Returns 0, or -1
 * with errno of write(2).
 */
int fd_write_all(int fd, const void *data, size_t size) MUST_CHECK;

/*
 * Reads until end of file or `size` bytes. Returns the count, or -1 with errno of read(2).
 */
ssize_t fd_read_all(int fd, void *data, size_t size) MUST_CHECK;

#endif
