#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* The memory behind argv, which ps(1) shows; set once by process_init_title(). */
static struct {
    char *start;
    size_t size;
} title_area;

/* The fields of /proc/PID/stat from the third on; the name before them may hold anything. */
static char *stat_fields(pid_t pid, char *buffer, size_t size)
{
    char path[40];
    ssize_t got;
    char *close_paren;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return NULL;
    got = fd_read_all(fd, buffer, size - 1);
    fd_close(&fd);
    if (got <= 0)
        return NULL;
    buffer[got] = '\0';
    close_paren = strrchr(buffer, ')');
    return close_paren == NULL || close_paren[1] == '\0' ? NULL : close_paren + 2;
}

uint64_t process_start_time(pid_t pid)
{
    char buffer[1024];
    char *field = stat_fields(pid, buffer, sizeof(buffer));

    if (field == NULL || *field == 'Z' || *field == 'X')
        return 0;
    for (int skip = 3; skip < 22; skip++) {
        field = strchr(field, ' ');
        if (field == NULL)
            return 0;
        field++;
    }
    return strtoull(field, NULL, 10);
}

bool process_is_alive(pid_t pid, uint64_t start_time)
{
    return pid > 0 && start_time != 0 && process_start_time(pid) == start_time;
}

int process_owner(pid_t pid, uid_t *owner)
{
    char buffer[4096];
    char path[40];
    const char *field;
    ssize_t got;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd == -1 ? -1 : fd_read_all(fd, buffer, sizeof(buffer) - 1);
    fd_close(&fd);
    buffer[got > 0 ? got : 0] = '\0';
    /* A program's name stands before it, without its line ends. */
    field = strstr(buffer, "\nUid:\t");
    if (field == NULL) {
        errno = ESRCH;
        return -1;
    }
    *owner = (uid_t)strtoul(field + strlen("\nUid:\t"), NULL, 10);
    return 0;
}

static int pidfd_of(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

static int signal_pidfd(int pidfd, int signal)
{
#ifdef SYS_pidfd_send_signal
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
#else
    (void)pidfd;
    (void)signal;
    errno = ENOSYS;
    return -1;
#endif
}

char process_state(pid_t pid)
{
    char buffer[1024];
    const char *field = stat_fields(pid, buffer, sizeof(buffer));

    return field == NULL ? '\0' : *field;
}

int process_find_socket(pid_t pid, uint64_t inode)
{
    char path[32];
    char wanted[40];
    const struct dirent *entry;
    int found = -1;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    snprintf(wanted, sizeof(wanted), "socket:[%llu]", (unsigned long long)inode);
    dir = opendir(path);
    if (dir == NULL)
        return -1;
    while (found == -1 && (entry = readdir(dir)) != NULL) {
        char target[64];
        ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

        if (length <= 0)
            continue;
        target[length] = '\0';
        if (strcmp(target, wanted) == 0)
            found = atoi(entry->d_name);
    }
    closedir(dir);
    if (found == -1)
        errno = ENOENT;
    return found;
}

static int copy_descriptor(int pidfd, int number)
{
#ifdef SYS_pidfd_getfd
    return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
#else
    (void)pidfd;
    (void)number;
    errno = ENOSYS;
    return -1;
#endif
}

/* What was found by number may have been closed, and the number used again, before it was taken. */
static bool is_socket(int fd, uint64_t inode)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_ino == inode;
}

int process_take_socket(pid_t pid, uint64_t start_time, uint64_t inode)
{
    int pidfd = pidfd_of(pid);
    int number;
    int fd = -1;

    if (pidfd == -1)
        return -1;
    if (!process_is_alive(pid, start_time)) {
        errno = ESRCH;
    } else {
        number = process_find_socket(pid, inode);
        if (number != -1)
            fd = copy_descriptor(pidfd, number);
    }
    if (fd != -1 && !is_socket(fd, inode)) {
        fd_close(&fd);
        errno = ENOENT;
    }
    fd_close(&pidfd);
    return fd;
}

int process_signal(pid_t pid, uint64_t start_time, int signal)
{
    int pidfd = pidfd_of(pid);
    int result;

    /* The pidfd is taken first: if the start time still fits after that, it is the right one. */
    if (!process_is_alive(pid, start_time)) {
        fd_close(&pidfd);
        errno = ESRCH;
        return -1;
    }
    if (pidfd == -1)
        return kill(pid, signal);
    result = signal_pidfd(pidfd, signal);
    fd_close(&pidfd);
    return result;
}

/* Copies the environment elsewhere; false when memory ran out, and everything is as before. */
static bool move_environment(void)
{
    size_t count = 0;
    char **copy;

    while (environ[count] != NULL)
        count++;
    copy = calloc(count + 1, sizeof(*copy));
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        copy[i] = strdup(environ[i]);
        if (copy[i] == NULL) {
            while (i > 0)
                free(copy[--i]);
            free(copy);
            return false;
        }
    }
    environ = copy;
    return true;
}

/* The end of the strings that lie one after the other from `end` on. */
static char *end_of_row(char **strings, char *end)
{
    for (; *strings != NULL && *strings == end; strings++)
        end += strlen(*strings) + 1;
    return end;
}

void process_init_title(int argc, char **argv)
{
    char *end;
    char *env_end;

    if (argc < 1)
        return;
    end = end_of_row(argv, argv[0]);
    env_end = environ != NULL ? end_of_row(environ, end) : end;
    if (env_end > end && move_environment())
        end = env_end;
    title_area.start = argv[0];
    title_area.size = (size_t)(end - argv[0]);
}

void process_set_title(const char *title)
{
    const char *role = strstr(title, ": ");

    prctl(PR_SET_NAME, role != NULL ? role + 2 : title, 0, 0, 0);
    if (title_area.size < 2)
        return;
    memset(title_area.start, 0, title_area.size);
    strncpy(title_area.start, title, title_area.size - 1);
}
