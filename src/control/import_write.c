#include "control/import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

const char *const import_names[IMPORT_FILES] = {
    [IMPORT_CA] = "ca.crt",
    [IMPORT_CERT] = "client.crt",
    [IMPORT_KEY] = "client.key",
};

/* What each file is called before it is in its place, and what was there before it. */
static const char *const new_names[IMPORT_FILES] = {".ca.crt.new", ".client.crt.new",
                                                    ".client.key.new"};
static const char *const old_names[IMPORT_FILES] = {".ca.crt.old", ".client.crt.old",
                                                    ".client.key.old"};

/* The directory while it is written to. */
struct place {
    const char *path;
    char *reason;
    int fd;
};

static int failed(const struct place *place, const char *name)
{
    return import_refuse(place->reason, "cannot write %s%s%s: %s", place->path,
                         *name != '\0' ? "/" : "", name, strerror(errno));
}

/* ---- the directory ---- */

static int judge_directory(const struct place *place)
{
    struct stat status;

    if (fstat(place->fd, &status) == -1)
        return failed(place, "");
    if (status.st_uid != geteuid())
        return import_refuse(place->reason,
                             "%s belongs to user %lu: a key must not be put where others rule",
                             place->path, (unsigned long)status.st_uid);
    if ((status.st_mode & 07777) != 0700 && fchmod(place->fd, 0700) == -1)
        return failed(place, "");
    return 0;
}

static int open_directory(struct place *place)
{
    if (mkdir(place->path, 0700) == -1 && errno != EEXIST)
        return failed(place, "");
    place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->fd == -1)
        return failed(place, "");
    return judge_directory(place);
}

/* ---- the files ---- */

static void remove_names(const struct place *place, const char *const *names)
{
    for (int i = 0; i < IMPORT_FILES; i++)
        unlinkat(place->fd, names[i], 0);
}

static int write_new(const struct place *place, enum import_file file,
                     const struct import_material *material)
{
    const char *name = new_names[file];
    int fd;
    int result;

    unlinkat(place->fd, name, 0);
    fd = openat(place->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd == -1)
        return failed(place, name);
    result = fd_write_all(fd, material->files[file].data, material->files[file].size);
    if (result == 0)
        result = fchmod(fd, 0600);
    if (result == 0)
        result = fsync(fd);
    if (result == -1)
        failed(place, name);
    fd_close(&fd);
    return result;
}

/* Keeps what is there under another name, so that it can come back. */
static int keep_old(const struct place *place, enum import_file file)
{
    unlinkat(place->fd, old_names[file], 0);
    if (linkat(place->fd, import_names[file], place->fd, old_names[file], 0) == 0 ||
        errno == ENOENT)
        return 0;
    return failed(place, import_names[file]);
}

/* Those before `end` are new: what was there before them comes back. */
static void put_back(const struct place *place, int end)
{
    for (int i = 0; i < end; i++) {
        if (renameat(place->fd, old_names[i], place->fd, import_names[i]) == -1)
            unlinkat(place->fd, import_names[i], 0);
    }
}

static int put_all(const struct place *place)
{
    for (int i = 0; i < IMPORT_FILES; i++) {
        if (keep_old(place, (enum import_file)i) == -1)
            return -1;
    }
    for (int i = 0; i < IMPORT_FILES; i++) {
        if (renameat(place->fd, new_names[i], place->fd, import_names[i]) == 0)
            continue;
        failed(place, import_names[i]);
        put_back(place, i);
        return -1;
    }
    return fsync(place->fd) == 0 ? 0 : failed(place, "");
}

static int write_all(const struct place *place, const struct import_material *material)
{
    for (int i = 0; i < IMPORT_FILES; i++) {
        if (write_new(place, (enum import_file)i, material) == -1)
            return -1;
    }
    return put_all(place);
}

bool import_is_there(const char *directory)
{
    char path[PATH_MAX];
    unsigned count = 0;

    for (int i = 0; i < IMPORT_FILES; i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, import_names[i]);
        count += access(path, F_OK) == 0;
    }
    return count == IMPORT_FILES;
}

int import_write(const char *directory, const struct import_material *material,
                 char reason[IMPORT_REASON])
{
    struct place place = {directory, reason, -1};
    int result = open_directory(&place);

    if (result == 0) {
        result = write_all(&place, material);
        remove_names(&place, new_names);
        remove_names(&place, old_names);
    }
    fd_close(&place.fd);
    return result;
}
