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

/* What one attempt to take the lock came to. */
enum outcome {
    TAKEN,
    AGAIN, /* the file was removed meanwhile, by its last holder or by us */
    FAILED,
};

/*
 * A lock file that another user left: root removes it, whoever holds a lock on it; anyone else has
 * to give up.
 */
static enum outcome refuse_foreign(uid_t owner, const char *path)
{
    if (geteuid() != 0) {
        errno = EACCES;
        return FAILED;
    }
    log_warning("%s belonged to user %u: removed", path, (unsigned)owner);
    return unlink(path) == 0 || errno == ENOENT ? AGAIN : FAILED;
}

static enum outcome try_file(int fd, const char *path)
{
    struct stat status;

    if (fstat(fd, &status) == -1)
        return FAILED;
    if (status.st_uid != geteuid())
        return is_current(fd, path) ? refuse_foreign(status.st_uid, path) : AGAIN;
    if (flock(fd, LOCK_EX | LOCK_NB) == -1)
        return FAILED;
    return is_current(fd, path) ? TAKEN : AGAIN;
}

int board_lock(const char *name)
{
    char path[PATH_SIZE];

    lock_path(path, name);
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd = open_file(path);
        enum outcome outcome;

        if (fd == -1 && errno == ENOENT)
            continue;
        if (fd == -1)
            return -1;
        outcome = try_file(fd, path);
        if (outcome == TAKEN)
            return fd;
        fd_close(&fd);
        if (outcome == FAILED)
            return -1;
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
