#include "unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/mono.h"

#include "stage.h"

/* What answers badly is asked at the usual pace, and is down after check_fall in a row. */
static void test_badly_at_the_usual_pace(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;
    uint64_t suspect_ms;

    house->service.check_interval = 1000;
    stage_start(stage);
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    suspect_ms = stage_since(stage, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(stage_since(stage, 0) - suspect_ms >= 2 * house->service.check_interval - 50);
    CU_ASSERT_TRUE(
        house_wait_log(house, "s/b0 is suspect: L7STS 500 Internal Server Error (1 of 3)"));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is down: L7STS 500 Internal Server Error (3 of 3)"));
    ASSERT_NUMBER(stage_check(stage, 0).status, 500);
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is up: L7OK 200 OK (2 of 2)"));
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    stage_close(stage);
}

/* What is not there goes fast, also after bad answers. */
static void test_not_there_goes_fast(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;
    uint64_t suspect_ms;

    house->service.check_interval = 1000;
    house->service.check_connect_timeout = 500;
    stage_start(stage);
    kill(stage->actors[0].pid, SIGSTOP); /* TCP goes on, TLS does not */
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    suspect_ms = stage_since(stage, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(stage_since(stage, 0) - suspect_ms < 1500); /* three timeouts, overlapping */
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is suspect: no answer for 300 ms"));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is down: L6TOUT TLS handshake timed out (3 of 3)"));
    kill(stage->actors[0].pid, SIGCONT);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    stage_close(stage);
}

/* An answer that is long in coming: suspect while it is waited for, and nobody else asks. */
static void test_late_answers(void)
{
    struct stage *stage = stage_open(3);
    struct house *house = &stage->house;

    house->service.check_connect_timeout = 400;
    house->service.check_timeout = 5000;
    stage_start(stage);
    stage->actors[0].script->pause_ms = 700;
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    CU_ASSERT_TRUE(
        house_wait_log(house, "s/b0 is suspect: no answer after the handshake for 400 ms"));
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 3));
    ASSERT_NUMBER(stage_check(stage, 0).code, CHECKED_L7OK);
    ASSERT_NUMBER(house_health(house, 0), BOARD_SUSPECT); /* good, but late */
    /* One question, which may have been asked over a kept connection first. */
    CU_ASSERT_TRUE(stage->actors[0].script->waiting_most <= 2);
    stage->actors[0].script->pause_ms = 0;
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    stage_close(stage);
}

/* When all are late, half of them stay as they are, and what speaks against them is counted. */
static void test_all_late(void)
{
    struct stage *stage = stage_open(3);
    struct house *house = &stage->house;
    unsigned up = 0;

    house->service.check_connect_timeout = 400;
    house->service.check_timeout = 5000;
    stage_start(stage);
    for (unsigned i = 0; i < 3; i++)
        stage->actors[i].script->pause_ms = 700;
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_TRUE(stage_wait_results(stage, i, 2));
    for (unsigned i = 0; i < 3; i++)
        up += house_health(house, i) == BOARD_UP;
    ASSERT_NUMBER(up, 2);
    CU_ASSERT_TRUE(board_checker(house->board)->slow_ignored > 0);
    stage_close(stage);
}

static void test_no_answer(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    house->service.check_connect_timeout = 400;
    house->service.check_timeout = 600;
    stage_start(stage);
    stage_set(stage, 0, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(
        house_wait_log(house, "s/b0 is down: L7TOUT no answer to GET /readyz in time (3 of 3)"));
    stage_close(stage);
}

static bool wait_for(const _Atomic uint32_t *number, uint32_t least)
{
    uint64_t until_ms = mono_ms() + 5000;

    while (*number < least && mono_ms() < until_ms)
        poll(NULL, 0, 1);
    return *number >= least;
}

/* A worker's word is not put off by an answer that is waited for. */
static void test_report_is_asked_about_at_once(void)
{
    struct stage *stage = stage_open(2);
    struct actor_script *script = stage->actors[0].script;

    stage->house.service.check_timeout = 20000;
    stage->house.service.check_connect_timeout = 20000;
    stage_start(stage);
    stage_set(stage, 0, 0);
    CU_ASSERT_TRUE(wait_for(&script->resumed, script->resumed + 1)); /* this one gets no answer */
    CU_ASSERT_TRUE(wait_for(&script->waiting, 1));
    house_report(&stage->house, 0, BOARD_EVIDENCE_REFUSED);
    CU_ASSERT_TRUE(wait_for(&script->waiting, 2));
    stage_close(stage);
}

/* Clients that make it reset their connections do not make the checker a burden. */
static void test_reports_keep_a_pace(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;
    struct actor_script *script = stage->actors[0].script;
    uint64_t until_ms;
    unsigned before;

    stage_start(stage);
    before = script->full + script->resumed;
    until_ms = mono_ms() + 1500;
    while (mono_ms() < until_ms) {
        house_report(house, 0, BOARD_EVIDENCE_RESET);
        poll(NULL, 0, 5);
    }
    CU_ASSERT_TRUE(script->full + script->resumed - before <= 8);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    stage_close(stage);
}

/* What stands behind all of them has failed: nobody is taken out for it. */
static void test_all_badly_at_once(void)
{
    struct stage *stage = stage_open(3);
    struct house *house = &stage->house;

    stage_start(stage);
    stage_set_all(stage, 500);
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_TRUE(house_wait(house, i, BOARD_SUSPECT));
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_TRUE(stage_wait_results(stage, i, 5));
    for (unsigned i = 0; i < 3; i++)
        ASSERT_NUMBER(house_health(house, i), BOARD_SUSPECT);
    CU_ASSERT_TRUE(house_wait_log(house, "all backends of s answer badly at once"));
    CU_ASSERT_FALSE(house_has_logged(house, "is down"));
    stage_set(stage, 1, 200); /* it is not all of them any more */
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UP));
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait(house, 2, BOARD_DOWN));
    stage_close(stage);
}

static unsigned count_logged(struct house *house, const char *text)
{
    unsigned count = 0;

    (void)house_has_logged(house, text);
    for (const char *at = house->log; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

/* Said once, until one has been there again. */
static void test_perhaps_it_is_me(void)
{
    struct stage *stage = stage_open(2);
    struct house *house = &stage->house;

    stage_start(stage);
    for (unsigned round = 1; round <= 2; round++) {
        kill(stage->actors[0].pid, SIGSTOP);
        kill(stage->actors[1].pid, SIGSTOP);
        CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
        CU_ASSERT_TRUE(house_wait(house, 1, BOARD_DOWN));
        CU_ASSERT_TRUE(stage_wait_results(stage, 0, 2));
        ASSERT_NUMBER(count_logged(house, "perhaps it is me"), round);
        kill(stage->actors[0].pid, SIGCONT);
        kill(stage->actors[1].pid, SIGCONT);
        CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
        CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UP));
    }
    stage_close(stage);
}

/* Stopped with answers outstanding: nobody is judged for it. */
static void test_stopped_checker_judges_nobody(void)
{
    struct stage *stage = stage_open(4);
    struct house *house = &stage->house;
    uint64_t up_since[4];

    house->service.check_interval = house->service.check_fast_interval = 400;
    house->service.check_connect_timeout = house->service.check_timeout = 800;
    for (unsigned i = 0; i < 4; i++)
        stage->actors[i].script->pause_ms = 100;
    stage_start(stage);
    for (unsigned i = 0; i < 4; i++)
        up_since[i] = stage_since(stage, i);
    for (unsigned round = 0; round < 3; round++) {
        kill(house->checker, SIGSTOP);
        poll(NULL, 0, 1500);
        kill(house->checker, SIGCONT);
        for (unsigned i = 0; i < 4; i++)
            CU_ASSERT_TRUE(stage_wait_results(stage, i, 2));
    }
    CU_ASSERT_TRUE(house_wait_log(house, "no backend is judged for that time"));
    for (unsigned i = 0; i < 4; i++) {
        ASSERT_NUMBER(house_health(house, i), BOARD_UP);
        ASSERT_NUMBER(stage_since(stage, i), up_since[i]);
    }
    stage_close(stage);
}

/* Sessions are taken up again while it is up; while it is not, each handshake is a full one. */
static void test_sessions(void)
{
    struct stage *stage = stage_open(2);
    struct actor_script *script = stage->actors[0].script;
    uint32_t resumed;
    uint32_t full;

    stage_start(stage);
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 4));
    CU_ASSERT_TRUE(script->resumed >= 3);
    ASSERT_NUMBER(script->full, 1);
    stage_set(stage, 0, 500);
    CU_ASSERT_TRUE(house_wait(&stage->house, 0, BOARD_DOWN));
    resumed = script->resumed;
    full = script->full;
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 3));
    ASSERT_NUMBER(script->resumed, resumed);
    CU_ASSERT_TRUE(script->full >= full + 3);
    stage_set(stage, 0, 200);
    CU_ASSERT_TRUE(house_wait(&stage->house, 0, BOARD_UP));
    CU_ASSERT_TRUE(stage_wait_results(stage, 0, 3));
    CU_ASSERT_TRUE(script->resumed > resumed);
    stage_close(stage);
}

static void test_certificate_is_kept(void)
{
    struct stage *stage = stage_open(1);
    unsigned slot;
    struct board_certificate certificate;

    stage_start(stage);
    slot = stage->house.backends[0].slot;
    CU_ASSERT_TRUE(board_certificate_copy(stage->house.board, slot, &certificate));
    ASSERT_TEXT(certificate.facts.issuer, "CN=stage");
    ASSERT_TEXT(certificate.facts.common_name, "actor");
    CU_ASSERT_TRUE(certificate.at_ms != 0);
    stage_close(stage);
}

const struct unit_test answers_tests[] = {
    {"badly_at_the_usual_pace", test_badly_at_the_usual_pace},
    {"not_there_goes_fast", test_not_there_goes_fast},
    {"late_answers", test_late_answers},
    {"all_late", test_all_late},
    {"no_answer", test_no_answer},
    {"report_is_asked_about_at_once", test_report_is_asked_about_at_once},
    {"reports_keep_a_pace", test_reports_keep_a_pace},
    {"all_badly_at_once", test_all_badly_at_once},
    {"perhaps_it_is_me", test_perhaps_it_is_me},
    {"stopped_checker_judges_nobody", test_stopped_checker_judges_nobody},
    {"sessions", test_sessions},
    {"certificate_is_kept", test_certificate_is_kept},
    {NULL, NULL},
};
