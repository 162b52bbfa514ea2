#include "board/board_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define PATH_SIZE 96

static char *lock_path(char buffer[PATH_SIZE], const char *name)
{
    snprintf(buffer, PATH_SIZE, "/dev/shm/%s.lock", name);
    return buffer;
}

/*
 * Opens the file without ever creating over another user's: fs.protected_regular makes a plain
 * O_CREAT fail with EACCES on a file that someone else left in a sticky directory.
 */
static int open_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd != -1 || errno != EEXIST)
        return fd;
    return open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
}

/* Whether the name still leads to the file that was locked: its last holder may have removed it. */
static bool is_current(int fd, const char *path)
{
    struct stat ours;
    struct stat named;

    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

/* A lock file that another user left: root removes it, anyone else has to give up. */
static int refuse_foreign(int fd, const char *path)
{
    struct stat status;

    if (fstat(fd, &status) == -1 || status.st_uid == geteuid())
        return 0;
    if (geteuid() != 0) {
        errno = EACCES;
        return -1;
    }
    log_warning("%s belonged to user %u: removed", path, (unsigned)status.st_uid);
    return unlink(path);
}

int board_lock(const char *name)
{
    char path[PATH_SIZE];

    lock_path(path, name);
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd = open_file(path);

        if (fd == -1 && errno == ENOENT)
            continue;
        if (fd == -1)
            return -1;
        if (refuse_foreign(fd, path) == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1) {
            fd_close(&fd);
            return -1;
        }
        if (is_current(fd, path))
            return fd;
        fd_close(&fd);
    }
    errno = EWOULDBLOCK;
    return -1;
}

void board_unlock(const char *name, int *fd)
{
    char path[PATH_SIZE];

    unlink(lock_path(path, name));
    fd_close(fd);
}
