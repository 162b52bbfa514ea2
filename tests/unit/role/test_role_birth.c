#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "role/spare.h"

#include "unit/child.h"
#include "unit/role/nursery.h"
#include "unit/role/status.h"
#include "unit/unit.h"

extern const struct unit_test role_birth_tests[];

#define OTHER 64123 /* a user and group that nobody is */

/* ---- descriptors ---- */

static bool is_listed(const struct diary *diary, int fd)
{
    for (int i = 0; i < diary->fd_count; i++) {
        if (diary->fds[i] == fd)
            return true;
    }
    return false;
}

/*
 * Whether the child has what the test has as `fd`, under whatever number: what a child closes leaves
 * numbers for what it opens.
 */
static bool has_open(const struct diary *diary, int fd)
{
    char path[64];
    char link[64] = "";

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CU_ASSERT_FATAL(readlink(path, link, sizeof(link) - 1) > 0);
    for (int i = 0; i < diary->fd_count; i++) {
        if (strcmp(diary->links[i], link) == 0)
            return true;
    }
    return false;
}

static int count_links(const struct diary *diary, const char *text)
{
    int count = 0;

    for (int i = 0; i < diary->fd_count; i++)
        count += strstr(diary->links[i], text) != NULL;
    return count;
}

/*
 * A child's descriptors are the standard three, its own four, a signalfd, the loop, and the
 * listeners of its role. `listeners` has a bit for each of those.
 */
static void check_descriptors(enum board_role role, unsigned listeners)
{
    struct nursery_plan plan = {.role = role};
    int foreign = open("/etc/passwd", O_RDONLY); /* not even close-on-exec */
    int far = fcntl(foreign, F_DUPFD, 200);
    struct nursery nursery;
    const struct diary *diary;
    int expected = 3 + 4 + 2 + SPARE_COUNT;

    CU_ASSERT_FATAL(foreign != -1 && far >= 200);
    nursery_open(&nursery, &plan);
    diary = nursery.diary;
    CU_ASSERT(nursery_await(&nursery, &diary->started, 1));
    for (unsigned i = 0; i < 3; i++) {
        bool wanted = (listeners >> i & 1) != 0;

        expected += wanted;
        ASSERT_NUMBER(has_open(diary, nursery.listeners[i]), wanted);
    }
    ASSERT_NUMBER(count_links(diary, "/etc/passwd"), 0);
    CU_ASSERT(is_listed(diary, nursery.birth.look_event));
    CU_ASSERT(is_listed(diary, nursery.birth.health_event));
    ASSERT_NUMBER(count_links(diary, "[signalfd]"), 1);
    ASSERT_NUMBER(count_links(diary, "[eventpoll]"), 1);
    ASSERT_NUMBER(count_links(diary, "/dev/shm"), 0);
    ASSERT_NUMBER(count_links(diary, "memfd"), 0);
    ASSERT_NUMBER(diary->fd_count, expected);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
    fd_close(&foreign);
    fd_close(&far);
}

static void test_descriptors(void)
{
    check_descriptors(BOARD_ROLE_WORKER, 3);
    check_descriptors(BOARD_ROLE_STATS, 4);
    check_descriptors(BOARD_ROLE_CHECKER, 0);
}

/* ---- the board ---- */

static void write_own_region(struct nursery *nursery)
{
    atomic_store(&board_my_worker(nursery->board)->epoch, 4711);
}

static void test_board(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_WORKER, .slot = 1, .look = write_own_region};
    struct nursery nursery;

    nursery_open(&nursery, &plan);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    ASSERT_NUMBER(board_worker(nursery.board, 1)->epoch, 4711);
    ASSERT_NUMBER(board_worker(nursery.board, 0)->epoch, 0);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

static void check_name(struct nursery *nursery)
{
    char name[16] = "";

    (void)nursery;
    CHILD_EXPECT(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "checker") == 0);
}

static void test_name(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_CHECKER, .look = check_name};
    struct nursery nursery;

    nursery_open(&nursery, &plan);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* ---- privileges ---- */

static void expect_status(const char *field, const char *wanted)
{
    char text[STATUS_LINE_SIZE];
    bool same = strcmp(status_text(text, 0, field), wanted) == 0;

    if (!same)
        printf("    %s is \"%s\", wanted \"%s\"\n", field, text, wanted);
    CHILD_EXPECT(same);
}

static void expect_no_privileges(struct nursery *nursery)
{
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

    (void)nursery;
    expect_status("Uid", "64123 64123 64123 64123");
    expect_status("Gid", "64123 64123 64123 64123");
    expect_status("Groups", "");
    expect_status("NoNewPrivs", "1");
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        expect_status(sets[i], "0000000000000000");
    CHILD_EXPECT(setuid(0) == -1 && errno == EPERM);
    CHILD_EXPECT(setgid(0) == -1 && errno == EPERM);
    CHILD_EXPECT(open("/etc/shadow", O_RDONLY | O_CLOEXEC) == -1);
}

/* Root until prepare() is through, then never again; it lives on all the same. */
static void test_root_is_given_up(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_WORKER,
                                .change_user = true,
                                .uid = OTHER,
                                .gid = OTHER,
                                .look = expect_no_privileges};
    struct nursery nursery;

    if (geteuid() != 0) {
        unit_skip("only root has something to give up");
        return;
    }
    nursery_open(&nursery, &plan);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->heartbeats, 1));
    ASSERT_NUMBER(nursery.diary->prepared_uid, 0);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

static void expect_locked(struct nursery *nursery)
{
    (void)nursery;
    expect_status("NoNewPrivs", "1");
    expect_status("CapEff", "0000000000000000");
}

/* Started as another user: nothing to give up, nothing to gain. */
static void test_other_user(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_WORKER, .look = expect_locked};
    struct nursery nursery;

    if (geteuid() == 0)
        plan.born_uid = OTHER;
    nursery_open(&nursery, &plan);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->heartbeats, 1));
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* A child that should give up root and cannot does not begin to work. */
static void test_root_cannot_be_given_up(void)
{
    struct nursery_plan plan = {
        .role = BOARD_ROLE_WORKER, .change_user = true, .uid = OTHER, .gid = OTHER};
    struct nursery nursery;

    if (geteuid() == 0)
        plan.born_uid = OTHER + 1;
    nursery_open(&nursery, &plan);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->stopped, 1));
    ASSERT_NUMBER(nursery.diary->prepared, 1);
    ASSERT_NUMBER(nursery.diary->started, 0);
    CU_ASSERT(nursery_logged(&nursery, "<0>worker: cannot give up root: "));
    ASSERT_NUMBER(nursery_close(&nursery), ROLE_EXIT_SETUP);
}

const struct unit_test role_birth_tests[] = {
    {"descriptors", test_descriptors},
    {"board", test_board},
    {"name", test_name},
    {"root_is_given_up", test_root_is_given_up},
    {"other_user", test_other_user},
    {"root_cannot_be_given_up", test_root_cannot_be_given_up},
    {NULL, NULL},
};
