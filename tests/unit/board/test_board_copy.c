#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "board/board_writer.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test board_copy_tests[];

/* Copies that must be whole, whatever the writer does at that moment, and writings between. */
#define COPIES  300000
#define CHANGES 1000

/* What a writer and a reader tell each other. */
struct race {
    struct board *board;
    _Atomic int ready;
    _Atomic int over;
    _Atomic unsigned long torn;
    _Atomic unsigned long changes; /* the reader saw it change */
};

static struct race *race_new(void)
{
    struct race *race = child_share(sizeof(*race));

    race->board = scratch_board(3, 9, 2);
    return race;
}

static void race_free(struct race *race)
{
    scratch_drop(race->board);
    child_unshare(race, sizeof(*race));
}

/* ---- addresses: the master writes, children read ---- */

static const struct addr addresses[2] = {
    {.family = ADDR_IPV4, .port = 6443, .ip = {10, 0, 0, 1}},
    {.family = ADDR_IPV6, .port = 8132, .scope = 0x77777777, .ip = {[0] = 0xfd, [15] = 0xee}},
};

static int read_addresses(void *context)
{
    struct race *race = context;
    int last = -1;

    if (board_enter(race->board, BOARD_ROLE_STATS, 0) == -1)
        return 1;
    atomic_store(&race->ready, 1);
    for (unsigned i = 0; i < COPIES || atomic_load(&race->changes) < CHANGES; i++) {
        struct addr seen;
        int which;

        if (board_backend_address(race->board, 5, &seen) == -1)
            return 2;
        which = addr_equal(&seen, &addresses[0]) ? 0 : addr_equal(&seen, &addresses[1]) ? 1 : 2;
        atomic_fetch_add(&race->torn, which == 2);
        atomic_fetch_add(&race->changes, which != last);
        last = which;
    }
    atomic_store(&race->over, 1);
    return 0;
}

static void test_address_is_never_torn(void)
{
    struct race *race = race_new();
    unsigned flips = 0;
    pid_t pid;

    board_set_address(race->board, 5, &addresses[0]);
    pid = child_start(read_addresses, race);
    while (!atomic_load(&race->over) && (flips % 1024 != 0 || child_is_running(pid)))
        board_set_address(race->board, 5, &addresses[++flips % 2]);
    ASSERT_NUMBER(child_wait(pid), 0);
    ASSERT_NUMBER(atomic_load(&race->torn), 0);
    race_free(race);
}

/* ---- health words ---- */

static void set_health(struct board *board, unsigned backend, enum board_health health,
                       uint64_t now_ms)
{
    board_set_health(board, backend, board_backend_life(board, backend), health, 0, now_ms);
}

static int judge(void *context)
{
    struct board *board = context;

    if (board_enter(board, BOARD_ROLE_CHECKER, 0) == -1)
        return 1;
    set_health(board, 1, BOARD_UP, 1000);
    set_health(board, 2, BOARD_UP, 1000);
    set_health(board, 2, BOARD_UP, 2000);
    set_health(board, 3, BOARD_UP, 1000);
    set_health(board, 3, BOARD_SUSPECT, 2000);
    set_health(board, 3, BOARD_DOWN, 3000);
    set_health(board, 3, BOARD_DOWN, 4000);
    set_health(board, 63, BOARD_BLOCKED, UINT64_C(1) << 40);
    atomic_store(&board_my_checker(board)->heartbeat_ms, 77);
    return 0;
}

static void test_health(void)
{
    struct board *board = scratch_board(3, 9, 2);

    ASSERT_NUMBER(board_health(board, 0), BOARD_UNCHECKED);
    ASSERT_NUMBER(board_health_since(board, 0), 0);
    ASSERT_NUMBER(child_run(judge, board), 0);
    ASSERT_NUMBER(board_health(board, 0), BOARD_UNCHECKED);
    ASSERT_NUMBER(board_health(board, 1), BOARD_UP);
    ASSERT_NUMBER(board_health_since(board, 1), 1000);
    ASSERT_NUMBER(board_health(board, 2), BOARD_UP);
    ASSERT_NUMBER(board_health_since(board, 2), 1000);
    ASSERT_NUMBER(board_health(board, 3), BOARD_DOWN);
    ASSERT_NUMBER(board_health_since(board, 3), 3000);
    ASSERT_NUMBER(board_health(board, 63), BOARD_BLOCKED);
    ASSERT_NUMBER(board_health_since(board, 63), INT64_C(1) << 40);
    ASSERT_NUMBER(board_checker(board)->heartbeat_ms, 77);
    scratch_drop(board);
}

/* ---- last results ---- */

/* Every byte says which writing it belongs to. */
static void make_check(struct board_check *check, unsigned number)
{
    memset(check, 0, sizeof(*check));
    check->code = (uint16_t)number;
    check->status = (uint16_t)number;
    check->duration_us = number;
    check->good = check->bad = (uint16_t)number;
    check->at_ms = check->next_ms = check->changed_ms = number;
    memset(check->description, 'a' + number % 26, sizeof(check->description) - 1);
}

static bool is_whole(const struct board_check *check)
{
    struct board_check wanted;

    make_check(&wanted, check->duration_us);
    return check->code == wanted.code && check->status == wanted.status &&
           check->good == wanted.good && check->bad == wanted.bad && check->at_ms == wanted.at_ms &&
           check->next_ms == wanted.next_ms && check->changed_ms == wanted.changed_ms &&
           strcmp(check->description, wanted.description) == 0;
}

static int write_checks(void *context)
{
    struct race *race = context;
    struct board_check check;

    if (board_enter(race->board, BOARD_ROLE_CHECKER, 0) == -1)
        return 1;
    for (unsigned number = 1; !atomic_load(&race->over); number++) {
        make_check(&check, number);
        board_set_check(race->board, 5, &check);
        atomic_store(&race->ready, 1);
    }
    return 0;
}

static void test_check_is_never_torn(void)
{
    struct race *race = race_new();
    pid_t pid = child_start(write_checks, race);
    uint64_t last = 0;

    CU_ASSERT(child_await(pid, &race->ready));
    for (unsigned i = 0; i < COPIES || race->changes < CHANGES; i++) {
        struct board_check seen;

        board_check_copy(race->board, 5, &seen);
        if (i % 1024 == 0 && !child_is_running(pid))
            break;
        race->torn += !is_whole(&seen) || seen.at_ms < last;
        race->changes += seen.at_ms != last;
        last = seen.at_ms;
    }
    atomic_store(&race->over, 1);
    ASSERT_NUMBER(child_wait(pid), 0);
    ASSERT_NUMBER(race->torn, 0);
    race_free(race);
}

/* ---- a writer that is killed at any moment ---- */

/* A checker killed in the midst of writing leaves the last whole result. */
static void test_killed_writer(void)
{
    struct race *race = race_new();

    for (unsigned i = 0; i < 100; i++) {
        struct board_check seen;
        pid_t pid;

        atomic_store(&race->ready, 0);
        pid = child_start(write_checks, race);
        CU_ASSERT(child_await(pid, &race->ready));
        kill(pid, SIGKILL);
        ASSERT_NUMBER(child_wait(pid), CHILD_SIGNAL(SIGKILL));
        board_check_copy(race->board, 5, &seen);
        race->torn += !is_whole(&seen);
    }
    ASSERT_NUMBER(race->torn, 0);
    race_free(race);
}

static int write_one_check(void *context)
{
    struct board_check check = {.code = CHECKED_L4CON, .at_ms = 9, .bad = 3};

    if (board_enter(context, BOARD_ROLE_CHECKER, 0) == -1)
        return 1;
    strcpy(check.description, "connection refused");
    board_set_check(context, 6, &check);
    return 0;
}

static void test_check(void)
{
    struct board *board = scratch_board(3, 9, 2);
    struct board_check seen;

    board_check_copy(board, 6, &seen);
    ASSERT_NUMBER(seen.code, CHECKED_NONE);
    ASSERT_NUMBER(seen.at_ms, 0);
    ASSERT_TEXT(seen.description, "");
    ASSERT_NUMBER(child_run(write_one_check, board), 0);
    board_check_copy(board, 6, &seen);
    ASSERT_NUMBER(seen.code, CHECKED_L4CON);
    ASSERT_NUMBER(seen.bad, 3);
    ASSERT_TEXT(seen.description, "connection refused");
    board_check_copy(board, 7, &seen);
    ASSERT_NUMBER(seen.code, CHECKED_NONE);
    scratch_drop(board);
}

const struct unit_test board_copy_tests[] = {
    {"address_is_never_torn", test_address_is_never_torn},
    {"health", test_health},
    {"check", test_check},
    {"check_is_never_torn", test_check_is_never_torn},
    {"killed_writer", test_killed_writer},
    {NULL, NULL},
};
