#include "unit/unit.h"

#include <signal.h>
#include <unistd.h>

#include "base/mono.h"

#include "stage.h"

static const unsigned own = BOARD_MARK_BADLY | BOARD_MARK_RAMP | BOARD_MARK_VERIFIED;

/* The first round is no coming up; what comes up later does so beside others. */
static void test_ramp(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    house->service.slow_start = 10000;
    stage_start(stage);
    CU_ASSERT_TRUE(house_wait_marks(house, 0, own, BOARD_MARK_VERIFIED));
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait_marks(house, 0, own, BOARD_MARK_BADLY | BOARD_MARK_VERIFIED));
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait_marks(house, 0, own, BOARD_MARK_RAMP | BOARD_MARK_VERIFIED));
    ASSERT_NUMBER(house_marks(house, 1) & own, BOARD_MARK_VERIFIED);
    stage_set(stage, 0, 500); /* suspect within slow_start: it has not come up all the way yet */
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait_marks(house, 0, own, BOARD_MARK_RAMP | BOARD_MARK_VERIFIED));
    stage_close(stage);
}

/* After slow_start the mark goes, also when it was suspect on the way, and does not come again. */
static void test_ramp_is_over(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    house->service.slow_start = 1000;
    stage_start(stage);
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait_marks(house, 0, own, BOARD_MARK_RAMP | BOARD_MARK_VERIFIED));
    for (int i = 0; i < 2; i++) {
        stage_set(stage, 0, 500);
        CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
        stage_set(stage, 0, 200);
        CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
        CU_ASSERT_TRUE(house_wait_marks(house, 0, own, BOARD_MARK_VERIFIED));
    }
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 1));
    ASSERT_NUMBER(house_marks(house, 0) & own, BOARD_MARK_VERIFIED);
    stage_close(stage);
}

/* At another address it is another machine, which comes up beside the others. */
static void test_another_address_ramps(void)
{
    static const uint64_t one = 1;
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    house->service.slow_start = 10000;
    stage_start(stage);
    ASSERT_NUMBER(house_marks(house, 0) & BOARD_MARK_RAMP, 0);
    board_set_address(house->board, house->backends[0].slot, &house->backends[1].address);
    CU_ASSERT_TRUE(write(house->birth.look_event, &one, sizeof(one)) == sizeof(one));
    CU_ASSERT_TRUE(house_wait_marks(house, 0, own, BOARD_MARK_RAMP | BOARD_MARK_VERIFIED));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    stage_close(stage);
}

/* Who is not there loses its sessions, while another one is up. */
static void test_close(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    stage_start(stage);
    kill(stage->actors[0].pid, SIGSTOP);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait_marks(house, 0, BOARD_MARK_CLOSE, BOARD_MARK_CLOSE));
    stage_set(stage, 1, 500);
    CU_ASSERT_TRUE(house_wait_marks(house, 0, BOARD_MARK_CLOSE, 0));
    stage_set(stage, 1, 200);
    CU_ASSERT_TRUE(house_wait_marks(house, 0, BOARD_MARK_CLOSE, BOARD_MARK_CLOSE));
    kill(stage->actors[0].pid, SIGCONT);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait_marks(house, 0, BOARD_MARK_CLOSE, 0));
    stage_close(stage);
}

/* Who answers badly loses them later: by the time alone. */
static void test_unready_close(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;
    uint64_t suspect_ms;

    house->service.unready_close = 1500;
    stage_start(stage);
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    suspect_ms = stage_since(stage, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    ASSERT_NUMBER(house_marks(house, 0) & BOARD_MARK_CLOSE, 0);
    CU_ASSERT_TRUE(house_wait_marks(house, 0, BOARD_MARK_CLOSE, BOARD_MARK_CLOSE));
    CU_ASSERT_TRUE(mono_ms() - suspect_ms >= 1400);
    stage_close(stage);
}

/* Nobody asks the follower's backends, and yet nothing new goes where the other service is down. */
static void test_blocked(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    house_follow(house);
    stage_start(stage);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_UP));
    CU_ASSERT_TRUE(house_wait(house, 3, BOARD_UP));
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_BLOCKED));
    ASSERT_NUMBER(board_probed_health(house->board, house->backends[2].slot), BOARD_UP);
    ASSERT_NUMBER(house_health(house, 3), BOARD_UP);
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_UP));
    house_say(house, 1, BOARD_ADMIN_DRAIN);
    CU_ASSERT_TRUE(house_wait(house, 3, BOARD_BLOCKED));
    house_say(house, 1, BOARD_ADMIN_READY);
    CU_ASSERT_TRUE(house_wait(house, 3, BOARD_UP));
    stage_close(stage);
}

/* A new checker goes on where the old one was, and changes no word on the way. */
static void test_successor_goes_on(void)
{
    struct stage *stage = stage_open(3);
    struct house *house = &stage->house;
    uint64_t since_ms[3];
    unsigned marks[3];

    house->service.slow_start = 60000;
    house_follow(house);
    stage_start(stage);
    stage_set(stage, 2, 500);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_DOWN));
    stage_set(stage, 2, 200);
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_UP)); /* this one ramps */
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait(house, 3, BOARD_BLOCKED));
    CU_ASSERT_TRUE(house_stop(house));
    for (unsigned i = 0; i < 3; i++) {
        since_ms[i] = stage_since(stage, i);
        marks[i] = house_marks(house, i);
    }
    ASSERT_NUMBER(marks[0] & own, BOARD_MARK_BADLY | BOARD_MARK_VERIFIED);
    ASSERT_NUMBER(marks[2] & own, BOARD_MARK_RAMP | BOARD_MARK_VERIFIED);
    stage_start(stage);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(stage_wait_results(stage, i, 2));
        ASSERT_NUMBER(stage_since(stage, i), since_ms[i]);
        ASSERT_NUMBER(house_marks(house, i), marks[i]);
    }
    ASSERT_NUMBER(house_health(house, 3), BOARD_BLOCKED);
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait(house, 3, BOARD_UP));
    stage_close(stage);
}

const struct unit_test marks_tests[] = {
    {"ramp", test_ramp},
    {"ramp_is_over", test_ramp_is_over},
    {"another_address_ramps", test_another_address_ramps},
    {"close", test_close},
    {"unready_close", test_unready_close},
    {"blocked", test_blocked},
    {"successor_goes_on", test_successor_goes_on},
    {NULL, NULL},
};
