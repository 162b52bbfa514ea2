#include "base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* Room for any pid, a newline and a NUL. */
#define TEXT_SIZE 16

static int format(pid_t pid, char text[TEXT_SIZE])
{
    return snprintf(text, TEXT_SIZE, "%d\n", (int)pid);
}

/* rename(2) would say so as well, but only once everything runs. */
static int refuse_directory(const char *path)
{
    struct stat status;

    if (lstat(path, &status) == -1 || !S_ISDIR(status.st_mode))
        return 0;
    errno = EISDIR;
    return -1;
}

static int fill(int fd, pid_t pid)
{
    char text[TEXT_SIZE];
    int length = format(pid, text);

    /* Not what the umask leaves of it: everybody may read it. */
    if (fchmod(fd, 0644) == -1)
        return -1;
    return fd_write_all(fd, text, (size_t)length);
}

/* Only a new file: not one that somebody has put there, nor what a link of his points to. */
static int write_new(const char *path, pid_t pid)
{
    int result;
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd == -1)
        return -1;
    result = fill(fd, pid);
    fd_close(&fd);
    if (result == -1) {
        int saved = errno;

        unlink(path);
        errno = saved;
    }
    return result;
}

static void forget(struct pidfile *file)
{
    free(file->path);
    free(file->temporary);
    *file = (struct pidfile){.path = NULL};
}

int pidfile_open(struct pidfile *file, const char *path, pid_t pid)
{
    int saved;

    *file = (struct pidfile){.path = strdup(path), .pid = pid};
    if (file->path == NULL || asprintf(&file->temporary, "%s.new", path) == -1)
        file->temporary = NULL;
    if (file->temporary != NULL && refuse_directory(path) == 0 &&
        write_new(file->temporary, pid) == 0)
        return 0;
    saved = errno;
    forget(file);
    errno = saved;
    return -1;
}

int pidfile_publish(struct pidfile *file)
{
    if (file->temporary == NULL)
        return 0;
    if (rename(file->temporary, file->path) == -1)
        return -1;
    free(file->temporary);
    file->temporary = NULL;
    return 0;
}

/* O_NONBLOCK: whatever has the name by now, a FIFO perhaps, holds nobody up. */
static bool holds(const char *path, pid_t pid)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char wanted[TEXT_SIZE];
    char text[TEXT_SIZE];
    int length = format(pid, wanted);
    struct stat status;
    bool same = false;

    if (fd == -1)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        same = fd_read_all(fd, text, sizeof(text)) == length &&
               memcmp(text, wanted, (size_t)length) == 0;
    fd_close(&fd);
    return same;
}

void pidfile_remove(const char *path, pid_t pid)
{
    if (holds(path, pid))
        unlink(path);
}

void pidfile_close(struct pidfile *file)
{
    if (file->temporary != NULL)
        unlink(file->temporary);
    else if (file->path != NULL)
        pidfile_remove(file->path, file->pid);
    forget(file);
}
