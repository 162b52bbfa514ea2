/* What has become of a backend over time: down times, transitions, failed checks. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "board/board_carry.h"
#include "board/board_map.h"
#include "board/snapshot.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test board_history_tests[];

#define STEPS 8

/* Healths that a checker publishes one after the other, a thousand milliseconds apart. */
struct course {
    struct board *board;
    unsigned slot;
    enum board_health steps[STEPS]; /* ends with BOARD_BLOCKED, which none is */
};

#define END BOARD_BLOCKED

static struct course course_open(void)
{
    struct course course = {.board = scratch_board(1, 2, 2), .steps = {END}};
    struct conf_service service = {.name = "test", .enabled = 1};
    struct conf_backend backend = {.name = "cp1", .weight = 1};

    course.slot = claim_backend(course.board, claim_service(course.board, &service), &backend);
    return course;
}

static int publish(void *context)
{
    const struct course *course = context;
    uint32_t life;

    if (board_enter(course->board, BOARD_ROLE_CHECKER, 0) == -1)
        return 1;
    life = board_backend_life(course->board, course->slot);
    for (unsigned i = 0; i < STEPS && course->steps[i] != END; i++)
        board_set_health(course->board, course->slot, life, course->steps[i], 0, 1000 * (i + 1));
    return 0;
}

static struct board_history history_after(struct course *course, const enum board_health *steps)
{
    struct board_history history;

    memcpy(course->steps, steps, sizeof(course->steps));
    ASSERT_NUMBER(child_run(publish, course), 0);
    board_history_copy(course->board, course->slot, &history);
    return history;
}

static void courses_are_summed_up(void)
{
    static const struct {
        enum board_health steps[STEPS];
        uint64_t down_ms;
        uint64_t down_since_ms;
        uint64_t transitions;
        uint64_t went_down;
    } cases[] = {
        {{BOARD_UNCHECKED, END}, 0, 0, 0, 0},
        {{BOARD_UP, END}, 0, 0, 0, 0},
        {{BOARD_DOWN, END}, 0, 1000, 0, 0},
        {{BOARD_DOWN, BOARD_UP, END}, 1000, 0, 1, 0},
        {{BOARD_UP, BOARD_SUSPECT, BOARD_UP, END}, 0, 0, 0, 0},
        {{BOARD_UP, BOARD_SUSPECT, BOARD_DOWN, BOARD_DOWN, BOARD_UP, END}, 2000, 0, 2, 1},
        {{BOARD_UP, BOARD_DOWN, BOARD_UP, BOARD_DOWN, END}, 1000, 4000, 3, 2},
        /* An administrator's pause is no time of being down, and no news. */
        {{BOARD_UP, BOARD_UNCHECKED, BOARD_UP, END}, 0, 0, 0, 0},
        {{BOARD_UP, BOARD_UNCHECKED, BOARD_DOWN, END}, 0, 3000, 1, 1},
        {{BOARD_DOWN, BOARD_UNCHECKED, BOARD_DOWN, BOARD_UP, END}, 2000, 0, 1, 0},
        {{BOARD_UP, (enum board_health)77, BOARD_UP, END}, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct course course = course_open();
        struct board_history history = history_after(&course, cases[i].steps);

        ASSERT_NUMBER(history.down_ms, cases[i].down_ms);
        ASSERT_NUMBER(history.down_since_ms, cases[i].down_since_ms);
        ASSERT_NUMBER(history.transitions, cases[i].transitions);
        ASSERT_NUMBER(history.went_down, cases[i].went_down);
        scratch_drop(course.board);
    }
}

/* Each new checker goes on where the one before was. */
static void a_new_checker_goes_on(void)
{
    static const enum board_health first[STEPS] = {BOARD_UP, BOARD_DOWN, END};
    static const enum board_health second[STEPS] = {BOARD_DOWN, BOARD_DOWN, BOARD_DOWN, BOARD_UP,
                                                    END};
    struct course course = course_open();
    struct board_history history;

    history_after(&course, first);
    history = history_after(&course, second);
    ASSERT_NUMBER(history.down_ms, 2000);
    ASSERT_NUMBER(history.transitions, 2);
    ASSERT_NUMBER(history.went_down, 1);
    scratch_drop(course.board);
}

/* One that was killed between the two writings has said more in the history than in the word. */
static void a_torn_pair_heals(void)
{
    static const enum board_health steps[STEPS] = {BOARD_UP, END};
    struct course course = course_open();
    struct board_history_record *record;
    struct board_history history;

    history_after(&course, steps);
    record = board_writable(course.board, &board_histories(course.board)[course.slot]);
    for (unsigned i = 0; i < 2; i++) {
        record->copies[i].standing = BOARD_SEEN_DOWN;
        record->copies[i].down_since_ms = 400;
    }
    history = history_after(&course, steps);
    ASSERT_NUMBER(history.down_since_ms, 0);
    ASSERT_NUMBER(history.down_ms, 600);
    scratch_drop(course.board);
}

static int fail_twice(void *context)
{
    const struct course *course = context;

    if (board_enter(course->board, BOARD_ROLE_CHECKER, 0) == -1)
        return 1;
    board_count_failed_check(course->board, course->slot);
    board_count_failed_check(course->board, course->slot);
    return 0;
}

/* Another address is the same backend; another owner of the slot is not. */
static void a_history_is_of_its_owner(void)
{
    static const enum board_health steps[STEPS] = {BOARD_UP, BOARD_DOWN, BOARD_UP, END};
    const struct addr elsewhere = {.family = ADDR_IPV4, .port = 1, .ip = {10, 0, 0, 9}};
    struct course course = course_open();
    struct board_history history;

    ASSERT_NUMBER(child_run(fail_twice, &course), 0);
    history_after(&course, steps);
    board_set_address(course.board, course.slot, &elsewhere);
    history = history_after(&course, steps);
    ASSERT_NUMBER(history.checks_failed, 2);
    ASSERT_NUMBER(history.went_down, 2);
    ASSERT_NUMBER(history.down_ms, 2000);
    atomic_fetch_add(&board_my_backend(course.board, course.slot)->number, 1);
    board_history_copy(course.board, course.slot, &history);
    ASSERT_NUMBER(history.checks_failed, 0);
    ASSERT_NUMBER(history.down_ms, 0);
    history = history_after(&course, steps);
    ASSERT_NUMBER(history.checks_failed, 0);
    ASSERT_NUMBER(history.went_down, 1);
    scratch_drop(course.board);
}

/* ---- what a snapshot makes of it ---- */

static void set_down_since(struct course *course, uint64_t down_ms, uint64_t since_ms)
{
    struct board_history_record *record =
        board_writable(course->board, &board_histories(course->board)[course->slot]);

    for (unsigned i = 0; i < 2; i++)
        record->copies[i] = (struct board_history){
            .number = atomic_load(&board_backend(course->board, course->slot)->number),
            .down_ms = down_ms,
            .down_since_ms = since_ms,
            .transitions = 5,
            .went_down = 3,
            .checks_failed = 7};
}

static uint64_t downtime_of(const struct course *course)
{
    struct snapshot *snapshot = snapshot_take(course->board);
    uint64_t seconds;

    CU_ASSERT_FATAL(snapshot != NULL && snapshot->services[0].backend_count == 1);
    seconds = snapshot->services[0].backends[0].downtime_seconds;
    ASSERT_NUMBER(snapshot->services[0].backends[0].transitions, 5);
    ASSERT_NUMBER(snapshot->services[0].backends[0].went_down, 3);
    ASSERT_NUMBER(snapshot->services[0].backends[0].checks_failed, 7);
    snapshot_free(snapshot);
    return seconds;
}

static void a_time_that_is_not_over_runs_on(void)
{
    struct course course = course_open();
    uint64_t now_ms = mono_ms();
    uint64_t seconds;

    set_down_since(&course, 3700, 0);
    ASSERT_NUMBER(downtime_of(&course), 3);
    set_down_since(&course, 3700, now_ms - now_ms / 2);
    seconds = downtime_of(&course);
    CU_ASSERT(seconds >= (3700 + now_ms / 2) / 1000);
    CU_ASSERT(seconds <= (3700 + now_ms / 2 + 60000) / 1000);
    set_down_since(&course, 3700, now_ms + 100000000); /* no such thing */
    ASSERT_NUMBER(downtime_of(&course), 3);
    scratch_drop(course.board);
}

/* ---- takeover ---- */

static void give_address(const struct course *course, unsigned number)
{
    const struct addr at = {.family = ADDR_IPV4, .port = 6443, .ip = {10, 0, 0, (uint8_t)number}};

    board_set_address(course->board, course->slot, &at);
}

static void fill_earlier(struct course *before)
{
    struct board_service *service = board_my_service(before->board, 0);

    give_address(before, 1);
    set_down_since(before, 3700, 1);
    atomic_store(&board_my_backend(before->board, before->slot)->rate.active_max, 12);
    atomic_store(&service->rate.per_second_max, 34);
    atomic_store(&service->outage.down_ms, 5600);
    atomic_store(&service->outage.standing, BOARD_SEEN_DOWN);
    atomic_store(&service->outage.went_down, 2);
    atomic_store(&service->outage.transitions, 3);
}

static void a_takeover_carries_it(void)
{
    struct course before = course_open();
    struct course after = course_open();
    struct board_history history;
    struct snapshot *snapshot;

    fill_earlier(&before);
    give_address(&after, 1);
    board_carry(after.board, before.board);
    board_history_copy(after.board, after.slot, &history);
    ASSERT_NUMBER(history.down_ms, 3700);
    ASSERT_NUMBER(history.down_since_ms, 1);
    ASSERT_NUMBER(history.went_down, 3);
    ASSERT_NUMBER(history.checks_failed, 7);
    snapshot = snapshot_take(after.board);
    CU_ASSERT_FATAL(snapshot != NULL);
    ASSERT_NUMBER(snapshot->services[0].downtime_seconds, 5);
    ASSERT_NUMBER(snapshot->services[0].went_down, 2);
    ASSERT_NUMBER(snapshot->services[0].transitions, 3);
    ASSERT_NUMBER(snapshot->services[0].counts.per_second_max, 34);
    ASSERT_NUMBER(snapshot->services[0].backends[0].counts.active_max, 12);
    snapshot_free(snapshot);
    scratch_drop(before.board);
    scratch_drop(after.board);
}

/* Nobody knows yet whether it is there. */
static void at_another_address_it_is_not_down(void)
{
    struct course before = course_open();
    struct course after = course_open();
    struct board_history history;

    fill_earlier(&before);
    give_address(&after, 2);
    board_carry(after.board, before.board);
    board_history_copy(after.board, after.slot, &history);
    CU_ASSERT(history.down_ms > 3700);
    ASSERT_NUMBER(history.down_since_ms, 0);
    ASSERT_NUMBER(history.transitions, 5);
    scratch_drop(before.board);
    scratch_drop(after.board);
}

const struct unit_test board_history_tests[] = {
    {"courses_are_summed_up", courses_are_summed_up},
    {"a_new_checker_goes_on", a_new_checker_goes_on},
    {"a_torn_pair_heals", a_torn_pair_heals},
    {"a_history_is_of_its_owner", a_history_is_of_its_owner},
    {"a_time_that_is_not_over_runs_on", a_time_that_is_not_over_runs_on},
    {"a_takeover_carries_it", a_takeover_carries_it},
    {"at_another_address_it_is_not_down", at_another_address_it_is_not_down},
    {NULL, NULL},
};
