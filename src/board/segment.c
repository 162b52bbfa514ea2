#include "board/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define SHM_DIR   "/dev/shm"
#define NAME_SIZE 80

static char *shm_name(char buffer[NAME_SIZE], const char *name, const char *suffix)
{
    snprintf(buffer, NAME_SIZE, "/%s%s", name, suffix);
    return buffer;
}

/* A leftover of a start that died half-way: the caller holds the instance lock, so it is stale. */
static int create_exclusive(const char *path)
{
    int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = shm_open(path, flags, 0640);

    if (fd != -1 || errno != EEXIST)
        return fd;
    shm_unlink(path);
    return shm_open(path, flags, 0640);
}

int segment_create(struct segment *segment, const char *name, uint64_t size, gid_t group)
{
    char path[NAME_SIZE];

    shm_name(path, name, ".new");
    segment->size = size;
    segment->read_fd = -1;
    segment->write_fd = create_exclusive(path);
    if (segment->write_fd == -1)
        return -1;
    segment->read_fd = shm_open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (segment->read_fd == -1 || ftruncate(segment->write_fd, (off_t)size) == -1)
        goto undo;
    if (group != (gid_t)-1 && fchown(segment->write_fd, (uid_t)-1, group) == -1)
        goto undo;
    if (fchmod(segment->write_fd, 0640) == -1)
        goto undo;
    return 0;

undo:
    fd_close(&segment->read_fd);
    fd_close(&segment->write_fd);
    shm_unlink(path);
    return -1;
}

int segment_publish(const char *name)
{
    char from[NAME_SIZE + sizeof(SHM_DIR)];
    char to[NAME_SIZE + sizeof(SHM_DIR)];

    snprintf(from, sizeof(from), SHM_DIR "/%s.new", name);
    snprintf(to, sizeof(to), SHM_DIR "/%s", name);
    return rename(from, to);
}

static int open_trusted(const char *name, int access)
{
    char path[NAME_SIZE];
    struct stat status;
    int fd = shm_open(shm_name(path, name, ""), access | O_NOFOLLOW | O_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    if (fstat(fd, &status) == 0 && (status.st_uid == 0 || status.st_uid == geteuid()))
        return fd;
    /* Root may look at any user's own instance: it trusts nothing it reads there. */
    if (geteuid() == 0)
        return fd;
    fd_close(&fd);
    errno = EBADF;
    return -1;
}

int segment_open(const char *name)
{
    return open_trusted(name, O_RDONLY);
}

int segment_open_to_write(const char *name)
{
    return open_trusted(name, O_RDWR);
}

void segment_unlink_new(const char *name)
{
    char path[NAME_SIZE];

    shm_unlink(shm_name(path, name, ".new"));
}

void segment_unlink(const char *name)
{
    char path[NAME_SIZE];

    shm_unlink(shm_name(path, name, ""));
    segment_unlink_new(name);
}

int segment_allocate(const struct segment *segment, uint64_t at, uint64_t size)
{
    int error = posix_fallocate(segment->write_fd, (off_t)at, (off_t)size);

    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

void *segment_map(int fd, uint64_t at, uint64_t size, int writable)
{
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)at);

    return memory == MAP_FAILED ? NULL : memory;
}

uint64_t segment_round(uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}
