#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "board/board_prefix.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test board_prefix_tests[];

#define NOBODY   65534
#define STRANGER 65533

static void test_read(void)
{
    struct board *board = scratch_board(1, 1, 1);
    const struct board_master *master = board_master(board);
    struct board_prefix prefix;
    uid_t owner = NOBODY;

    board_add_child(board, 77, 99, BOARD_ROLE_CHECKER, 0);
    ASSERT_NUMBER(board_prefix_read(master->name, &prefix, &owner), 0);
    ASSERT_NUMBER(owner, geteuid());
    ASSERT_NUMBER(atomic_load(&prefix.master_pid), getpid());
    CU_ASSERT_TRUE(process_is_alive(getpid(), prefix.master_start_time));
    ASSERT_NUMBER(atomic_load(&prefix.children[0].pid), 77);
    ASSERT_NUMBER(prefix.children[0].start_time, 99);
    ASSERT_NUMBER(prefix.children[0].role, BOARD_ROLE_CHECKER);
    scratch_drop(board);
}

/* Overwrites a byte of the segment. */
static void spoil(const char *name, off_t at)
{
    char path[SCRATCH_PATH_SIZE];
    int fd = open(scratch_path(path, name, ""), O_WRONLY | O_CLOEXEC);

    CU_ASSERT_TRUE_FATAL(fd != -1);
    ASSERT_NUMBER(pwrite(fd, "\x7e", 1, at), 1);
    fd_close(&fd);
}

static void test_another_version(void)
{
    struct board *board = scratch_board(1, 1, 1);
    const char *name = board_master(board)->name;
    struct board_prefix prefix;
    uid_t owner;

    spoil(name, offsetof(struct board_prefix, version));
    CU_ASSERT_PTR_NULL(board_open(name));
    ASSERT_NUMBER(errno, EPROTO);
    ASSERT_NUMBER(board_prefix_read(name, &prefix, &owner), 0);
    ASSERT_NUMBER(prefix.version, 0x7e);
    scratch_drop(board);
}

static void test_no_prefix(void)
{
    static const off_t places[] = {0, offsetof(struct board_prefix, prefix_size)};
    struct board_prefix prefix;
    char path[SCRATCH_PATH_SIZE];
    char name[CONF_NAME_SIZE];
    struct board *board;
    uid_t owner;

    ASSERT_NUMBER(board_prefix_read(scratch_name(name), &prefix, &owner), -1);
    ASSERT_NUMBER(errno, ENOENT);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        board = scratch_board(1, 1, 1);
        spoil(board_master(board)->name, places[i]);
        ASSERT_NUMBER(board_prefix_read(board_master(board)->name, &prefix, &owner), -1);
        ASSERT_NUMBER(errno, EPROTO);
        scratch_drop(board);
    }
    board = scratch_board(1, 1, 1);
    strcpy(name, board_master(board)->name);
    ASSERT_NUMBER(truncate(scratch_path(path, name, ""), sizeof(prefix) - 1), 0);
    ASSERT_NUMBER(board_prefix_read(name, &prefix, &owner), -1);
    ASSERT_NUMBER(errno, EPROTO);
    scratch_drop(board);
}

static int read_as_stranger(void *context)
{
    struct board_prefix prefix;
    uid_t owner;

    if (!child_become(STRANGER, STRANGER))
        return CHILD_SKIP;
    CHILD_EXPECT(board_prefix_read(context, &prefix, &owner) == -1);
    CHILD_EXPECT(errno == EBADF);
    return 0;
}

/* Root may look at anybody's and is told whose it is; others at root's and their own. */
static void test_owner(void)
{
    struct board_prefix prefix;
    char path[SCRATCH_PATH_SIZE];
    char name[CONF_NAME_SIZE];
    struct board *board;
    uid_t owner = 0;

    if (geteuid() != 0) {
        unit_skip("needs root");
        return;
    }
    board = scratch_board(1, 1, 1);
    strcpy(name, board_master(board)->name);
    scratch_path(path, name, "");
    ASSERT_NUMBER(chown(path, NOBODY, NOBODY), 0);
    ASSERT_NUMBER(chmod(path, 0644), 0);
    ASSERT_NUMBER(board_prefix_read(name, &prefix, &owner), 0);
    ASSERT_NUMBER(owner, NOBODY);
    ASSERT_NUMBER(child_run(read_as_stranger, name), 0);
    scratch_drop(board);
}

static void test_unlink(void)
{
    struct board *board = scratch_board(1, 1, 1);
    const char *name = board_master(board)->name;

    CU_ASSERT_TRUE(scratch_exists(name, ""));
    board_prefix_unlink(name);
    CU_ASSERT_FALSE(scratch_exists(name, ""));
    scratch_drop(board);
}

const struct unit_test board_prefix_tests[] = {
    {"read", test_read},           {"another_version", test_another_version},
    {"no_prefix", test_no_prefix}, {"owner", test_owner},
    {"unlink", test_unlink},       {NULL, NULL},
};
