#include "system/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mono.h"

long procfs_cpu_ms(pid_t pid)
{
    char path[64];
    char line[1024];
    unsigned long user = 0;
    unsigned long system = 0;
    const char *after_name;
    FILE *file;
    size_t got;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    got = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[got] = '\0';
    after_name = strrchr(line, ')');
    if (after_name == NULL ||
        sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        return -1;
    return (long)((user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

double procfs_cpu_percent(pid_t pid, unsigned over_ms)
{
    struct timespec pause = {.tv_sec = over_ms / 1000, .tv_nsec = over_ms % 1000 * 1000000L};
    long before = procfs_cpu_ms(pid);
    uint64_t start = mono_ms();

    while (nanosleep(&pause, &pause) == -1 && errno == EINTR)
        ;
    return 100.0 * (double)(procfs_cpu_ms(pid) - before) / (double)(mono_ms() - start);
}

int procfs_status(pid_t pid, const char *field, char *value, size_t size)
{
    char path[64];
    char line[512];
    size_t length = strlen(field);
    int result = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while (result == -1 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, field, length) != 0 || line[length] != ':')
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(value, size, "%s", line + length + 1 + strspn(line + length + 1, " \t"));
        result = 0;
    }
    fclose(file);
    return result;
}

int procfs_each_fd(pid_t pid, procfs_fd_fn *fn, void *context)
{
    char path[64];
    const struct dirent *entry;
    int count = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    if (dir == NULL)
        return -1;
    while ((entry = readdir(dir)) != NULL) {
        char target[256];
        ssize_t length;

        if (entry->d_name[0] == '.')
            continue;
        length = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
        if (length == -1)
            continue;
        target[length] = '\0';
        fn(context, atoi(entry->d_name), target);
        count++;
    }
    closedir(dir);
    return count;
}

static void count_only(void *context, int fd, const char *target)
{
    (void)context;
    (void)fd;
    (void)target;
}

int procfs_fd_count(pid_t pid)
{
    return procfs_each_fd(pid, count_only, NULL);
}

int procfs_first_free_fd(pid_t pid)
{
    char path[64];
    char target[1];
    int fd = 0;

    do
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd++);
    while (readlink(path, target, sizeof(target)) != -1);
    return fd - 1;
}
