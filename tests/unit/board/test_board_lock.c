#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "board/board_lock.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test board_lock_tests[];

#define TAKERS   20
#define ROUNDS   50
#define NOBODY   65534
#define STRANGER 65533

/* What a test and its children know of each other. */
struct ring {
    char name[CONF_NAME_SIZE];
    _Atomic int inside;     /* holders at this moment */
    _Atomic int collisions; /* times there was more than one */
    _Atomic int taken;
    _Atomic int ready;
};

static struct ring *ring_new(void)
{
    struct ring *ring = child_share(sizeof(*ring));

    scratch_name(ring->name);
    return ring;
}

static void ring_free(struct ring *ring)
{
    child_unshare(ring, sizeof(*ring));
}

static int take_held(void *context)
{
    struct ring *ring = context;
    unsigned before = descriptors_open();

    CHILD_EXPECT(board_lock(ring->name) == -1 && errno == EWOULDBLOCK);
    CHILD_EXPECT(descriptors_open() == before);
    return 0;
}

static void test_one_holder(void)
{
    struct ring *ring = ring_new();
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    int fd = board_lock(ring->name);

    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(descriptor_is_cloexec(fd));
    CU_ASSERT(stat(scratch_path(path, ring->name, ".lock"), &status) == 0);
    ASSERT_NUMBER(status.st_mode & 07777, 0600);
    ASSERT_NUMBER(child_run(take_held, ring), 0);
    CU_ASSERT(board_lock(ring->name) == -1 && errno == EWOULDBLOCK);
    board_unlock(ring->name, &fd);
    ASSERT_NUMBER(fd, -1);
    CU_ASSERT(!scratch_exists(ring->name, ".lock"));
    fd = board_lock(ring->name);
    CU_ASSERT(fd != -1);
    board_unlock(ring->name, &fd);
    ring_free(ring);
}

static int hold_until_killed(void *context)
{
    struct ring *ring = context;

    if (board_lock(ring->name) == -1)
        return 1;
    atomic_store(&ring->ready, 1);
    for (;;)
        pause();
}

/* The lock ends with its holder; the file that stays says nothing. */
static void test_holder_is_killed(void)
{
    struct ring *ring = ring_new();
    pid_t pid = child_start(hold_until_killed, ring);
    int fd;

    CU_ASSERT(child_await(pid, &ring->ready));
    CU_ASSERT(board_lock(ring->name) == -1 && errno == EWOULDBLOCK);
    kill(pid, SIGKILL);
    ASSERT_NUMBER(child_wait(pid), CHILD_SIGNAL(SIGKILL));
    CU_ASSERT(scratch_exists(ring->name, ".lock"));
    fd = board_lock(ring->name);
    CU_ASSERT(fd != -1);
    board_unlock(ring->name, &fd);
    ring_free(ring);
}

/* Holds it for a moment in which the others run into it, and into its removal. */
static void hold_for_a_moment(struct ring *ring, int *fd)
{
    if (atomic_fetch_add(&ring->inside, 1) != 0)
        atomic_fetch_add(&ring->collisions, 1);
    for (int i = 0; i < 3; i++)
        sched_yield();
    atomic_fetch_sub(&ring->inside, 1);
    board_unlock(ring->name, fd);
}

static int take_often(void *context)
{
    struct ring *ring = context;
    int taken = 0;

    while (taken < ROUNDS) {
        int fd = board_lock(ring->name);

        if (fd == -1) {
            if (errno != EWOULDBLOCK)
                return 1;
            sched_yield();
            continue;
        }
        hold_for_a_moment(ring, &fd);
        taken++;
    }
    atomic_fetch_add(&ring->taken, taken);
    return 0;
}

static void test_many_takers(void)
{
    struct ring *ring = ring_new();
    pid_t pids[TAKERS];

    for (int i = 0; i < TAKERS; i++)
        pids[i] = child_start(take_often, ring);
    for (int i = 0; i < TAKERS; i++)
        ASSERT_NUMBER(child_wait(pids[i]), 0);
    ASSERT_NUMBER(atomic_load(&ring->taken), TAKERS * ROUNDS);
    ASSERT_NUMBER(atomic_load(&ring->collisions), 0);
    CU_ASSERT(!scratch_exists(ring->name, ".lock"));
    ring_free(ring);
}

/* ---- what other users leave there ---- */

static void leave_foreign(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    int fd = open(scratch_path(path, name, ".lock"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(fchmod(fd, 0666) == 0 && fchown(fd, NOBODY, NOBODY) == 0);
    fd_close(&fd);
}

static void count_line(void *context, const char *record, size_t size)
{
    (void)record;
    (void)size;
    ++*(int *)context;
}

/* Root takes the name and says so. */
static void take_as_root(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    int lines = 0;
    int fd;

    log_to_sink(count_line, &lines);
    fd = board_lock(name);
    log_to_fd(STDERR_FILENO);
    CU_ASSERT(fd != -1);
    ASSERT_NUMBER(lines, 1);
    CU_ASSERT(stat(scratch_path(path, name, ".lock"), &status) == 0 && status.st_uid == 0);
    board_unlock(name, &fd);
}

static int take_foreign(void *context)
{
    if (!child_become(STRANGER, STRANGER))
        return CHILD_SKIP;
    CHILD_EXPECT(board_lock(context) == -1 && errno == EACCES);
    return 0;
}

static void test_foreign_file(void)
{
    char name[CONF_NAME_SIZE];

    if (geteuid() != 0) {
        unit_skip("only root can give a file away");
        return;
    }
    leave_foreign(scratch_name(name));
    ASSERT_NUMBER(child_run(take_foreign, name), 0);
    CU_ASSERT(scratch_exists(name, ".lock"));
    take_as_root(name);
}

static int hold_foreign(void *context)
{
    struct ring *ring = context;
    char path[SCRATCH_PATH_SIZE];
    int fd;

    if (!child_become(NOBODY, NOBODY))
        return 1;
    fd = open(scratch_path(path, ring->name, ".lock"), O_RDWR | O_CLOEXEC);
    if (fd == -1 || flock(fd, LOCK_EX) == -1)
        return 1;
    atomic_store(&ring->ready, 1);
    for (;;)
        pause();
}

/* No other user can keep root's instance from starting by holding a lock of that name. */
static void test_foreign_holder(void)
{
    struct ring *ring;
    pid_t pid;

    if (geteuid() != 0) {
        unit_skip("only root can give a file away");
        return;
    }
    ring = ring_new();
    leave_foreign(ring->name);
    pid = child_start(hold_foreign, ring);
    CU_ASSERT(child_await(pid, &ring->ready));
    take_as_root(ring->name);
    kill(pid, SIGKILL);
    child_wait(pid);
    ring_free(ring);
}

static void test_link(void)
{
    char name[CONF_NAME_SIZE];
    char path[SCRATCH_PATH_SIZE];
    char target[SCRATCH_PATH_SIZE];

    scratch_name(name);
    CU_ASSERT_FATAL(
        symlink(scratch_path(target, name, ".victim"), scratch_path(path, name, ".lock")) == 0);
    CU_ASSERT(board_lock(name) == -1);
    CU_ASSERT(!scratch_exists(name, ".victim"));
    unlink(path);
}

const struct unit_test board_lock_tests[] = {
    {"one_holder", test_one_holder},
    {"holder_is_killed", test_holder_is_killed},
    {"many_takers", test_many_takers},
    {"foreign_file", test_foreign_file},
    {"foreign_holder", test_foreign_holder},
    {"link", test_link},
    {NULL, NULL},
};
