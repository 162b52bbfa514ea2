#include "system/leak.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"

#include "system/procfs.h"
#include "system/sanitized.h"
#include "system/wait.h"

static int count_maps(pid_t pid)
{
    char path[64];
    int lines = 0;
    int byte;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while ((byte = getc(file)) != EOF)
        lines += byte == '\n';
    fclose(file);
    return lines;
}

/* Where the allocator is the sanitizer's, its mappings say nothing of the program's. */
static int mappings(pid_t pid)
{
    return IS_SANITIZED ? 0 : count_maps(pid);
}

static long private_kib(pid_t pid)
{
    char path[64];
    char line[256];
    long kib = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while (kib == -1 && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Private_Dirty: %ld kB", &kib) != 1)
            kib = -1;
    }
    fclose(file);
    return kib;
}

/* Sees every process whose parent is `parent`. */
static void count_children(pid_t parent, struct leak *leak)
{
    const struct dirent *entry;
    DIR *dir = opendir("/proc");

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        pid_t pid = atoi(entry->d_name);
        char value[64];

        if (pid <= 0 || procfs_status(pid, "PPid", value, sizeof(value)) == -1 ||
            atoi(value) != parent)
            continue;
        leak->children++;
        leak->zombies += procfs_status(pid, "State", value, sizeof(value)) == 0 && *value == 'Z';
    }
    closedir(dir);
}

static int count_shared(const char *name)
{
    const struct dirent *entry;
    DIR *dir = opendir("/dev/shm");
    int count = 0;

    if (dir == NULL)
        return -1;
    while ((entry = readdir(dir)) != NULL)
        count += strncmp(entry->d_name, name, strlen(name)) == 0;
    closedir(dir);
    return count;
}

void leak_count(const struct instance *instance, struct leak *leak)
{
    memset(leak, 0, sizeof(*leak));
    leak->master_fds = procfs_fd_count(instance->pid);
    leak->master_maps = mappings(instance->pid);
    leak->master_kib = IS_SANITIZED ? 0 : private_kib(instance->pid);
    for (unsigned slot = 0; slot < LEAK_WORKERS; slot++) {
        pid_t pid = instance_child(instance, BOARD_ROLE_WORKER, slot);

        leak->worker_fds[slot] = pid == -1 ? -1 : procfs_fd_count(pid);
        leak->worker_maps[slot] = pid == -1 ? -1 : mappings(pid);
        leak->worker_kib[slot] = pid == -1 || IS_SANITIZED ? 0 : private_kib(pid);
    }
    leak->stats_fds = procfs_fd_count(instance_child(instance, BOARD_ROLE_STATS, 0));
    count_children(instance->pid, leak);
    leak->shared = count_shared(instance->name);
}

static bool is_more(int now, int before, const char *what, bool say)
{
    if (now > before && say)
        printf("%s: %d, before %d\n", what, now, before);
    return now > before;
}

static bool has_grown(const struct leak *now, const struct leak *before, bool say)
{
    bool more = is_more(now->master_fds, before->master_fds, "descriptors of the master", say);

    more |= is_more(now->master_maps, before->master_maps, "mappings of the master", say);
    more |= is_more(now->stats_fds, before->stats_fds, "descriptors of stats", say);
    more |= is_more(now->children, before->children, "children", say);
    more |= is_more(now->zombies, 0, "zombies", say);
    more |= is_more(now->shared, before->shared, "entries of /dev/shm", say);
    for (unsigned slot = 0; slot < LEAK_WORKERS; slot++) {
        more |= is_more(now->worker_fds[slot], before->worker_fds[slot], "descriptors of a worker",
                        say);
        more |=
            is_more(now->worker_maps[slot], before->worker_maps[slot], "mappings of a worker", say);
    }
    return more;
}

bool leak_wait_flat(const struct instance *instance, const struct leak *before, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;
    struct leak now;

    leak_count(instance, &now);
    while (has_grown(&now, before, mono_ms() > deadline_ms)) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
        leak_count(instance, &now);
    }
    return true;
}
