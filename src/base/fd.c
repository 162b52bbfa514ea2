#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void fd_close(int *fd)
{
    int saved = errno;

    if (*fd != -1)
        close(*fd);
    *fd = -1;
    errno = saved;
}

int fd_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

int fd_fill_standard(void)
{
    /* The lowest number that is free is the one that is missing. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) == -1)
            return -1;
    }
    return 0;
}

int fd_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static bool is_kept(int fd, const int *keep, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keep[i] == fd)
            return true;
    }
    return false;
}

/* The smallest kept descriptor that is at least `from`, or INT_MAX. */
static int next_kept(int from, const int *keep, size_t count)
{
    int next = INT_MAX;

    for (size_t i = 0; i < count; i++) {
        if (keep[i] >= from && keep[i] < next)
            next = keep[i];
    }
    return next;
}

static int close_span(int first, int last)
{
#ifdef SYS_close_range
    return (int)syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0);
#else
    (void)first;
    (void)last;
    errno = ENOSYS;
    return -1;
#endif
}

/*
 * For kernels before 5.9, and for sandboxes that answer EPERM to calls they do not know. The list
 * is read first: closing while reading would skip entries.
 */
static int close_by_proc(int lowest, const int *keep, size_t count)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    int *open_fds = NULL;
    size_t used = 0;

    if (dir == NULL)
        return -1;
    while ((entry = readdir(dir)) != NULL) {
        int fd = entry->d_name[0] == '.' ? -1 : atoi(entry->d_name);
        int *grown;

        if (fd < lowest || fd == dirfd(dir) || is_kept(fd, keep, count))
            continue;
        grown = realloc(open_fds, (used + 1) * sizeof(*open_fds));
        if (grown == NULL) {
            free(open_fds);
            closedir(dir);
            return -1;
        }
        open_fds = grown;
        open_fds[used++] = fd;
    }
    closedir(dir);
    for (size_t i = 0; i < used; i++)
        close(open_fds[i]);
    free(open_fds);
    return 0;
}

int fd_close_others(int lowest, const int *keep, size_t count)
{
    int from = lowest;

    for (;;) {
        int kept = next_kept(from, keep, count);

        if (kept > from && close_span(from, kept == INT_MAX ? INT_MAX : kept - 1) == -1)
            return close_by_proc(from, keep, count);
        if (kept == INT_MAX)
            return 0;
        from = kept + 1;
    }
}

int fd_write_all(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t done = write(fd, at, size);

        if (done == -1 && errno == EINTR)
            continue;
        if (done == -1)
            return -1;
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

ssize_t fd_read_all(int fd, void *data, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t done = read(fd, (char *)data + got, size - got);

        if (done == -1 && errno == EINTR)
            continue;
        if (done == -1)
            return -1;
        if (done == 0)
            break;
        got += (size_t)done;
    }
    return (ssize_t)got;
}
