#include "unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mono.h"

#include "ask.h"

/* Twice as many as may run: the rest wait, and their time does not run until they begin. */
static void test_queue(void)
{
    enum { COUNT = 2 * PROBE_MOST_RUNNING };
    struct asker asker;
    struct answer *answers = calloc(COUNT, sizeof(*answers));
    unsigned begun = 0;
    uint16_t port;
    int listener = listen_silently(&port, COUNT + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(answers);
    asker_open(&asker);
    for (unsigned i = 0; i < COUNT; i++) {
        ask_start(&asker, &answers[i], PROBE_TLS, port, 200);
        begun += probe_began_ms(answers[i].probe) != 0;
    }
    ASSERT_NUMBER(begun, PROBE_MOST_RUNNING);
    CU_ASSERT_TRUE(ask_wait(&asker, COUNT, 5000));
    for (unsigned i = 0; i < COUNT; i++) {
        ASSERT_TEXT(answer_text(&answers[i]), "L6TOUT TLS handshake timed out");
        ASSERT_NUMBER(answers[i].count, 1);
        CU_ASSERT_TRUE(answers[i].result.duration_us < 300000);
    }
    CU_ASSERT_TRUE(answers[COUNT - 1].came_ms >= answers[0].came_ms + 200);
    asker_close(&asker);
    close(listener);
    free(answers);
}

static void test_cancelled_is_not_told(void)
{
    struct asker asker;
    struct answer answers[3];
    uint16_t port;
    int listener = listen_silently(&port, 8);

    asker_open(&asker);
    ask_start(&asker, &answers[0], PROBE_TLS, port, 100);
    ask_start(&asker, &answers[1], PROBE_TLS, port, 100);
    ask_start(&asker, &answers[2], PROBE_TCP, unused_port(), 100);
    probe_cancel(answers[0].probe);
    probe_cancel(answers[2].probe);
    ask_run(&asker, 200);
    ASSERT_NUMBER(answers[0].count, 0);
    ASSERT_NUMBER(answers[1].count, 1);
    ASSERT_NUMBER(answers[2].count, 0);
    asker_close(&asker);
    close(listener);
}

/* A cancelled question makes room for one that waits. */
static void test_cancel_lets_the_next_begin(void)
{
    enum { COUNT = PROBE_MOST_RUNNING + 1 };
    struct asker asker;
    struct answer *answers = calloc(COUNT, sizeof(*answers));
    uint16_t port;
    int listener = listen_silently(&port, COUNT + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(answers);
    asker_open(&asker);
    for (unsigned i = 0; i < COUNT; i++)
        ask_start(&asker, &answers[i], PROBE_TLS, port, 5000);
    ASSERT_NUMBER(probe_began_ms(answers[COUNT - 1].probe), 0);
    probe_cancel(answers[0].probe);
    CU_ASSERT_TRUE(probe_began_ms(answers[COUNT - 1].probe) != 0);
    asker_close(&asker); /* with everything still running: nothing is told, nothing leaks */
    ASSERT_NUMBER(asker.answered, 0);
    close(listener);
    free(answers);
}

struct ask_again {
    struct asker *asker;
    struct answer *second;
    uint16_t port;
};

static void on_first_answer(void *context, const struct probe_result *result)
{
    struct ask_again *again = context;

    CU_ASSERT_TRUE(result->good);
    ask_start(again->asker, again->second, PROBE_TCP, again->port, 1000);
}

static void test_answer_may_ask_again(void)
{
    struct asker asker;
    struct answer second = {0};
    uint16_t port;
    int listener = listen_silently(&port, 8);
    struct ask_again again = {&asker, &second, 0};
    struct probe_question question = {
        .kind = PROBE_TCP,
        .connect_timeout_ms = 1000,
        .done = on_first_answer,
        .context = &again,
    };

    again.port = port;
    CU_ASSERT_EQUAL_FATAL(addr_parse(&question.address, "127.0.0.1"), 0);
    question.address.port = port;
    asker_open(&asker);
    CU_ASSERT_PTR_NOT_NULL(probe_start(asker.engine, &question));
    CU_ASSERT_TRUE(ask_wait(&asker, 1, 2000));
    ASSERT_TEXT(answer_text(&second), "L4OK connected");
    asker_close(&asker);
    close(listener);
}

static void shift_once(void *context)
{
    struct asker **asker = context;

    if (*asker != NULL)
        probe_engine_shift((*asker)->engine, 1000);
    *asker = NULL;
}

/* The wake function comes before the judgement of the very event that brought it. */
static void test_wake_comes_before_judgement(void)
{
    struct asker asker;
    struct asker *pending = &asker;
    struct answer answer;
    uint16_t port;
    int listener = listen_silently(&port, 8);

    asker_open(&asker);
    probe_engine_on_wake(asker.engine, shift_once, &pending);
    ask_start(&asker, &answer, PROBE_TCP, port, 20);
    usleep(40000);
    CU_ASSERT_TRUE(ask_wait(&asker, 1, 2000));
    ASSERT_TEXT(answer_text(&answer), "L4OK connected");
    CU_ASSERT_PTR_NULL(pending);
    asker_close(&asker);
    close(listener);
}

const struct unit_test engine_tests[] = {
    {"queue", test_queue},
    {"cancelled_is_not_told", test_cancelled_is_not_told},
    {"cancel_lets_the_next_begin", test_cancel_lets_the_next_begin},
    {"answer_may_ask_again", test_answer_may_ask_again},
    {"wake_comes_before_judgement", test_wake_comes_before_judgement},
    {NULL, NULL},
};
