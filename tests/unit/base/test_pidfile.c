#include "base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/fd.h"
#include "unit/child.h"
#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test pidfile_tests[];

#define PID 4711

/* A directory, and the paths of a pid file in it. */
struct place {
    char dir[40];
    char path[64];
    char temporary[80];
    char text[64]; /* place_text()'s */
    unsigned before;
};

static void place_init(struct place *place)
{
    place->before = descriptors_open();
    strcpy(place->dir, "/tmp/k0slb-pidfile-XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(place->dir) != NULL);
    snprintf(place->path, sizeof(place->path), "%s/lb.pid", place->dir);
    snprintf(place->temporary, sizeof(place->temporary), "%s.new", place->path);
}

/* Nothing else may be left. */
static void place_fini(struct place *place)
{
    unlink(place->path);
    ASSERT_NUMBER(rmdir(place->dir), 0);
    ASSERT_NUMBER(descriptors_open(), place->before);
}

static void place_put(const struct place *place, const char *text)
{
    int fd = open(place->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, strlen(text)) == 0);
    fd_close(&fd);
}

static const char *place_text(struct place *place)
{
    int fd = open(place->path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    strcpy(place->text, "(no file)");
    if (fd == -1)
        return place->text;
    got = fd_read_all(fd, place->text, sizeof(place->text) - 1);
    place->text[got > 0 ? got : 0] = '\0';
    fd_close(&fd);
    return place->text;
}

static void test_life(void)
{
    struct pidfile file;
    struct place place;
    struct stat status;
    mode_t mask = umask(077);

    place_init(&place);
    ASSERT_NUMBER(pidfile_open(&file, place.path, PID), 0);
    ASSERT_TEXT(place_text(&place), "(no file)");
    ASSERT_NUMBER(pidfile_publish(&file), 0);
    ASSERT_TEXT(place_text(&place), "4711\n");
    ASSERT_NUMBER(stat(place.path, &status), 0);
    ASSERT_NUMBER(status.st_mode, S_IFREG | 0644);
    CU_ASSERT(access(place.temporary, F_OK) == -1);
    pidfile_close(&file);
    ASSERT_TEXT(place_text(&place), "(no file)");
    pidfile_close(&file);
    place_fini(&place);
    umask(mask);
}

/* A start that came to nothing has touched nothing. */
static void test_never_published(void)
{
    struct pidfile file;
    struct place place;

    place_init(&place);
    place_put(&place, "17\n");
    ASSERT_NUMBER(pidfile_open(&file, place.path, PID), 0);
    ASSERT_TEXT(place_text(&place), "17\n");
    pidfile_close(&file);
    ASSERT_TEXT(place_text(&place), "17\n");
    place_fini(&place);
}

static void test_none(void)
{
    struct pidfile file = {.path = NULL};

    ASSERT_NUMBER(pidfile_publish(&file), 0);
    pidfile_close(&file);
}

/* What stands there already is in nobody's way. */
static void test_what_was_there(void)
{
    static const char *const texts[] = {
        "999999\n", /* dead, as far as anybody knows */
        "1\n",      /* somebody else */
        "",         "garbage",      "-1\n", "99999999999999999999999999\n",
        "4711",     "4711\n4711\n", "\n\n",
    };
    struct pidfile file;
    struct place place;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        place_init(&place);
        place_put(&place, texts[i]);
        ASSERT_NUMBER(pidfile_open(&file, place.path, PID), 0);
        ASSERT_TEXT(place_text(&place), texts[i]);
        ASSERT_NUMBER(pidfile_publish(&file), 0);
        ASSERT_TEXT(place_text(&place), "4711\n");
        pidfile_close(&file);
        ASSERT_TEXT(place_text(&place), "(no file)");
        place_fini(&place);
    }
}

/* Nothing but our own pid, to the byte, makes the file ours. */
static void test_of_somebody_else(void)
{
    static const char *const texts[] = {"1\n",      "47110\n",  "471\n", "4711",
                                        "4711\n\n", "04711\n",  "",      "-4711\n",
                                        " 4711\n",  "4711 x\n", "4712\n"};
    struct pidfile file;
    struct place place;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        place_init(&place);
        ASSERT_NUMBER(pidfile_open(&file, place.path, PID), 0);
        ASSERT_NUMBER(pidfile_publish(&file), 0);
        place_put(&place, texts[i]);
        pidfile_close(&file);
        ASSERT_TEXT(place_text(&place), texts[i]);
        place_fini(&place);
    }
}

/* Left by a start that was killed between its two steps. */
static void test_old_temporary(void)
{
    struct pidfile file;
    struct place place;

    place_init(&place);
    ASSERT_NUMBER(pidfile_open(&file, place.path, 17), 0);
    free(file.path);
    free(file.temporary);
    ASSERT_NUMBER(pidfile_open(&file, place.path, PID), 0);
    ASSERT_NUMBER(pidfile_publish(&file), 0);
    ASSERT_TEXT(place_text(&place), "4711\n");
    pidfile_close(&file);
    place_fini(&place);
}

/* A link is replaced or left alone, and never followed. */
static void test_link(void)
{
    struct pidfile file;
    struct place place;
    char target[64];

    place_init(&place);
    snprintf(target, sizeof(target), "%s/target", place.dir);
    place_put(&place, "4711\n");
    ASSERT_NUMBER(rename(place.path, target), 0);
    ASSERT_NUMBER(symlink(target, place.path), 0);
    ASSERT_NUMBER(symlink(target, place.temporary), 0);
    pidfile_remove(place.path, PID);
    ASSERT_TEXT(place_text(&place), "4711\n");
    ASSERT_NUMBER(pidfile_open(&file, place.path, 17), 0);
    ASSERT_NUMBER(pidfile_publish(&file), 0);
    ASSERT_TEXT(place_text(&place), "17\n");
    pidfile_close(&file);
    ASSERT_NUMBER(rename(target, place.path), 0);
    ASSERT_TEXT(place_text(&place), "4711\n");
    place_fini(&place);
}

/* A FIFO that nobody writes holds nobody up. */
static void test_fifo(void)
{
    struct pidfile file;
    struct place place;

    place_init(&place);
    ASSERT_NUMBER(mkfifo(place.path, 0600), 0);
    pidfile_remove(place.path, PID);
    ASSERT_NUMBER(pidfile_open(&file, place.path, PID), 0);
    ASSERT_NUMBER(pidfile_publish(&file), 0);
    ASSERT_TEXT(place_text(&place), "4711\n");
    pidfile_close(&file);
    place_fini(&place);
}

static void assert_refused(const char *path, int error)
{
    struct pidfile file;

    errno = 0;
    ASSERT_NUMBER(pidfile_open(&file, path, PID), -1);
    ASSERT_NUMBER(errno, error);
    pidfile_close(&file);
}

static void test_no_place(void)
{
    struct place place;
    char path[96];

    place_init(&place);
    assert_refused(place.dir, EISDIR);
    snprintf(path, sizeof(path), "%s/nothing/lb.pid", place.dir);
    assert_refused(path, ENOENT);
    place_put(&place, "");
    snprintf(path, sizeof(path), "%s/lb.pid", place.path);
    assert_refused(path, ENOTDIR);
    assert_refused("/proc/lb.pid", ENOENT);
    place_fini(&place);
}

/* As somebody whom the directory does not let in. */
static int write_unprivileged(void *context)
{
    const struct place *place = context;
    struct pidfile file;

    if (geteuid() == 0 && !child_become(65534, 65534))
        return CHILD_SKIP;
    CHILD_EXPECT(pidfile_open(&file, place->path, PID) == -1 && errno == EACCES);
    return 0;
}

static void test_read_only_directory(void)
{
    struct place place;
    int status;

    place_init(&place);
    ASSERT_NUMBER(chmod(place.dir, 0555), 0);
    status = child_run(write_unprivileged, &place);
    if (status == CHILD_SKIP)
        unit_skip("cannot become another user");
    else
        ASSERT_NUMBER(status, 0);
    ASSERT_NUMBER(chmod(place.dir, 0700), 0);
    place_fini(&place);
}

const struct unit_test pidfile_tests[] = {
    {"life", test_life},
    {"never_published", test_never_published},
    {"none", test_none},
    {"what_was_there", test_what_was_there},
    {"of_somebody_else", test_of_somebody_else},
    {"old_temporary", test_old_temporary},
    {"link", test_link},
    {"fifo", test_fifo},
    {"no_place", test_no_place},
    {"read_only_directory", test_read_only_directory},
    {NULL, NULL},
};
