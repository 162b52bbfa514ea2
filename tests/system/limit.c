#include "system/limit.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/procfs.h"

/* The real one of the four numbers in a line of /proc/PID/status. */
static bool read_id(pid_t pid, const char *field, unsigned *id)
{
    char text[128];

    return procfs_status(pid, field, text, sizeof(text)) == 0 && sscanf(text, "%u", id) == 1;
}

/* In a child of a program with threads: system calls alone. */
static void set_as(pid_t pid, const struct rlimit *limit, unsigned uid, unsigned gid)
{
    bool is_same = uid == getuid() && gid == getgid();

    if (!is_same && (setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1))
        _exit(1);
    _exit(prlimit(pid, RLIMIT_NOFILE, limit, NULL) == 0 ? 0 : 1);
}

/* From /proc/PID/limits, which anybody may read: "Max open files  SOFT  HARD  files". */
static bool read_limit(pid_t pid, struct rlimit *limit)
{
    char path[64];
    char line[256];
    unsigned long soft;
    unsigned long hard;
    bool found = false;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof(line), file) != NULL)
        found = sscanf(line, "Max open files %lu %lu", &soft, &hard) == 2;
    fclose(file);
    if (found)
        *limit = (struct rlimit){.rlim_cur = soft, .rlim_max = hard};
    return found;
}

long limit_descriptors(pid_t pid, unsigned long count)
{
    struct rlimit limit;
    unsigned uid;
    unsigned gid;
    long before;
    int status;
    pid_t child;

    if (!read_id(pid, "Uid", &uid) || !read_id(pid, "Gid", &gid) || !read_limit(pid, &limit))
        return -1;
    before = (long)limit.rlim_cur;
    limit.rlim_cur = count;
    child = fork();
    if (child == 0)
        set_as(pid, &limit, uid, gid);
    if (child == -1 || waitpid(child, &status, 0) == -1 || status != 0)
        return -1;
    return before;
}
