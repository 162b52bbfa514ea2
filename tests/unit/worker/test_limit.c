#include "worker/limit.h"

#include <sched.h>
#include <stdatomic.h>

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test limit_tests[];

enum { SERVICES = 2, WORKERS = 4, SLOT = 1, LIMIT = 3, TRIES = 20000 };

/* What the workers of a test share besides the board. */
struct house {
    struct board *board;
    _Atomic unsigned born; /* takes the next worker slot */
    _Atomic int inside;
    _Atomic unsigned served;
    _Atomic unsigned too_many;
};

static struct house *open_house(void)
{
    struct house *house = child_share(sizeof(*house));

    house->board = scratch_board(SERVICES, 1, WORKERS);
    for (unsigned i = 2; i < WORKERS; i++)
        CU_ASSERT_FATAL(board_allocate_worker(house->board, i) == 0);
    return house;
}

static void close_house(struct house *house)
{
    scratch_drop(house->board);
    child_unshare(house, sizeof(*house));
}

static int become_worker(struct house *house, struct worker *worker)
{
    unsigned slot = atomic_fetch_add(&house->born, 1);

    worker->board = house->board;
    if (board_enter(house->board, BOARD_ROLE_WORKER, slot) == -1)
        return -1;
    adopt_all(house->board);
    return 0;
}

static uint32_t gauges(const struct house *house, unsigned service_slot)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < WORKERS; i++)
        sum += atomic_load(&board_worker_service(house->board, i, service_slot)->sessions);
    return sum;
}

/* ---- one worker ---- */

static int count_alone(void *context)
{
    const struct conf_service limited = {.slot = SLOT, .max_connections = LIMIT};
    const struct conf_service open = {.slot = 0};
    struct house *house = context;
    struct worker worker = {.draining = false};

    if (become_worker(house, &worker) == -1)
        return 1;
    for (unsigned i = 0; i < LIMIT; i++) {
        CHILD_EXPECT(limit_has_room(&worker, &limited));
        CHILD_EXPECT(limit_claim(&worker, &limited));
    }
    CHILD_EXPECT(!limit_has_room(&worker, &limited));
    CHILD_EXPECT(!limit_claim(&worker, &limited));
    CHILD_EXPECT(!limit_claim(&worker, &limited));
    CHILD_EXPECT(gauges(house, SLOT) == LIMIT);
    limit_release(&worker, SLOT);
    CHILD_EXPECT(limit_has_room(&worker, &limited));
    CHILD_EXPECT(limit_claim(&worker, &limited));
    for (unsigned i = 0; i < 100; i++)
        CHILD_EXPECT(limit_claim(&worker, &open));
    CHILD_EXPECT(gauges(house, 0) == 100);
    for (unsigned i = 0; i < LIMIT; i++)
        limit_release(&worker, SLOT);
    CHILD_EXPECT(gauges(house, SLOT) == 0);
    return 0;
}

static void test_alone(void)
{
    struct house *house = open_house();

    ASSERT_NUMBER(child_run(count_alone, house), 0);
    close_house(house);
}

/* ---- several ---- */

static int come_and_go(void *context)
{
    const struct conf_service service = {.slot = SLOT, .max_connections = LIMIT};
    struct house *house = context;
    struct worker worker = {.draining = false};

    if (become_worker(house, &worker) == -1)
        return 1;
    for (unsigned i = 0; i < TRIES; i++) {
        if (!limit_claim(&worker, &service)) {
            sched_yield();
            continue;
        }
        if (atomic_fetch_add(&house->inside, 1) >= LIMIT)
            atomic_fetch_add(&house->too_many, 1);
        atomic_fetch_add(&house->served, 1);
        sched_yield();
        atomic_fetch_sub(&house->inside, 1);
        limit_release(&worker, SLOT);
    }
    return 0;
}

/* Whatever they do at the same time, there are never more inside than may be, and nothing stays. */
static void test_together(void)
{
    struct house *house = open_house();
    pid_t children[WORKERS];

    for (unsigned i = 0; i < WORKERS; i++)
        children[i] = child_start(come_and_go, house);
    for (unsigned i = 0; i < WORKERS; i++)
        ASSERT_NUMBER(child_wait(children[i]), 0);
    ASSERT_NUMBER(house->too_many, 0);
    CU_ASSERT_TRUE(house->served >= TRIES);
    ASSERT_NUMBER(gauges(house, SLOT), 0);
    close_house(house);
}

const struct unit_test limit_tests[] = {
    {"alone", test_alone},
    {"together", test_together},
    {NULL, NULL},
};
