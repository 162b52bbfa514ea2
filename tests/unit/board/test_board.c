#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "base/process.h"
#include "board/segment.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test board_tests[];

static uint64_t blocks_of(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status = {0};

    CU_ASSERT(stat(scratch_path(path, name, ""), &status) == 0);
    return (uint64_t)status.st_blocks * 512;
}

/* ---- making it ---- */

static void test_header(void)
{
    struct board *board = scratch_board(3, 9, 2);
    const struct board_master *master = board_master(board);

    CU_ASSERT(memcmp(master->prefix.magic, BOARD_MAGIC, 8) == 0);
    ASSERT_NUMBER(master->prefix.version, BOARD_VERSION);
    ASSERT_NUMBER(master->prefix.prefix_size, sizeof(struct board_prefix));
    ASSERT_NUMBER(master->prefix.size, master->layout.size);
    ASSERT_NUMBER(master->prefix.master_pid, getpid());
    CU_ASSERT(process_is_alive(getpid(), master->prefix.master_start_time));
    CU_ASSERT(strncmp(master->name, "k0slb-unit-", 11) == 0);
    CU_ASSERT(wall_ms() - master->started_ms < 60000);
    CU_ASSERT(mono_ms() - master->started_mono_ms < 60000);
    ASSERT_NUMBER(master->epoch, 1);
    ASSERT_NUMBER(master->reload_ok, 1);
    ASSERT_NUMBER(master->workers_wanted, 2);
    ASSERT_NUMBER(master->checks_done, 0);
    ASSERT_NUMBER(board_admin_self(board), BOARD_ADMIN_READY);
    scratch_drop(board);
}

/* Room to grow by four, at least 16 and 64, at most what a configuration can have. */
static void test_sizes(void)
{
    static const struct {
        unsigned services, backends, workers;
        unsigned want_services, want_backends, want_workers;
    } cases[] = {
        {1, 3, 1, 16, 64, 3},       {4, 16, 2, 16, 64, 6},       {5, 17, 2, 20, 68, 6},
        {16, 256, 8, 64, 1024, 24}, {17, 257, 16, 64, 1024, 48}, {64, 1024, 16, 64, 1024, 48},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct board *board = scratch_board(cases[i].services, cases[i].backends, cases[i].workers);
        const struct board_layout *layout = &board_master(board)->layout;

        ASSERT_NUMBER(layout->services, cases[i].want_services);
        ASSERT_NUMBER(layout->backends, cases[i].want_backends);
        ASSERT_NUMBER(layout->workers, cases[i].want_workers);
        scratch_drop(board);
    }
}

/* Every region has its own pages, in order, with room for what it holds. */
static void test_layout(void)
{
    struct board *board = scratch_board(64, 1024, 16);
    const struct board_layout *layout = &board_master(board)->layout;
    const uint64_t starts[] = {layout->admin_at, layout->checker_at, layout->tickets_at,
                               layout->worker_at};
    uint64_t page = segment_round(1);

    CU_ASSERT(layout->services_at >= sizeof(struct board_master));
    CU_ASSERT(layout->backends_at >= layout->services_at + 64 * sizeof(struct board_service));
    CU_ASSERT(layout->admin_at >= layout->backends_at + 1024 * sizeof(struct board_backend));
    CU_ASSERT(layout->checker_at >= layout->admin_at + 1025 * sizeof(uint64_t));
    CU_ASSERT(layout->tickets_at >= layout->checker_at + 1024 * sizeof(struct board_check));
    CU_ASSERT(layout->sources_at >= 1024 * sizeof(struct board_backend_counters));
    CU_ASSERT(layout->worker_size >= layout->sources_at + 8192 * 64);
    CU_ASSERT(layout->worker_size <= layout->sources_at + 8193 * 64 + page);
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        ASSERT_NUMBER(starts[i] % page, 0);
    ASSERT_NUMBER(layout->sources_at % page, 0);
    ASSERT_NUMBER(layout->worker_size % page, 0);
    ASSERT_NUMBER(layout->size, layout->worker_at + 48 * layout->worker_size);
    scratch_drop(board);
}

/* Counters have cache lines of their own, however many services stand before them. */
static void test_alignment(void)
{
    for (unsigned services = 4; services < 16; services++) {
        struct board *board = scratch_board(services, 3, 1);

        ASSERT_NUMBER((uintptr_t)board_worker_backend(board, 0, 0) % 64, 0);
        ASSERT_NUMBER((uintptr_t)board_worker_service(board, 0, 0) % 64, 0);
        scratch_drop(board);
    }
}

/* A worker's region exists once it is allocated, and looking for it does not make it. */
static void test_unallocated_workers(void)
{
    struct board *board = scratch_board(3, 9, 2);
    const char *name = board_master(board)->name;
    uint64_t before = blocks_of(name);
    const struct board_layout *layout = &board_master(board)->layout;

    ASSERT_NUMBER(before, layout->worker_at + 2 * layout->sources_at);
    CU_ASSERT(board_worker(board, 0) != NULL);
    CU_ASSERT(board_worker(board, 1) != NULL);
    for (unsigned worker = 2; worker < 70; worker++)
        CU_ASSERT(board_worker(board, worker) == NULL);
    ASSERT_NUMBER(board_active(board, 0), 0);
    ASSERT_NUMBER(blocks_of(name), before);
    CU_ASSERT(board_allocate_worker(board, 5) == 0);
    CU_ASSERT(board_worker(board, 5) != NULL && board_worker(board, 4) == NULL);
    CU_ASSERT(board_allocate_worker(board, 5) == 0);
    ASSERT_NUMBER(blocks_of(name), before + layout->sources_at);
    scratch_drop(board);
}

static void test_create_replaces(void)
{
    struct board *first = scratch_board(1, 3, 1);
    struct board_plan plan = {.name = board_master(first)->name,
                              .services = 1,
                              .backends = 100,
                              .workers = 1,
                              .group = (gid_t)-1};
    struct board *second = made_board(&plan);
    struct board *seen = board_open(plan.name);

    CU_ASSERT_FATAL(second != NULL && seen != NULL);
    ASSERT_NUMBER(board_master(seen)->layout.backends, 400);
    ASSERT_NUMBER(board_master(first)->layout.backends, 64);
    board_close(seen);
    board_close(first);
    scratch_drop(second);
}

static int create_over_foreign(void *context)
{
    struct board_plan plan = {
        .name = context, .services = 1, .backends = 3, .workers = 1, .group = (gid_t)-1};

    if (!child_become(65533, 65533))
        return CHILD_SKIP;
    CHILD_EXPECT(board_create(&plan) == NULL && errno == EPERM);
    CHILD_EXPECT(!scratch_exists(context, ".new"));
    return 0;
}

static void test_foreign_name(void)
{
    struct board *board;
    char name[CONF_NAME_SIZE];

    if (geteuid() != 0) {
        unit_skip("only root can play two users");
        return;
    }
    board = scratch_board(1, 3, 1);
    strcpy(name, board_master(board)->name);
    ASSERT_NUMBER(child_run(create_over_foreign, name), 0);
    CU_ASSERT(scratch_exists(name, ""));
    scratch_drop(board);
}

/* ---- opening it ---- */

static void test_open(void)
{
    struct board *board = scratch_board(3, 9, 2);
    const char *name = board_master(board)->name;
    unsigned before = descriptors_open();
    struct board *reader = board_open(name);

    CU_ASSERT_FATAL(reader != NULL);
    ASSERT_NUMBER(descriptors_open(), before);
    ASSERT_TEXT(board_master(reader)->name, name);
    board_event(board, "seen at once");
    ASSERT_TEXT(board_master(reader)->event[0].text, "seen at once");
    board_close(reader);
    scratch_drop(board);
}

static void test_open_missing(void)
{
    char name[CONF_NAME_SIZE];

    CU_ASSERT(board_open(scratch_name(name)) == NULL && errno == ENOENT);
    board_close(NULL);
}

static int write_to_it(void *context)
{
    struct board *reader = board_open(context);

    if (reader == NULL)
        return 1;
    *(volatile char *)(uintptr_t)board_master(reader)->name = 'x';
    return 0;
}

static void test_reader_cannot_write(void)
{
    struct board *board = scratch_board(3, 9, 2);
    char name[CONF_NAME_SIZE];

    strcpy(name, board_master(board)->name);
    ASSERT_NUMBER(child_run(write_to_it, name), CHILD_SIGNAL(SIGSEGV));
    scratch_drop(board);
}

/* ---- what is no board ---- */

/* A whole board in ordinary memory, to be spoilt. */
struct forgery {
    char name[CONF_NAME_SIZE];
    char *bytes;
    size_t size;
};

static void forge(struct forgery *forgery)
{
    struct board *board = scratch_board(3, 9, 2);

    scratch_name(forgery->name);
    forgery->size = board_master(board)->layout.worker_at;
    forgery->bytes = calloc(1, board_master(board)->layout.size);
    CU_ASSERT_FATAL(forgery->bytes != NULL);
    memcpy(forgery->bytes, board_master(board), forgery->size);
    forgery->size = board_master(board)->layout.size;
    scratch_drop(board);
}

/* Puts it in place and opens it; returns errno, 0 when it is taken for a board. */
static int open_forged(const struct forgery *forgery)
{
    char path[SCRATCH_PATH_SIZE];
    int fd =
        open(scratch_path(path, forgery->name, ""), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unsigned before = descriptors_open();
    struct board *board;
    int error;

    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(fd_write_all(fd, forgery->bytes, forgery->size) == 0);
    board = board_open(forgery->name);
    error = board == NULL ? errno : 0;
    ASSERT_NUMBER(descriptors_open(), before);
    board_close(board);
    fd_close(&fd);
    unlink(path);
    return error;
}

static void test_open_truncated(void)
{
    struct forgery forgery;
    size_t whole;
    const size_t less[] = {0, 1, 100, sizeof(struct board_prefix), sizeof(struct board_master)};

    forge(&forgery);
    whole = forgery.size;
    ASSERT_NUMBER(open_forged(&forgery), 0);
    for (size_t i = 0; i < ARRAY_LEN(less); i++) {
        forgery.size = less[i];
        ASSERT_NUMBER(open_forged(&forgery), EPROTO);
    }
    forgery.size = whole - segment_round(1);
    ASSERT_NUMBER(open_forged(&forgery), EPROTO);
    free(forgery.bytes);
}

/* Bytes that make it something else: another layout version, half made, or a lie. */
static void test_open_spoilt(void)
{
    static const size_t spoilt[] = {
        offsetof(struct board_master, prefix.magic),
        offsetof(struct board_master, prefix.magic) + 7,
        offsetof(struct board_master, prefix.version),
        offsetof(struct board_master, prefix.prefix_size),
        offsetof(struct board_master, prefix.size),
        offsetof(struct board_master, layout.services),
        offsetof(struct board_master, layout.services) + 3,
        offsetof(struct board_master, layout.backends) + 1,
        offsetof(struct board_master, layout.workers),
        offsetof(struct board_master, layout.workers) + 3,
        offsetof(struct board_master, layout.services_at),
        offsetof(struct board_master, layout.backends_at) + 7,
        offsetof(struct board_master, layout.checker_at) + 2,
        offsetof(struct board_master, layout.worker_at) + 4,
        offsetof(struct board_master, layout.worker_size) + 1,
        offsetof(struct board_master, layout.size) + 1,
    };
    struct forgery forgery;

    forge(&forgery);
    for (size_t i = 0; i < ARRAY_LEN(spoilt); i++) {
        forgery.bytes[spoilt[i]] = (char)(forgery.bytes[spoilt[i]] ^ 0x41);
        ASSERT_NUMBER(open_forged(&forgery), EPROTO);
        forgery.bytes[spoilt[i]] = (char)(forgery.bytes[spoilt[i]] ^ 0x41);
    }
    ASSERT_NUMBER(open_forged(&forgery), 0);
    free(forgery.bytes);
}

static void test_open_foreign(void)
{
    struct forgery forgery;

    forge(&forgery);
    memset(forgery.bytes, 'A', forgery.size);
    ASSERT_NUMBER(open_forged(&forgery), EPROTO);
    memset(forgery.bytes, 0, forgery.size);
    ASSERT_NUMBER(open_forged(&forgery), EPROTO);
    free(forgery.bytes);
}

/* ---- words ---- */

static void test_words(void)
{
    ASSERT_TEXT(board_health_name(BOARD_UNCHECKED), "unchecked");
    ASSERT_TEXT(board_health_name(BOARD_UP), "up");
    ASSERT_TEXT(board_health_name(BOARD_SUSPECT), "suspect");
    ASSERT_TEXT(board_health_name(BOARD_DOWN), "down");
    ASSERT_TEXT(board_health_name((enum board_health)200), "?");
    ASSERT_TEXT(board_admin_name(BOARD_ADMIN_MAINT), "maint");
    ASSERT_TEXT(board_admin_name((enum board_admin_state)3), "?");
    ASSERT_TEXT(board_check_name(CHECKED_L4CON), "L4CON");
    ASSERT_TEXT(board_check_name(CHECKED_L7STS), "L7STS");
    ASSERT_TEXT(board_check_name((enum board_check_code)99), "?");
    ASSERT_TEXT(board_end_name(BOARD_END_CLIENT_FIN), "client FIN");
    ASSERT_TEXT(board_end_name(BOARD_END_COUNT), "?");
    ASSERT_TEXT(board_worker_state_name(BOARD_WORKER_DRAINING), "draining");
    ASSERT_TEXT(board_role_name(BOARD_ROLE_STATS), "stats");
    ASSERT_TEXT(board_role_name((enum board_role)9), "?");
}

const struct unit_test board_tests[] = {
    {"header", test_header},
    {"sizes", test_sizes},
    {"layout", test_layout},
    {"alignment", test_alignment},
    {"unallocated_workers", test_unallocated_workers},
    {"create_replaces", test_create_replaces},
    {"foreign_name", test_foreign_name},
    {"open", test_open},
    {"open_missing", test_open_missing},
    {"reader_cannot_write", test_reader_cannot_write},
    {"open_truncated", test_open_truncated},
    {"open_spoilt", test_open_spoilt},
    {"open_foreign", test_open_foreign},
    {"words", test_words},
    {NULL, NULL},
};
