#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "board/board_writer.h"
#include "board/segment.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test board_region_tests[];

#define SERVICES 3
#define BACKENDS 9
#define WORKERS  2

/* ---- who may write where ---- */

/* Looks at the first byte of a region as the child sees it. */
typedef const void *region_fn(const struct board *board);

static const void *region_master(const struct board *board)
{
    return board_master(board);
}

static const void *region_admin(const struct board *board)
{
    return (const char *)board_master(board) + board_master(board)->layout.admin_at;
}

static const void *region_checker(const struct board *board)
{
    return board_checker(board);
}

static const void *region_tickets(const struct board *board)
{
    return (const char *)board_master(board) + board_master(board)->layout.tickets_at;
}

static const void *region_worker_0(const struct board *board)
{
    return board_worker(board, 0);
}

static const void *region_worker_1(const struct board *board)
{
    return board_worker(board, 1);
}

static region_fn *const regions[] = {region_master,  region_admin,    region_checker,
                                     region_tickets, region_worker_0, region_worker_1};

struct trespass {
    struct board *board;
    enum board_role role;
    unsigned slot;
    region_fn *region;
};

static int write_region(void *context)
{
    struct trespass *trespass = context;

    if (board_enter(trespass->board, trespass->role, trespass->slot) == -1)
        return 1;
    *(volatile char *)(uintptr_t)trespass->region(trespass->board) = 1;
    return 0;
}

/* What everybody shares is for reading: each child's own region is a mapping of its own. */
static void test_shared_mapping_is_read_only(void)
{
    static const enum board_role roles[] = {BOARD_ROLE_WORKER, BOARD_ROLE_CHECKER,
                                            BOARD_ROLE_STATS};
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);

    for (size_t r = 0; r < ARRAY_LEN(roles); r++) {
        for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
            struct trespass trespass = {board, roles[r], 0, regions[i]};

            ASSERT_NUMBER(child_run(write_region, &trespass), CHILD_SIGNAL(SIGSEGV));
        }
    }
    scratch_drop(board);
}

/* The writable mappings of the segment that this process has, as offset and size. */
static unsigned writable_parts(uint64_t parts[][2], unsigned most)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned count = 0;

    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from, to, offset;
        char rights[8];

        if (strstr(line, "/dev/shm/k0slb-unit-") == NULL || count == most ||
            sscanf(line, "%lx-%lx %7s %lx", &from, &to, rights, &offset) != 4 || rights[1] != 'w')
            continue;
        parts[count][0] = offset;
        parts[count++][1] = to - from;
    }
    if (maps != NULL)
        fclose(maps);
    return count;
}

/* Whether it lies within one of them; neighbours may be one mapping. */
static bool has_part(uint64_t parts[][2], unsigned count, uint64_t at, uint64_t size)
{
    for (unsigned i = 0; i < count; i++) {
        if (at >= parts[i][0] && at + size <= parts[i][0] + parts[i][1])
            return true;
    }
    return false;
}

static int look_at_parts(void *context)
{
    struct trespass *who = context;
    struct board_layout layout;
    uint64_t own[2][2] = {{0}};
    uint64_t parts[8][2];
    uint64_t writable = 0;
    unsigned count;

    if (board_enter(who->board, who->role, who->slot) == -1)
        return 1;
    layout = board_master(who->board)->layout;
    if (who->role == BOARD_ROLE_CHECKER) {
        own[0][0] = layout.checker_at;
        own[0][1] = layout.tickets_at - layout.checker_at;
    } else if (who->role == BOARD_ROLE_WORKER) {
        own[0][0] = layout.worker_at + who->slot * layout.worker_size;
        own[0][1] = layout.worker_size;
        own[1][0] = layout.tickets_at;
        own[1][1] = layout.worker_at - layout.tickets_at;
    }
    count = writable_parts(parts, 8);
    for (unsigned i = 0; i < count; i++)
        writable += parts[i][1];
    CHILD_EXPECT(writable == own[0][1] + own[1][1]);
    for (unsigned i = 0; i < 2; i++)
        CHILD_EXPECT(own[i][1] == 0 || has_part(parts, count, own[i][0], own[i][1]));
    return 0;
}

static void test_own_part_is_writable(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);
    struct trespass roles[] = {
        {.board = board, .role = BOARD_ROLE_STATS},
        {.board = board, .role = BOARD_ROLE_CHECKER},
        {.board = board, .role = BOARD_ROLE_WORKER, .slot = 0},
        {.board = board, .role = BOARD_ROLE_WORKER, .slot = 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        ASSERT_NUMBER(child_run(look_at_parts, &roles[i]), 0);
    scratch_drop(board);
}

static int allow_writing(void *context)
{
    struct board *board = context;
    uint64_t page = segment_round(1);

    if (board_enter(board, BOARD_ROLE_WORKER, 0) == -1)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
        uintptr_t at = (uintptr_t)regions[i](board) / page * page;

        CHILD_EXPECT(mprotect((void *)at, page, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
    }
    return 0;
}

/* No way back either: a read-only descriptor's mapping cannot be made writable. */
static void test_no_way_to_write(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);

    ASSERT_NUMBER(child_run(allow_writing, board), 0);
    scratch_drop(board);
}

static int read_inherited(void *context)
{
    return *(volatile char *)context;
}

/* The master's own mapping ends at a fork. */
static void test_master_mapping_is_not_inherited(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);

    ASSERT_NUMBER(child_run(read_inherited, board_my_master(board)), CHILD_SIGNAL(SIGSEGV));
    scratch_drop(board);
}

static unsigned descriptors_of_segments(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    unsigned count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char target[128] = "";

        if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0)
            count += strstr(target, "/dev/shm/k0slb-unit-") != NULL;
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}

static int count_descriptors(void *context)
{
    CHILD_EXPECT(descriptors_of_segments() == 2);
    CHILD_EXPECT(board_enter(context, BOARD_ROLE_STATS, 0) == 0);
    CHILD_EXPECT(descriptors_of_segments() == 0);
    return 0;
}

static void test_descriptors_are_closed(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);

    ASSERT_NUMBER(child_run(count_descriptors, board), 0);
    scratch_drop(board);
}

/* ---- a worker's numbers ---- */

struct work {
    struct board *board;
    unsigned slot;
    unsigned sessions; /* begun at backend 3, one of them ended */
};

static int do_work(void *context)
{
    struct work *work = context;
    struct board *board = work->board;
    struct board_worker *own;
    struct board_backend_counters *counters;

    if (board_enter(board, BOARD_ROLE_WORKER, work->slot) == -1)
        return 1;
    own = board_my_worker(board);
    atomic_store(&own->state, BOARD_WORKER_RUNNING);
    atomic_store(&own->sessions, work->sessions - 1);
    counters = board_my_backend_counters(board, 3);
    for (unsigned i = 0; i < work->sessions; i++) {
        board_session_begin(board, 3);
        board_count(&counters->total, 1);
    }
    board_session_end(board, 3);
    board_count(&counters->bytes_in, 1000);
    board_count(&counters->bytes_out, UINT64_C(1) << 40);
    board_count(&counters->ends[BOARD_END_CLIENT_FIN], 1);
    board_count(&counters->connect_time[BOARD_HISTOGRAM - 1], 1);
    board_count(&board_my_service_counters(board, 2)->accepted, work->sessions);
    return 0;
}

static void work_at(struct board *board, unsigned slot, unsigned sessions)
{
    struct work work = {board, slot, sessions};

    ASSERT_NUMBER(child_run(do_work, &work), 0);
}

static void test_counters(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);
    const struct board_backend_counters *counters = board_worker_backend(board, 1, 3);

    work_at(board, 1, 5);
    ASSERT_NUMBER(board_worker(board, 1)->state, BOARD_WORKER_RUNNING);
    ASSERT_NUMBER(board_worker_active(board, 1, 3), 4);
    ASSERT_NUMBER(counters->total, 5);
    ASSERT_NUMBER(counters->bytes_in, 1000);
    ASSERT_NUMBER(counters->bytes_out, INT64_C(1) << 40);
    ASSERT_NUMBER(counters->ends[BOARD_END_CLIENT_FIN], 1);
    ASSERT_NUMBER(counters->connect_time[BOARD_HISTOGRAM - 1], 1);
    ASSERT_NUMBER(board_worker_service(board, 1, 2)->accepted, 5);

    /* And nobody else's numbers have moved. */
    ASSERT_NUMBER(board_worker_active(board, 1, 2), 0);
    ASSERT_NUMBER(board_worker_active(board, 1, 4), 0);
    ASSERT_NUMBER(board_worker_backend(board, 1, 2)->total, 0);
    ASSERT_NUMBER(board_worker_backend(board, 1, 4)->total, 0);
    ASSERT_NUMBER(board_worker_backend(board, 0, 3)->total, 0);
    ASSERT_NUMBER(board_worker_service(board, 1, 1)->accepted, 0);
    scratch_drop(board);
}

/* The last backend and service of a full board are within the region. */
static int use_last_slots(void *context)
{
    struct board *board = context;
    const struct board_layout *layout;

    if (board_enter(board, BOARD_ROLE_WORKER, 1) == -1)
        return 1;
    layout = &board_master(board)->layout;
    board_session_begin(board, layout->backends - 1);
    board_count(&board_my_backend_counters(board, layout->backends - 1)->connect_time[15], 1);
    board_count(&board_my_service_counters(board, layout->services - 1)->refused, 1);
    CHILD_EXPECT(board_take_ticket(board, layout->services - 1) == 0);
    return 0;
}

static void test_last_slots(void)
{
    struct board *board = scratch_board(64, 1024, 1);

    ASSERT_NUMBER(child_run(use_last_slots, board), 0);
    ASSERT_NUMBER(board_worker_active(board, 1, 1023), 1);
    ASSERT_NUMBER(board_worker_backend(board, 1, 1023)->connect_time[15], 1);
    ASSERT_NUMBER(board_worker_service(board, 1, 63)->refused, 1);
    scratch_drop(board);
}

/* A killed worker leaves nothing wrong: gauges go, totals stay and grow on. */
static void test_totals_outlive_a_worker(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);

    work_at(board, 0, 5);
    ASSERT_NUMBER(board_active(board, 3), 4);
    board_clear_worker(board, 0);
    ASSERT_NUMBER(board_active(board, 3), 0);
    ASSERT_NUMBER(board_worker(board, 0)->state, BOARD_WORKER_NONE);
    ASSERT_NUMBER(board_worker(board, 0)->sessions, 0);
    ASSERT_NUMBER(board_worker_backend(board, 0, 3)->total, 5);
    ASSERT_NUMBER(board_worker_service(board, 0, 2)->accepted, 5);
    work_at(board, 0, 2);
    ASSERT_NUMBER(board_active(board, 3), 1);
    ASSERT_NUMBER(board_worker_backend(board, 0, 3)->total, 7);
    ASSERT_NUMBER(board_worker_backend(board, 0, 3)->bytes_in, 2000);
    scratch_drop(board);
}

static int gauge_at_service(void *context)
{
    struct board_service_counters *counters;
    struct board *board = context;

    if (board_enter(board, BOARD_ROLE_WORKER, 0) == -1)
        return 1;
    counters = board_my_service_counters(board, 1);
    board_adopt_service(board, 1);
    atomic_store(&counters->sessions, 3);
    atomic_store(&counters->recent_sessions, 4);
    atomic_store(&counters->recent_replays, 5);
    board_count(&counters->sources_full, 6);
    return 0;
}

/* The gauges of services go with their worker, too; counters beside them stay. */
static void test_service_gauges(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);
    const struct board_service_counters *counters;

    ASSERT_NUMBER(child_run(gauge_at_service, board), 0);
    counters = board_worker_service(board, 0, 1);
    ASSERT_NUMBER(counters->sessions, 3);
    board_clear_worker(board, 0);
    ASSERT_NUMBER(counters->sessions, 0);
    ASSERT_NUMBER(counters->recent_sessions, 0);
    ASSERT_NUMBER(counters->recent_replays, 0);
    ASSERT_NUMBER(counters->sources_full, 6);
    scratch_drop(board);
}

static void test_active_is_the_sum(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);

    CU_ASSERT_FATAL(board_allocate_worker(board, 5) == 0);
    work_at(board, 0, 3);
    work_at(board, 1, 11);
    work_at(board, 5, 101);
    ASSERT_NUMBER(board_active(board, 3), 2 + 10 + 100);
    board_clear_worker(board, 1);
    ASSERT_NUMBER(board_active(board, 3), 2 + 100);
    scratch_drop(board);
}

/* ---- evidence ---- */

static int accuse(void *context)
{
    struct board *board = context;

    if (board_enter(board, BOARD_ROLE_WORKER, 1) == -1)
        return 1;
    board_add_evidence(board, 4, BOARD_EVIDENCE_TIMEOUT);
    board_add_evidence(board, 4, BOARD_EVIDENCE_REFUSED);
    return 0;
}

static void test_evidence(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);
    struct board_evidence evidence = board_evidence(board, 1, 4);

    ASSERT_NUMBER(evidence.number, 0);
    ASSERT_NUMBER(evidence.kind, BOARD_EVIDENCE_NONE);
    ASSERT_NUMBER(child_run(accuse, board), 0);
    evidence = board_evidence(board, 1, 4);
    ASSERT_NUMBER(evidence.number, 2);
    ASSERT_NUMBER(evidence.kind, BOARD_EVIDENCE_REFUSED);
    board_clear_worker(board, 1);
    ASSERT_NUMBER(child_run(accuse, board), 0);
    ASSERT_NUMBER(board_evidence(board, 1, 4).number, 4);
    ASSERT_NUMBER(board_evidence(board, 1, 3).number, 0);
    scratch_drop(board);
}

/* ---- tickets ---- */

#define DRAWERS       4
#define DRAWS         20000
#define DRAWN_SERVICE 2

/* How often each ticket was drawn. */
struct urn {
    _Atomic unsigned char drawn[DRAWERS * DRAWS];
};

struct lottery {
    struct board *board;
    unsigned slot;
    struct urn *urn;
};

static int draw(void *context)
{
    struct lottery *lottery = context;

    if (board_enter(lottery->board, BOARD_ROLE_WORKER, lottery->slot) == -1)
        return 1;
    for (unsigned i = 0; i < DRAWS; i++) {
        uint64_t ticket = board_take_ticket(lottery->board, DRAWN_SERVICE);

        if (ticket >= DRAWERS * DRAWS)
            return 2;
        atomic_fetch_add(&lottery->urn->drawn[ticket], 1);
    }
    return board_take_ticket(lottery->board, DRAWN_SERVICE + 1) < DRAWERS ? 0 : 3;
}

/* Every ticket is drawn, once, whoever draws. */
static void test_tickets(void)
{
    struct board *board = scratch_board(SERVICES, BACKENDS, WORKERS);
    struct urn *urn = child_share(sizeof(*urn));
    struct lottery lotteries[DRAWERS];
    pid_t pids[DRAWERS];
    unsigned wrong = 0;

    for (unsigned i = 0; i < DRAWERS; i++) {
        CU_ASSERT_FATAL(board_allocate_worker(board, i) == 0);
        lotteries[i] = (struct lottery){board, i, urn};
        pids[i] = child_start(draw, &lotteries[i]);
    }
    for (unsigned i = 0; i < DRAWERS; i++)
        ASSERT_NUMBER(child_wait(pids[i]), 0);
    for (unsigned i = 0; i < DRAWERS * DRAWS; i++)
        wrong += atomic_load(&urn->drawn[i]) != 1;
    ASSERT_NUMBER(wrong, 0);
    child_unshare(urn, sizeof(*urn));
    scratch_drop(board);
}

const struct unit_test board_region_tests[] = {
    {"shared_mapping_is_read_only", test_shared_mapping_is_read_only},
    {"own_part_is_writable", test_own_part_is_writable},
    {"no_way_to_write", test_no_way_to_write},
    {"master_mapping_is_not_inherited", test_master_mapping_is_not_inherited},
    {"descriptors_are_closed", test_descriptors_are_closed},
    {"counters", test_counters},
    {"last_slots", test_last_slots},
    {"totals_outlive_a_worker", test_totals_outlive_a_worker},
    {"service_gauges", test_service_gauges},
    {"active_is_the_sum", test_active_is_the_sum},
    {"evidence", test_evidence},
    {"tickets", test_tickets},
    {NULL, NULL},
};
