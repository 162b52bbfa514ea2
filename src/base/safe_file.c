#include "base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

static int refuse(char *reason, const char *sentence)
{
    snprintf(reason, SAFE_FILE_REASON, "%s", sentence);
    return -1;
}

static int refuse_error(char *reason, int error)
{
    if (error == ENOENT)
        return refuse(reason, "is not there");
    snprintf(reason, SAFE_FILE_REASON, "cannot be read: %s", strerror(error));
    return -1;
}

static int judge_owner(const struct stat *status, char *reason)
{
    if ((status->st_mode & S_IROTH) != 0)
        return refuse(reason, "is readable by everybody: chmod 600 it");
    if (status->st_uid != 0 && status->st_uid != geteuid()) {
        snprintf(reason, SAFE_FILE_REASON, "belongs to user %lu, who could read it: chown it",
                 (unsigned long)status->st_uid);
        return -1;
    }
    return 0;
}

int safe_file_judge(const struct stat *status, enum safe_file_kind kind,
                    char reason[SAFE_FILE_REASON])
{
    if (S_ISDIR(status->st_mode))
        return refuse(reason, "is a directory, not a file");
    if (!S_ISREG(status->st_mode))
        return refuse(reason, "is not a regular file");
    if (status->st_size == 0)
        return refuse(reason, "is empty");
    if (status->st_size > SAFE_FILE_MOST)
        return refuse(reason, "is larger than 256 KiB");
    if ((status->st_mode & S_IWOTH) != 0)
        return refuse(reason, "is writable by everybody: chmod 600 it");
    return kind == SAFE_FILE_SECRET ? judge_owner(status, reason) : 0;
}

/* Opens it, with its status at that moment. */
static int open_and_stat(const char *path, enum safe_file_kind kind, struct stat *status,
                         char *reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd == -1)
        return refuse_error(reason, errno);
    if (fstat(fd, status) == -1)
        refuse_error(reason, errno);
    else if (safe_file_judge(status, kind, reason) == 0)
        return fd;
    fd_close(&fd);
    return -1;
}

int safe_file_open(const char *path, enum safe_file_kind kind, char reason[SAFE_FILE_REASON])
{
    struct stat status;

    return open_and_stat(path, kind, &status, reason);
}

/* Reads what should be `size` bytes; the one byte more shows that it has grown. */
static int read_whole(struct safe_file *file, int fd, size_t size, char *reason)
{
    ssize_t got;

    file->data = malloc(size + 1);
    if (file->data == NULL)
        return refuse_error(reason, ENOMEM);
    file->size = size + 1;
    got = fd_read_all(fd, file->data, size + 1);
    if (got == -1)
        return refuse_error(reason, errno);
    if ((size_t)got != size)
        return refuse(reason, "was changed while it was read");
    file->size = size;
    file->data[size] = '\0';
    return 0;
}

int safe_file_read(struct safe_file *file, const char *path, enum safe_file_kind kind,
                   char reason[SAFE_FILE_REASON])
{
    struct stat status;
    int fd = open_and_stat(path, kind, &status, reason);
    int result;

    *file = (struct safe_file){0};
    if (fd == -1)
        return -1;
    result = read_whole(file, fd, (size_t)status.st_size, reason);
    file->mode = status.st_mode;
    fd_close(&fd);
    if (result == -1)
        safe_file_free(file);
    return result;
}

void safe_file_free(struct safe_file *file)
{
    if (file->data != NULL)
        explicit_bzero(file->data, file->size);
    free(file->data);
    *file = (struct safe_file){0};
}
