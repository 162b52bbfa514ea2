#include "unit/unit.h"

#include <unistd.h>

#include "stage.h"

/* Without our certificate 401 says that it is alive, and 403 is what the configuration says. */
static void test_without_ours(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    stage_set(stage, 0, 401);
    stage_set(stage, 1, 403);
    stage_start(stage);
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    ASSERT_TEXT(stage_check(stage, 0).description, "401, alive; readiness not verified");
    ASSERT_NUMBER(house_marks(house, 0) & BOARD_MARK_VERIFIED, 0);
    ASSERT_NUMBER(house_health(house, 1), BOARD_DOWN);
    ASSERT_NUMBER(stage_check(stage, 1).code, CHECKED_L7STS);
    stage_close(stage);
}

static void test_accepted(void)
{
    struct stage *stage = stage_open(1);

    stage_show_certificate(stage);
    stage->actors[0].script->status_to_us = 200;
    stage_set(stage, 0, 401); /* for anybody else */
    stage_start(stage);
    ASSERT_NUMBER(house_health(&stage->house, 0), BOARD_UP);
    ASSERT_TEXT(stage_check(stage, 0).description, "200 OK");
    CU_ASSERT_TRUE(house_wait_marks(&stage->house, 0, BOARD_MARK_VERIFIED, BOARD_MARK_VERIFIED));
    stage_close(stage);
}

/* One that another backend's answer shows to be at fault. */
static void test_one_rejects(void)
{
    static const unsigned statuses[] = {401, 403};

    for (unsigned i = 0; i < 2; i++) {
        struct stage *stage = stage_open(2);
        struct house *house = &stage->house;

        stage_show_certificate(stage);
        stage_start(stage);
        stage_set(stage, 0, statuses[i]);
        CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
        CU_ASSERT_TRUE(house_wait_log(
            house, "s/b0 is down: L7STS rejects the certificate that b1 accepts (3 of 3)"));
        ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
        stage_set(stage, 0, 200);
        CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
        stage_close(stage);
    }
}

/* When nobody takes it, it is ours that is wrong, and they are alive. */
static void test_all_reject(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    stage_show_certificate(stage);
    stage_set(stage, 0, 401);
    stage_set(stage, 1, 403);
    stage_start(stage);
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 4));
    CU_ASSERT_TRUE(stage_wait_results(stage, 1, 2));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    ASSERT_TEXT(stage_check(stage, 1).description,
                "403, refuses our certificate; readiness not verified");
    ASSERT_NUMBER(house_marks(house, 1) & BOARD_MARK_VERIFIED, 0);
    stage_close(stage);
}

/* The only one that took it is gone: after two intervals that says nothing any more. */
static void test_witness_is_gone(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    stage_show_certificate(stage);
    stage_start(stage);
    stage_set(stage, 0, 401);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    stage_set(stage, 1, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait_log(
        house, "s/b0 is up: L7OK 401, refuses our certificate; readiness not verified (2 of 2)"));
    stage_close(stage);
}

/* A 403 that the configuration expects is an answer like any other. */
static void test_expected_403(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    stage_show_certificate(stage);
    stage_expect(stage, 403, true);
    stage_set(stage, 0, 403);
    stage_start(stage);
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 4));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    ASSERT_TEXT(stage_check(stage, 0).description, "403 Forbidden");
    ASSERT_NUMBER(house_marks(house, 0) & BOARD_MARK_VERIFIED, BOARD_MARK_VERIFIED);
    stage_close(stage);
}

/*
 * A file is missing: a first checker does without it, since any check is better than none; one that
 * is to take the place of another is not born.
 */
static void test_missing_file(void)
{
    struct stage *stage = stage_open(1);
    struct house *house = &stage->house;

    stage_show_certificate(stage);
    unlink(house->service.check_key);
    stage_start(stage);
    CU_ASSERT_TRUE(house_wait_log(house, "/key is not there"));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    CU_ASSERT_TRUE(house_stop(house));
    house->birth.is_successor = true;
    house_start(house);
    CU_ASSERT_FALSE(house_stop(house));
    stage_close(stage);
}

const struct unit_test identity_tests[] = {
    {"without_ours", test_without_ours},       {"accepted", test_accepted},
    {"one_rejects", test_one_rejects},         {"all_reject", test_all_reject},
    {"witness_is_gone", test_witness_is_gone}, {"expected_403", test_expected_403},
    {"missing_file", test_missing_file},       {NULL, NULL},
};
