#include "unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "board/board.h"
#include "channel/channel.h"

#include "stage.h"

static bool closes(const struct house *house, unsigned backend)
{
    return (house_marks(house, backend) & BOARD_MARK_CLOSE) != 0;
}

/* Waits until its sessions are to be closed, or are not; false after five seconds. */
static bool wait_closes(const struct house *house, unsigned backend, bool wanted)
{
    return house_wait_marks(house, backend, BOARD_MARK_CLOSE, wanted ? BOARD_MARK_CLOSE : 0);
}

static unsigned times_logged(struct house *house, const char *text)
{
    unsigned times = 0;

    (void)house_has_logged(house, text);
    for (const char *at = house->log; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

/* ---- held ---- */

static void wait_all(const struct house *house, enum board_health health)
{
    for (unsigned i = 0; i < house->count; i++)
        CU_ASSERT_TRUE(house_wait(house, i, health));
}

/* One recovers, so it is the others after all: from then on three answers count. */
static void test_one_recovers(void)
{
    struct stage *stage = stage_open(3);
    struct house *house = &stage->house;
    uint64_t recovered_ms;

    stage_start(stage);
    stage_set_all(stage, 500);
    wait_all(house, BOARD_SUSPECT);
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 5));
    ASSERT_NUMBER(house_health(house, 0), BOARD_SUSPECT);
    recovered_ms = mono_ms();
    stage_set(stage, 2, 200);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_UP));
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_DOWN));
    CU_ASSERT_TRUE(stage_since(stage, 0) - recovered_ms >= 2 * house->service.check_interval - 50);
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is down: L7STS 500 Internal Server Error (3 of 3)"));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b1 is down: L7STS 500 Internal Server Error (3 of 3)"));
    CU_ASSERT_FALSE(closes(house, 0)); /* on_down = dead, and it is there */
    stage_close(stage);
}

/* One that is not there is no part of it. */
static void test_gone_is_no_part_of_a_hold(void)
{
    struct stage *stage = stage_open(3);
    struct house *house = &stage->house;

    stage_start(stage);
    kill(stage->actors[2].pid, SIGSTOP);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_DOWN));
    stage_set(stage, 0, 500);
    stage_set(stage, 1, 500);
    CU_ASSERT_TRUE(wait_closes(house, 2, false)); /* no other one is up */
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 4));
    ASSERT_NUMBER(house_health(house, 0), BOARD_SUSPECT);
    ASSERT_NUMBER(house_health(house, 1), BOARD_SUSPECT);
    stage_close(stage);
}

/* A new checker in the midst of it holds them, too. */
static void test_successor_holds(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    stage_start(stage);
    stage_set_all(stage, 500);
    wait_all(house, BOARD_SUSPECT);
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 5));
    CU_ASSERT_TRUE(house_stop(house));
    stage_start(stage);
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 5));
    CU_ASSERT_TRUE(stage_wait_results(stage, 1, 1));
    ASSERT_NUMBER(house_health(house, 0), BOARD_SUSPECT);
    ASSERT_NUMBER(house_health(house, 1), BOARD_SUSPECT);
    ASSERT_NUMBER(times_logged(house, "answer badly at once"), 1);
    stage_close(stage);
}

/* One of them had been suspect for long, which says nothing about when it began to answer badly. */
static void test_successor_holds_who_was_late(void)
{
    struct stage *stage = stage_open(3);
    struct house *house = &stage->house;

    house->service.check_connect_timeout = 300;
    house->service.check_fall = 8;
    stage_start(stage);
    atomic_store(&stage->actors[0].script->pause_ms, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    poll(NULL, 0, 5200);
    ASSERT_NUMBER(house_health(house, 0), BOARD_SUSPECT);
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait_marks(house, 0, BOARD_MARK_BADLY, BOARD_MARK_BADLY));
    stage_set_all(stage, 500);
    CU_ASSERT_TRUE(house_wait_log(house, "answer badly at once"));
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 2));
    CU_ASSERT_TRUE(house_stop(house));
    stage_start(stage);
    CU_ASSERT_TRUE(stage_wait_results(stage, 1, house->service.check_fall + 1));
    wait_all(house, BOARD_SUSPECT);
    ASSERT_NUMBER(times_logged(house, "answer badly at once"), 1);
    stage_close(stage);
}

/* ---- closed ---- */

static struct house *open_house(unsigned backends)
{
    struct house *house = malloc(sizeof(*house));

    CU_ASSERT_PTR_NOT_NULL_FATAL(house);
    house_init(house, backends);
    return house;
}

static void start(struct house *house)
{
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
}

static void close_house(struct house *house)
{
    CU_ASSERT_TRUE(house_stop(house));
    house_fini(house);
    free(house);
}

/* The last one that is up keeps everyone's sessions; when one comes up, the dead ones' go. */
static void test_nothing_closes_without_another(void)
{
    struct house *house = open_house(3);

    start(house);
    house_close(house, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(wait_closes(house, 0, true));
    house_close(house, 1);
    CU_ASSERT_TRUE(wait_closes(house, 1, true));
    house_close(house, 2);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_DOWN));
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_TRUE(wait_closes(house, i, false));
    house_listen(house, 1, 4096);
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UP));
    CU_ASSERT_TRUE(wait_closes(house, 0, true));
    CU_ASSERT_TRUE(wait_closes(house, 2, true));
    CU_ASSERT_FALSE(closes(house, 1));
    close_house(house);
}

static unsigned count_closing(const struct house *house)
{
    unsigned count = 0;

    for (unsigned i = 0; i < house->count; i++)
        count += closes(house, i);
    return count;
}

/* Who is found gone while others have not been asked again yet, is not known to be gone alone. */
static void test_lost_network_closes_nothing(void)
{
    struct house *house = open_house(3);
    uint64_t until_ms;

    house->service.check_interval = house->service.check_down_interval = 3000;
    house->service.check_rise = 1;
    start(house);
    for (unsigned i = 0; i < 3; i++)
        house_close(house, i);
    until_ms = mono_ms() + 5000;
    while (house_health(house, 0) != BOARD_DOWN || house_health(house, 1) != BOARD_DOWN ||
           house_health(house, 2) != BOARD_DOWN) {
        ASSERT_NUMBER(count_closing(house), 0);
        CU_ASSERT_TRUE_FATAL(mono_ms() < until_ms);
        poll(NULL, 0, 10);
    }
    house_listen(house, 1, 4096);
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UP));
    CU_ASSERT_TRUE(wait_closes(house, 0, true)); /* which is gone, as is known now */
    CU_ASSERT_TRUE(wait_closes(house, 2, true));
    close_house(house);
}

/* What an administrator has in drain takes nobody in. */
static void test_other_in_drain_is_no_other(void)
{
    struct house *house = open_house(2);

    start(house);
    house_say(house, 1, BOARD_ADMIN_DRAIN);
    house_close(house, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(wait_closes(house, 0, false));
    house_say(house, 1, BOARD_ADMIN_READY);
    CU_ASSERT_TRUE(wait_closes(house, 0, true));
    house_say(house, 1, BOARD_ADMIN_DRAIN);
    CU_ASSERT_TRUE(wait_closes(house, 0, false));
    close_house(house);
}

static void test_keep_closes_nothing(void)
{
    struct house *house = open_house(2);

    house->service.on_down = ON_DOWN_KEEP;
    start(house);
    house_close(house, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    CU_ASSERT_FALSE(closes(house, 0));
    close_house(house);
}

static void test_close_closes_at_one_that_answers(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    house->service.on_down = ON_DOWN_CLOSE;
    stage_start(stage);
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    CU_ASSERT_FALSE(closes(house, 0));
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(wait_closes(house, 0, true));
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_FALSE(closes(house, 0));
    stage_close(stage);
}

/* A time in which the checker did not run is no time in which a backend was unready. */
static void test_stopped_checker_closes_nothing(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;
    uint64_t continued_ms;

    house->service.unready_close = 2000;
    stage_start(stage);
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    kill(house->checker, SIGSTOP);
    poll(NULL, 0, 2200);
    continued_ms = mono_ms();
    kill(house->checker, SIGCONT);
    CU_ASSERT_TRUE(house_wait_log(house, "no backend is judged for that time"));
    CU_ASSERT_TRUE(wait_closes(house, 0, true));
    CU_ASSERT_TRUE(mono_ms() - continued_ms > 500);
    stage_close(stage);
}

/* ---- perhaps it is me ---- */

/* Asked once an hour, and when a worker speaks: so all are found gone within an interval. */
static void find_all_gone(struct house *house)
{
    for (unsigned i = 0; i < house->count; i++)
        house_close(house, i);
    for (unsigned i = 0; i < house->count; i++)
        house_report(house, i, BOARD_EVIDENCE_REFUSED);
    wait_all(house, BOARD_DOWN);
}

static void wait_result(const struct house *house, unsigned backend)
{
    uint64_t until_ms = mono_ms() + 5000;
    uint64_t from_ms = wall_ms();
    struct board_check check;

    do {
        poll(NULL, 0, 1);
        board_check_copy(house->board, house->backends[backend].slot, &check);
    } while (check.at_ms <= from_ms && mono_ms() < until_ms);
    CU_ASSERT_TRUE(check.at_ms > from_ms);
}

static void test_doubt_is_said_once(void)
{
    struct house *house = open_house(3);

    house->service.check_interval = 3600000;
    start(house);
    ASSERT_NUMBER(times_logged(house, "perhaps it is me"), 0);
    find_all_gone(house);
    CU_ASSERT_TRUE(house_wait_log(house, "all backends of s are not there"));
    CU_ASSERT_TRUE(house_stop(house));
    start(house); /* which knows that it was said */
    for (unsigned i = 0; i < 3; i++)
        wait_result(house, i);
    ASSERT_NUMBER(times_logged(house, "perhaps it is me"), 1);
    for (unsigned i = 0; i < 3; i++)
        house_listen(house, i, 4096);
    wait_all(house, BOARD_UP);
    ASSERT_NUMBER(times_logged(house, "perhaps it is me"), 1);
    find_all_gone(house);
    ASSERT_NUMBER(times_logged(house, "perhaps it is me"), 2);
    close_house(house);
}

static void test_one_alone_is_no_doubt(void)
{
    struct house *house = open_house(2);

    house->service.check_interval = 3600000;
    start(house);
    house_say(house, 1, BOARD_ADMIN_MAINT);
    house_close(house, 0);
    house_report(house, 0, BOARD_EVIDENCE_REFUSED);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    ASSERT_NUMBER(times_logged(house, "perhaps it is me"), 0);
    close_house(house);
}

extern const struct unit_test policy_tests[];
const struct unit_test policy_tests[] = {
    {"one_recovers", test_one_recovers},
    {"gone_is_no_part_of_a_hold", test_gone_is_no_part_of_a_hold},
    {"successor_holds", test_successor_holds},
    {"successor_holds_who_was_late", test_successor_holds_who_was_late},
    {"nothing_closes_without_another", test_nothing_closes_without_another},
    {"lost_network_closes_nothing", test_lost_network_closes_nothing},
    {"other_in_drain_is_no_other", test_other_in_drain_is_no_other},
    {"keep_closes_nothing", test_keep_closes_nothing},
    {"close_closes_at_one_that_answers", test_close_closes_at_one_that_answers},
    {"stopped_checker_closes_nothing", test_stopped_checker_closes_nothing},
    {"doubt_is_said_once", test_doubt_is_said_once},
    {"one_alone_is_no_doubt", test_one_alone_is_no_doubt},
    {NULL, NULL},
};
