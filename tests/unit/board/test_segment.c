#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "board/segment.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test segment_tests[];

#define SIZE        (64 * 1024)
#define SMALL_TMPFS "size=64k"
#define NOBODY      65534
#define STRANGER    65533

static void close_segment(struct segment *segment)
{
    fd_close(&segment->write_fd);
    fd_close(&segment->read_fd);
}

static struct stat status_of(const char *name, const char *suffix)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status = {0};

    CU_ASSERT(lstat(scratch_path(path, name, suffix), &status) == 0);
    return status;
}

/* Leaves a file with some text where a segment will be. */
static void leave_file(const char *name, const char *suffix, mode_t mode)
{
    char path[SCRATCH_PATH_SIZE];
    int fd = open(scratch_path(path, name, suffix), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(fd_write_all(fd, "leftover", 8) == 0);
    fd_close(&fd);
}

static void test_create(void)
{
    char name[CONF_NAME_SIZE];
    struct segment segment;
    struct stat status;
    gid_t group = geteuid() == 0 ? NOBODY : getegid();

    scratch_name(name);
    CU_ASSERT_FATAL(segment_create(&segment, name, SIZE, group) == 0);
    ASSERT_NUMBER(segment.size, SIZE);
    CU_ASSERT(descriptor_is_cloexec(segment.read_fd));
    CU_ASSERT(descriptor_is_cloexec(segment.write_fd));
    status = status_of(name, ".new");
    ASSERT_NUMBER(status.st_size, SIZE);
    ASSERT_NUMBER(status.st_blocks, 0);
    ASSERT_NUMBER(status.st_mode & 07777, 0640);
    ASSERT_NUMBER(status.st_gid, group);
    CU_ASSERT(!scratch_exists(name, ""));
    close_segment(&segment);
    segment_unlink_new(name);
    CU_ASSERT(!scratch_exists(name, ".new"));
}

/* The umask of whoever starts it changes nothing. */
static void test_umask(void)
{
    char name[CONF_NAME_SIZE];
    struct segment segment;
    mode_t before = umask(0077);

    scratch_name(name);
    CU_ASSERT(segment_create(&segment, name, SIZE, (gid_t)-1) == 0);
    umask(before);
    ASSERT_NUMBER(status_of(name, ".new").st_mode & 07777, 0640);
    close_segment(&segment);
    segment_unlink_new(name);
}

static void test_publish(void)
{
    char name[CONF_NAME_SIZE];
    struct segment first;
    struct segment second;
    char *old;
    ino_t inode;
    int fd;

    scratch_name(name);
    CU_ASSERT(segment_publish(name) == -1 && errno == ENOENT);
    CU_ASSERT(segment_open(name) == -1 && errno == ENOENT);
    CU_ASSERT_FATAL(segment_create(&first, name, SIZE, (gid_t)-1) == 0);
    CU_ASSERT(segment_allocate(&first, 0, SIZE) == 0);
    old = segment_map(first.write_fd, 0, SIZE, 1);
    CU_ASSERT_FATAL(old != NULL);
    strcpy(old, "first");
    CU_ASSERT(segment_publish(name) == 0);
    CU_ASSERT(!scratch_exists(name, ".new"));
    inode = status_of(name, "").st_ino;

    /* Over the first one, whose mappings stay as they were. */
    CU_ASSERT_FATAL(segment_create(&second, name, 2 * SIZE, (gid_t)-1) == 0);
    ASSERT_NUMBER(status_of(name, "").st_ino, inode);
    CU_ASSERT(segment_publish(name) == 0);
    CU_ASSERT(status_of(name, "").st_ino != inode);
    ASSERT_TEXT(old, "first");
    fd = segment_open(name);
    CU_ASSERT(fd != -1 && descriptor_is_cloexec(fd));
    CU_ASSERT(segment_map(fd, 0, SIZE, 1) == NULL && errno == EACCES);
    fd_close(&fd);
    munmap(old, SIZE);
    close_segment(&first);
    close_segment(&second);
    segment_unlink(name);
    CU_ASSERT(!scratch_exists(name, ""));
}

static void test_allocate_and_map(void)
{
    char name[CONF_NAME_SIZE];
    struct segment segment;
    uint64_t page = segment_round(1);
    char *written;
    const char *read;

    CU_ASSERT_FATAL(segment_create(&segment, scratch_name(name), SIZE, (gid_t)-1) == 0);
    CU_ASSERT(segment_allocate(&segment, page, page) == 0);
    ASSERT_NUMBER(status_of(name, ".new").st_blocks * 512, page);
    ASSERT_NUMBER(status_of(name, ".new").st_size, SIZE);
    written = segment_map(segment.write_fd, page, page, 1);
    read = segment_map(segment.read_fd, 0, SIZE, 0);
    CU_ASSERT_FATAL(written != NULL && read != NULL);
    strcpy(written, "seen");
    ASSERT_TEXT(read + page, "seen");
    CU_ASSERT(segment_map(segment.read_fd, 0, page, 1) == NULL && errno == EACCES);
    munmap(written, page);
    munmap((void *)(uintptr_t)read, SIZE);
    close_segment(&segment);
    segment_unlink(name);
    CU_ASSERT(!scratch_exists(name, ".new"));
}

static void test_round(void)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    ASSERT_NUMBER(segment_round(0), 0);
    ASSERT_NUMBER(segment_round(1), page);
    ASSERT_NUMBER(segment_round(page), page);
    ASSERT_NUMBER(segment_round(page + 1), 2 * page);
}

/* A start that died half-way leaves a file, which the next one replaces. */
static void test_leftover(void)
{
    char name[CONF_NAME_SIZE];
    struct segment segment;
    char byte = 'x';

    leave_file(scratch_name(name), ".new", 0666);
    CU_ASSERT_FATAL(segment_create(&segment, name, SIZE, (gid_t)-1) == 0);
    ASSERT_NUMBER(status_of(name, ".new").st_size, SIZE);
    ASSERT_NUMBER(status_of(name, ".new").st_mode & 07777, 0640);
    CU_ASSERT(pread(segment.read_fd, &byte, 1, 0) == 1 && byte == '\0');
    close_segment(&segment);
    segment_unlink(name);
}

/* Nothing is written through a link that someone else left. */
static void test_leftover_link(void)
{
    char name[CONF_NAME_SIZE];
    char link[SCRATCH_PATH_SIZE];
    char target[SCRATCH_PATH_SIZE];
    struct segment segment;

    leave_file(scratch_name(name), ".victim", 0600);
    CU_ASSERT_FATAL(
        symlink(scratch_path(target, name, ".victim"), scratch_path(link, name, ".new")) == 0);
    CU_ASSERT_FATAL(segment_create(&segment, name, SIZE, (gid_t)-1) == 0);
    CU_ASSERT(S_ISREG(status_of(name, ".new").st_mode));
    ASSERT_NUMBER(status_of(name, ".victim").st_size, 8);
    close_segment(&segment);
    segment_unlink(name);
    unlink(target);
}

static void test_unlink_new_keeps_published(void)
{
    char name[CONF_NAME_SIZE];
    struct segment segment;

    CU_ASSERT_FATAL(segment_create(&segment, scratch_name(name), SIZE, (gid_t)-1) == 0);
    CU_ASSERT(segment_publish(name) == 0);
    segment_unlink_new(name);
    CU_ASSERT(scratch_exists(name, ""));
    close_segment(&segment);
    segment_unlink(name);
}

/* A failure leaves no descriptor and no file. */
static void test_create_fails(void)
{
    struct segment segment;
    char name[CONF_NAME_SIZE];
    unsigned before = descriptors_open();

    CU_ASSERT(segment_create(&segment, scratch_name(name), UINT64_MAX, (gid_t)-1) == -1);
    ASSERT_NUMBER(errno, EINVAL);
    CU_ASSERT(!scratch_exists(name, ".new"));
    CU_ASSERT(segment_create(&segment, "no/such/place", SIZE, (gid_t)-1) == -1);
    ASSERT_NUMBER(descriptors_open(), before);
}

static int open_as_stranger(void *context)
{
    int fd;

    if (!child_become(STRANGER, STRANGER))
        return CHILD_SKIP;
    fd = segment_open(context);
    CHILD_EXPECT(fd == -1 && errno == EBADF);
    return 0;
}

/* What another user made is not believed, but root may look at anyone's. */
static void test_foreign_owner(void)
{
    char name[CONF_NAME_SIZE];
    char path[SCRATCH_PATH_SIZE];
    int fd;

    if (geteuid() != 0) {
        unit_skip("only root can give a file away");
        return;
    }
    leave_file(scratch_name(name), "", 0644);
    scratch_path(path, name, "");
    CU_ASSERT_FATAL(chown(path, NOBODY, NOBODY) == 0 && chmod(path, 0644) == 0);
    ASSERT_NUMBER(child_run(open_as_stranger, name), 0);
    fd = segment_open(name);
    CU_ASSERT(fd != -1);
    fd_close(&fd);
    unlink(path);
}

/* ---- a /dev/shm without room, in a mount namespace of a child ---- */

static bool mount_small_shm(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", "/dev/shm", "tmpfs", 0, SMALL_TMPFS) == 0;
}

static int allocate_too_much(void *context)
{
    struct segment segment;

    if (!mount_small_shm())
        return CHILD_SKIP;
    CHILD_EXPECT(segment_create(&segment, context, 1024 * 1024, (gid_t)-1) == 0);
    CHILD_EXPECT(segment_allocate(&segment, 0, 32 * 1024) == 0);
    CHILD_EXPECT(segment_allocate(&segment, 0, 1024 * 1024) == -1 && errno == ENOSPC);
    segment_unlink(context);
    return 0;
}

static int create_board_without_room(void *context)
{
    struct board_plan plan = {
        .name = context, .services = 3, .backends = 9, .workers = 4, .group = (gid_t)-1};
    unsigned before = descriptors_open();

    if (!mount_small_shm())
        return CHILD_SKIP;
    CHILD_EXPECT(board_create(&plan) == NULL && errno == ENOSPC);
    CHILD_EXPECT(!scratch_exists(context, ".new") && !scratch_exists(context, ""));
    CHILD_EXPECT(descriptors_open() == before);
    return 0;
}

/* The board itself fits, its workers' regions do not. */
static int allocate_workers_without_room(void *context)
{
    struct board_plan plan = {
        .name = context, .services = 3, .backends = 9, .workers = 16, .group = (gid_t)-1};
    struct board *board;
    unsigned allocated = 0;

    if (!mount_small_shm() || mount("tmpfs", "/dev/shm", "tmpfs", MS_REMOUNT, "size=512k") == -1)
        return CHILD_SKIP;
    board = made_board(&plan);
    CHILD_EXPECT(board != NULL);
    if (board == NULL)
        return 1;
    while (allocated < 48 && board_allocate_worker(board, allocated) == 0)
        board_clear_worker(board, allocated++);
    CHILD_EXPECT(allocated < 48 && errno == ENOSPC);
    CHILD_EXPECT(board_worker(board, allocated) == NULL);
    CHILD_EXPECT(allocated == 0 || board_worker(board, allocated - 1) != NULL);
    scratch_drop(board);
    return 0;
}

static void run_in_small_shm(child_fn *fn)
{
    char name[CONF_NAME_SIZE];
    int status = child_run(fn, scratch_name(name));

    if (status == CHILD_SKIP)
        unit_skip("a mount namespace of our own needs root");
    else
        ASSERT_NUMBER(status, 0);
}

static void test_allocate_without_room(void)
{
    run_in_small_shm(allocate_too_much);
}

static void test_board_without_room(void)
{
    run_in_small_shm(create_board_without_room);
}

static void test_workers_without_room(void)
{
    run_in_small_shm(allocate_workers_without_room);
}

const struct unit_test segment_tests[] = {
    {"create", test_create},
    {"umask", test_umask},
    {"publish", test_publish},
    {"allocate_and_map", test_allocate_and_map},
    {"round", test_round},
    {"leftover", test_leftover},
    {"leftover_link", test_leftover_link},
    {"unlink_new_keeps_published", test_unlink_new_keeps_published},
    {"create_fails", test_create_fails},
    {"foreign_owner", test_foreign_owner},
    {"allocate_without_room", test_allocate_without_room},
    {"board_without_room", test_board_without_room},
    {"workers_without_room", test_workers_without_room},
    {NULL, NULL},
};
