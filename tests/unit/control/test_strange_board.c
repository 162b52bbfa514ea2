/* Boards that cannot be read: one clear sentence, and exit status 3. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defs.h"
#include "board/board-t.h"

#include "master.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test strange_board_tests[];

/* Those that read the board of a running instance. */
static const char *const verbs[] = {"status", "events", "health"};

#define PATH_SIZE (CONF_NAME_SIZE + 16)

static char *path_of(const struct master *master, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "/dev/shm/%s", master->name);
    return path;
}

static bool is_one_sentence(const struct run *run, int status, const char *words)
{
    const char *end = strchr(run->err, '\n');
    bool is = run->status == status && run->out[0] == '\0' && end != NULL && end[1] == '\0' &&
              strstr(run->err, words) != NULL;

    if (!is)
        printf("status %d, output \"%s\", errors \"%s\"\n", run->status, run->out, run->err);
    return is;
}

static bool all_readers_say(const struct master *master, const char *words)
{
    bool all = true;
    struct run run;

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        master_run_verb(master, &run, verbs[i]);
        all = is_one_sentence(&run, 3, words) && all;
    }
    return all;
}

/* Those included that would write on it. */
static bool all_say(const struct master *master, const char *words)
{
    bool all = all_readers_say(master, words);
    struct run run;

    master_run_verb(master, &run, "reload");
    all = is_one_sentence(&run, 3, words) && all;
    run_control(&run, (const char *const[]){"-n", master->name, "drain", "cp1", NULL});
    all = is_one_sentence(&run, 3, words) && all;
    run_control(&run, (const char *const[]){"-n", master->name, "maint", "--self", NULL});
    return is_one_sentence(&run, 3, words) && all;
}

/* ---- what stands in it ---- */

struct spot {
    size_t at;
    size_t size;
};

/* Writes bytes over a part of a board. */
static void spoil(const struct master *master, const struct spot *spot, unsigned char byte)
{
    unsigned char bytes[64];
    char path[PATH_SIZE];
    int fd = open(path_of(master, path), O_RDWR | O_CLOEXEC);

    memset(bytes, byte, sizeof(bytes));
    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(pwrite(fd, bytes, spot->size, (off_t)spot->at) == (ssize_t)spot->size);
    close(fd);
}

#define SPOT(member)                                                                               \
    {                                                                                              \
        offsetof(struct board_master, member), sizeof(((struct board_master *)0)->member)          \
    }

static void another_layout_is_not_read(void)
{
    static const struct spot spots[] = {
        SPOT(prefix.magic),    SPOT(prefix.version),     SPOT(prefix.prefix_size),
        SPOT(prefix.size),     SPOT(layout.services),    SPOT(layout.backends),
        SPOT(layout.workers),  SPOT(layout.sources),     SPOT(layout.backends_at),
        SPOT(layout.admin_at), SPOT(layout.worker_size),
    };
    static const unsigned char bytes[] = {0x00, 0x01, 0x7f, 0xff};

    for (size_t i = 0; i < ARRAY_LEN(spots); i++) {
        struct master master;

        master_start(&master, getpid(), NULL);
        spoil(&master, &spots[i], bytes[i % ARRAY_LEN(bytes)]);
        CU_ASSERT(all_say(&master, "is of another version of k0slb, or broken"));
        master_remove(&master);
    }
}

static void a_part_of_a_board_is_not_read(void)
{
    struct master master;
    struct stat status;
    char path[PATH_SIZE];

    master_start(&master, getpid(), NULL);
    CU_ASSERT_FATAL(stat(path_of(&master, path), &status) == 0);
    master_kill(&master);
    for (off_t size = status.st_size - 1; size > 0; size = size * 2 / 5) {
        CU_ASSERT(truncate(path, size) == 0);
        CU_ASSERT(all_say(&master, "is of another version of k0slb, or broken"));
    }
    CU_ASSERT(truncate(path, 0) == 0);
    CU_ASSERT(all_say(&master, "is of another version of k0slb, or broken"));
    CU_ASSERT(truncate(path, status.st_size * 2) == 0);
    CU_ASSERT(all_say(&master, "is of another version of k0slb, or broken"));
    master_remove(&master);
}

/* ---- whose it is ---- */

/* To be a member of the group would not help. */
static bool says_whose_it_is(const struct master *master, const char *verb, const char *words)
{
    struct run run;

    master_run_verb(master, &run, verb);
    return is_one_sentence(&run, 1, words);
}

static int ask_as_nobody(void *context)
{
    const struct master *master = context;

    if (geteuid() == 0 && !child_become(65534, 65534))
        return CHILD_SKIP;
    CHILD_EXPECT(
        all_readers_say(master, "cannot be read: run this as root, or as a member of the group"));
    CHILD_EXPECT(says_whose_it_is(
        master, "reload", "cannot be reloaded: run this as root, or as the user who started it"));
    CHILD_EXPECT(says_whose_it_is(
        master, "stop", "cannot be stopped: run this as root, or as the user who started it"));
    return 0;
}

static void one_that_may_not_be_read_says_who_may(void)
{
    struct master master;
    char path[PATH_SIZE];
    int status;

    master_start(&master, getpid(), NULL);
    CU_ASSERT(chmod(path_of(&master, path), 0) == 0);
    status = child_run(ask_as_nobody, &master);
    if (status == CHILD_SKIP)
        unit_skip("cannot become somebody else");
    else
        ASSERT_NUMBER(status, 0);
    master_remove(&master);
}

static void none_at_all_is_said(void)
{
    struct master master;

    master_start(&master, getpid(), NULL);
    master_remove(&master);
    CU_ASSERT(all_say(&master, "is not running: there is no /dev/shm/"));
}

const struct unit_test strange_board_tests[] = {
    {"another_layout_is_not_read", another_layout_is_not_read},
    {"a_part_of_a_board_is_not_read", a_part_of_a_board_is_not_read},
    {"one_that_may_not_be_read_says_who_may", one_that_may_not_be_read_says_who_may},
    {"none_at_all_is_said", none_at_all_is_said},
    {NULL, NULL},
};
