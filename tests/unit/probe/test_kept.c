#include "unit/unit.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "probe/probe_session.h"

#include "ask.h"
#include "peer.h"
#include "pem.h"
#include "tls_peer.h"

#define KEPT_MS 200
#define GOOD    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const uint64_t expects_200[PROBE_STATUS_WORDS] = {
    [200 / 64] = STATUS_BIT(200) | STATUS_BIT(204),
};
static const struct probe_http readyz = {
    .method = "GET",
    .path = "/readyz",
    .expected = expects_200,
};

struct visit {
    struct asker asker;
    struct peer peer;
    struct tls_peer server;
    struct probe_question question;
    unsigned lost;
    unsigned open;  /* descriptors before */
    unsigned waits; /* sockets of others that wait, from when the port was theirs */
};

static unsigned open_descriptors(void)
{
    DIR *all = opendir("/proc/self/fd");
    unsigned count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    while (readdir(all) != NULL)
        count++;
    closedir(all);
    return count;
}

static void on_lost(void *context)
{
    struct visit *visit = context;

    visit->lost++;
}

static void visit_open(struct visit *visit, int version)
{
    memset(visit, 0, sizeof(*visit));
    visit->open = open_descriptors();
    tls_peer_init(&visit->server, version, WANTS_OPTIONALLY);
    visit->server.answer = GOOD;
    visit->server.answer_size = strlen(GOOD);
    visit->question = (struct probe_question){
        .kind = PROBE_HTTPS,
        .http = &readyz,
        .connect_timeout_ms = 3000,
        .answer_timeout_ms = 3000,
        .kept_timeout_ms = KEPT_MS,
        .session = probe_session_new(),
    };
    CU_ASSERT_PTR_NOT_NULL_FATAL(visit->question.session);
    probe_session_on_lost(visit->question.session, on_lost, visit);
    asker_open(&visit->asker);
}

static void visit_start_by(struct visit *visit, peer_behaviour *behaviour)
{
    peer_start(&visit->peer, behaviour, &visit->server);
    visit->waits = time_waits(visit->peer.port);
}

static void visit_start(struct visit *visit)
{
    visit_start_by(visit, tls_peer_keeps);
}

static void visit_close(struct visit *visit)
{
    asker_close(&visit->asker);
    peer_stop(&visit->peer);
    probe_session_free(visit->question.session);
    tls_peer_fini(&visit->server);
    ASSERT_NUMBER(open_descriptors(), visit->open);
    CU_ASSERT_TRUE(time_waits(visit->peer.port) <= visit->waits);
}

static struct answer ask_now(struct visit *visit)
{
    struct answer answer;

    ask_question(&visit->asker, &answer, visit->question, visit->peer.port);
    CU_ASSERT_TRUE(ask_wait(&visit->asker, visit->asker.answered + 1, 8000));
    return answer;
}

static void ask_good(struct visit *visit, bool kept)
{
    struct answer answer = ask_now(visit);

    ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
    ASSERT_NUMBER(answer.result.status, 200);
    CU_ASSERT_EQUAL(answer.result.kept, kept);
    CU_ASSERT_FALSE(answer.result.kept && answer.has_certificate);
}

/* Runs the loop until the server has seen the end of a connection. */
static char end_of_connection(struct visit *visit)
{
    ask_run(&visit->asker, 20);
    return peer_report(&visit->peer);
}

static bool wait_lost(struct visit *visit, uint64_t most_ms)
{
    const uint64_t until_ms = mono_ms() + most_ms;

    while (visit->lost == 0 && mono_ms() < until_ms)
        ask_run(&visit->asker, 1);
    return visit->lost > 0;
}

/* ---- as it should be ---- */

static void test_four_over_one(void)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct paper ca;
    struct paper mine;
    struct probe_identity *identity;

    paper_make_authority(&ca, "ca");
    paper_make_leaf(&mine, &ca, "k0slb");
    identity = paper_identity(&mine);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct visit visit;
        const struct probe_tls_terms terms = {.identity = identity};

        visit_open(&visit, versions[i]);
        visit.question.tls = &terms;
        tls_peer_show(&visit.server, &mine, &ca);
        visit_start(&visit);
        for (unsigned at = 0; at < 3 * PROBE_MOST_ASKED; at++) {
            struct answer answer = ask_now(&visit);
            bool first = at % PROBE_MOST_ASKED == 0;

            CU_ASSERT_TRUE(answer.result.good && answer.result.identity_sent);
            CU_ASSERT_EQUAL(answer.result.kept, !first);
            CU_ASSERT_EQUAL(answer.has_certificate, at == 0);
            CU_ASSERT_EQUAL(answer.result.resumed, first && at > 0);
            CU_ASSERT_EQUAL(answer.result.shook_us != 0, first);
            if ((at + 1) % PROBE_MOST_ASKED == 0)
                ASSERT_NUMBER(end_of_connection(&visit), '0' + PROBE_MOST_ASKED);
        }
        ASSERT_NUMBER(visit.lost, 0);
        visit_close(&visit);
    }
    probe_identity_free(identity);
    paper_fini(&mine);
    paper_fini(&ca);
}

/* The first connections of several sessions end by turns. */
static void test_staggered(void)
{
    struct visit visit;

    visit_open(&visit, TLS1_3_VERSION);
    visit_start(&visit);
    for (unsigned session = 0; session < PROBE_MOST_ASKED; session++) {
        for (unsigned at = 0; at < PROBE_MOST_ASKED - session; at++)
            ask_good(&visit, at > 0);
        ASSERT_NUMBER(end_of_connection(&visit), '0' + PROBE_MOST_ASKED - session);
        probe_session_free(visit.question.session);
        visit.question.session = probe_session_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(visit.question.session);
    }
    visit_close(&visit);
}

/* An asker that wants none gets none, and one that has become suspicious is not given the old. */
static void test_only_where_wanted(void)
{
    struct visit visit;

    visit_open(&visit, TLS1_3_VERSION);
    visit_start(&visit);
    visit.question.kept_timeout_ms = 0;
    ask_good(&visit, false);
    ASSERT_NUMBER(end_of_connection(&visit), '1');
    visit.question.kept_timeout_ms = KEPT_MS;
    ask_good(&visit, false);
    ask_good(&visit, true);
    visit.question.kept_timeout_ms = 0;
    ask_good(&visit, false);
    ASSERT_NUMBER(end_of_connection(&visit), '2');
    ASSERT_NUMBER(end_of_connection(&visit), '1');
    visit_close(&visit);
}

/* With or without tickets: what is emptied has no connection either, and says how old it was. */
static void test_emptied(void)
{
    for (size_t tickets = 0; tickets < 2; tickets++) {
        struct visit visit;
        struct answer answer;
        uint64_t full_ms;

        visit_open(&visit, TLS1_3_VERSION);
        SSL_CTX_set_num_tickets(visit.server.tls, tickets);
        visit_start(&visit);
        ask_good(&visit, false);
        full_ms = probe_session_full_ms(visit.question.session);
        CU_ASSERT_TRUE(full_ms != 0 && full_ms <= mono_ms());
        ask_good(&visit, true);
        ASSERT_NUMBER(probe_session_full_ms(visit.question.session), full_ms);
        probe_session_forget(visit.question.session);
        ASSERT_NUMBER(probe_session_full_ms(visit.question.session), 0);
        ASSERT_NUMBER(end_of_connection(&visit), '2');
        answer = ask_now(&visit);
        CU_ASSERT_TRUE(answer.result.good && answer.has_certificate && !answer.result.resumed);
        CU_ASSERT_FALSE(answer.result.kept);
        ask_good(&visit, true);
        ASSERT_NUMBER(visit.lost, 0);
        visit_close(&visit);
    }
}

/* What was under way when it was emptied goes on, and is not kept. */
static void test_emptied_on_the_way(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, TLS1_3_VERSION);
    visit.server.pause_ms = 50;
    visit_start(&visit);
    ask_good(&visit, false);
    ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
    probe_session_forget(visit.question.session);
    CU_ASSERT_TRUE(ask_wait(&visit.asker, 2, 3000));
    CU_ASSERT_TRUE(answer.result.good && answer.result.kept);
    ASSERT_NUMBER(end_of_connection(&visit), '2');
    ask_good(&visit, false);
    visit_close(&visit);
}

static void test_other_terms(void)
{
    const struct probe_tls_terms named = {.sni = "one.example"};
    const struct probe_tls_terms renamed = {.sni = "two.example"};
    struct visit visit;

    visit_open(&visit, TLS1_3_VERSION);
    visit_start(&visit);
    ask_good(&visit, false);
    visit.question.tls = &named;
    ask_good(&visit, false);
    ask_good(&visit, true);
    visit.question.tls = &renamed;
    ask_good(&visit, false);
    for (const char *all = "121"; all[1] != '\0'; all++)
        ASSERT_NUMBER(end_of_connection(&visit), *all);
    visit_close(&visit);
}

/* The holder closes it in good order, and so does an engine that ends first. */
static void test_ends_with_its_holder(void)
{
    struct visit visit;

    visit_open(&visit, TLS1_3_VERSION);
    visit_start(&visit);
    ask_good(&visit, false);
    probe_session_free(visit.question.session);
    visit.question.session = NULL;
    ASSERT_NUMBER(end_of_connection(&visit), '1');
    visit.question.session = probe_session_new();
    ask_good(&visit, false);
    ask_good(&visit, true);
    visit_close(&visit);
}

static void test_cancelled(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, TLS1_3_VERSION);
    visit_start(&visit);
    ask_good(&visit, false);
    ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
    probe_cancel(answer.probe);
    ask_run(&visit.asker, 20);
    ASSERT_NUMBER(answer.count, 0);
    ask_good(&visit, false);
    ask_good(&visit, true);
    visit_close(&visit);
}

/* ---- which answers may be followed by another one ---- */

static void test_answers(void)
{
    static const struct {
        const char *method;
        const char *text;
        bool kept;
    } rows[] = {
        {"GET", GOOD, true},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", true},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n", true},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
        {"GET", "HTTP/1.1 100 Continue\r\n\r\n" GOOD, true},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", false},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok", false},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nok", false},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", false},
        {"GET", "HTTP/1.1 200 OK\r\n\r\nok", false},
        {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
        {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\nok", false},
        {"HEAD", GOOD, false},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok\r\n0\r\n\r\n", false},
        {"GET", GOOD GOOD, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct probe_http http = {
            .method = rows[i].method,
            .path = "/",
            .expected = expects_200,
        };
        struct visit visit;
        struct answer answer;

        visit_open(&visit, TLS1_3_VERSION);
        visit.question.http = &http;
        visit.server.answer = rows[i].text;
        visit.server.answer_size = strlen(rows[i].text);
        visit_start(&visit);
        answer = ask_now(&visit);
        CU_ASSERT_TRUE(answer.result.good && !answer.result.kept);
        ask_run(&visit.asker, 10);
        answer = ask_now(&visit);
        CU_ASSERT_TRUE(answer.result.good);
        if (answer.result.kept != rows[i].kept)
            printf("kept otherwise: %s\n", rows[i].text);
        CU_ASSERT_EQUAL(answer.result.kept, rows[i].kept);
        visit_close(&visit);
    }
}

/* The end of a body may come a little later than the verdict. */
static void test_slow_body(void)
{
    struct visit visit;

    visit_open(&visit, TLS1_3_VERSION);
    visit.server.drip_ms = 30;
    visit.server.drip_size = strlen(GOOD) - 1;
    visit_start(&visit);
    ask_good(&visit, false);
    ask_run(&visit.asker, 100);
    ask_good(&visit, true);
    visit_close(&visit);
}

/* ---- what says nothing about the backend, and what does ---- */

static void test_second_answers(void)
{
    static const struct {
        const char *text;
        const char *words;
        bool kept;
    } rows[] = {
        {"HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n", "L7STS 500 Internal Server Error", true},
        {"HTTP/1.1 401 U\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
         "L7STS 401 Unauthorized", true},
        {"HTTP/1.1 408 R\r\nContent-Length: 0\r\n\r\n", "L7OK 200 OK", false},
        {"HTTP/1.1 200 O", "L7OK 200 OK", false},
        {"garbage", "L7OK 200 OK", false},
        {"", "L7OK 200 OK", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct visit visit;
        struct answer answer;

        visit_open(&visit, TLS1_3_VERSION);
        visit.server.next_answer = rows[i].text;
        visit.server.most_answers = 2;
        visit_start(&visit);
        ask_good(&visit, false);
        answer = ask_now(&visit);
        ASSERT_TEXT(answer_text(&answer), rows[i].words);
        CU_ASSERT_EQUAL(answer.result.kept, rows[i].kept);
        ASSERT_NUMBER(answer.count, 1);
        visit_close(&visit);
    }
}

/* Hangs over the old connection, is well over a new one: one probe, from one beginning. */
static void test_silent(void)
{
    struct visit visit;
    struct answer answer;
    uint64_t began_ms;

    visit_open(&visit, TLS1_3_VERSION);
    visit.server.most_answers = 1;
    visit.server.then = THEN_IS_MUTE;
    visit_start(&visit);
    ask_good(&visit, false);
    ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
    began_ms = probe_began_ms(answer.probe);
    ask_run(&visit.asker, KEPT_MS / 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer.probe);
    ASSERT_NUMBER(probe_began_ms(answer.probe), began_ms);
    ASSERT_NUMBER(probe_shook_ms(answer.probe), 0);
    CU_ASSERT_TRUE(ask_wait(&visit.asker, 2, 3000));
    ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
    CU_ASSERT_TRUE(!answer.result.kept && answer.result.resumed);
    CU_ASSERT_TRUE(answer.result.shook_us >= (KEPT_MS - 2) * 1000);
    CU_ASSERT_TRUE(answer.result.duration_us >= answer.result.shook_us);
    ask_good(&visit, false); /* it is not tried again */
    visit_close(&visit);
}

/* What stays silent altogether is found by a connection of its own, in the time of any other. */
static void test_hung(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, TLS1_3_VERSION);
    visit.question.connect_timeout_ms = 400;
    visit_start(&visit);
    ask_good(&visit, false);
    kill(visit.peer.pid, SIGSTOP);
    ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
    CU_ASSERT_TRUE(ask_wait(&visit.asker, 2, 3000));
    ASSERT_TEXT(answer_text(&answer), "L6TOUT TLS handshake timed out");
    CU_ASSERT_TRUE(answer.result.duration_us >= (400 - 2) * 1000);
    CU_ASSERT_TRUE(answer.result.connected_us >= (KEPT_MS - 2) * 1000);
    CU_ASSERT_FALSE(answer.result.kept);
    ASSERT_NUMBER(probe_session_full_ms(visit.question.session), 0);
    kill(visit.peer.pid, SIGCONT);
    visit_close(&visit);
}

/* Time in which this process did not run is not the backend's. */
static void shift_once(void *context)
{
    struct visit *visit = context;

    if (visit->lost == 0)
        probe_engine_shift(visit->asker.engine, 1000);
    visit->lost = 1;
}

static void test_stalled(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, TLS1_3_VERSION);
    visit.server.pause_ms = 20;
    visit_start(&visit);
    ask_good(&visit, false);
    ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
    probe_engine_on_wake(visit.asker.engine, shift_once, &visit);
    usleep((KEPT_MS + 50) * 1000);
    CU_ASSERT_TRUE(ask_wait(&visit.asker, 2, 3000));
    CU_ASSERT_TRUE(answer.result.good && answer.result.kept);
    visit_close(&visit);
}

/* ---- lost while idle ---- */

static void test_lost(void)
{
    static const enum tls_peer_then ways[] = {THEN_CLOSES, THEN_RESETS, THEN_SPEAKS};

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct visit visit;

        visit_open(&visit, TLS1_3_VERSION);
        visit.server.most_answers = 2;
        visit.server.then = ways[i];
        visit.server.then_ms = 20;
        visit_start(&visit);
        ask_good(&visit, false);
        ask_good(&visit, true);
        CU_ASSERT_TRUE(wait_lost(&visit, 2000));
        ASSERT_NUMBER(end_of_connection(&visit), ways[i] == THEN_SPEAKS ? '2' : 'c');
        ask_good(&visit, false);
        ask_run(&visit.asker, 20);
        ask_good(&visit, false); /* one that closes early is not kept again … */
        ask_run(&visit.asker, 20);
        ASSERT_NUMBER(visit.lost, 1);
        probe_session_forget(visit.question.session);
        ask_good(&visit, false);
        ask_good(&visit, true); /* … before all is forgotten */
        visit_close(&visit);
    }
}

static void test_killed(void)
{
    struct visit visit;

    visit_open(&visit, TLS1_3_VERSION);
    visit_start(&visit);
    ask_good(&visit, false);
    ask_run(&visit.asker, 20);
    ASSERT_NUMBER(visit.lost, 0);
    kill(visit.peer.pid, SIGKILL);
    CU_ASSERT_TRUE(wait_lost(&visit, 2000));
    ASSERT_NUMBER(visit.lost, 1);
    visit_close(&visit);
}

/* A holder may go from within the call that tells it. */
static void free_session(void *context)
{
    struct visit *visit = context;

    probe_session_free(visit->question.session);
    visit->question.session = NULL;
    visit->lost++;
}

static void test_freed_when_lost(void)
{
    struct visit visit;

    visit_open(&visit, TLS1_3_VERSION);
    visit.server.most_answers = 1;
    visit.server.then_ms = 20;
    probe_session_on_lost(visit.question.session, free_session, &visit);
    visit_start(&visit);
    ask_good(&visit, false);
    CU_ASSERT_TRUE(wait_lost(&visit, 2000));
    visit_close(&visit);
}

/*
 * A server that ends connections at any moment, by FIN or reset, before, while and after the next
 * question is sent: no verdict is wrong, and none is told twice.
 */
static void test_race(void)
{
    enum { ROUNDS = 150 };
    static const enum tls_peer_then ways[] = {THEN_CLOSES, THEN_RESETS};
    unsigned over_kept = 0;

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct visit visit;

        visit_open(&visit, TLS1_3_VERSION);
        visit.server.then = ways[i];
        visit.server.most_answers = 2;
        visit.server.then_us = 1000;
        visit_start(&visit);
        for (unsigned round = 0; round < ROUNDS; round++) {
            for (unsigned at = 0; at < 3; at++) {
                struct answer answer = ask_now(&visit);

                ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
                ASSERT_NUMBER(answer.count, 1);
                over_kept += answer.result.kept;
                usleep((unsigned)rand() % 1000);
            }
            probe_session_forget(visit.question.session);
        }
        visit_close(&visit);
    }
    CU_ASSERT_TRUE(over_kept > ROUNDS / 2);
}

/* ---- how many ---- */

/* Each connection has a process of its own. */
static char serve_apart(int fd, void *context)
{
    pid_t pid = fork();

    if (pid == 0) {
        tls_peer_keeps(fd, context);
        _exit(0);
    }
    return pid == -1 ? 'x' : 'f';
}

/* No more than so many are kept, and every answer is good all the same. */
static void test_most(void)
{
    enum { COUNT = PROBE_MOST_KEPT * 4 / 3 + 20 };
    static struct probe_session *sessions[COUNT];
    struct visit visit;
    unsigned kept = 0;

    visit_open(&visit, TLS1_3_VERSION);
    visit_start_by(&visit, serve_apart);
    probe_session_free(visit.question.session);
    for (unsigned round = 0; round < 2; round++) {
        kept = 0;
        for (unsigned i = 0; i < COUNT; i++) {
            struct answer answer;

            if (round == 0)
                sessions[i] = probe_session_new();
            visit.question.session = sessions[i];
            answer = ask_now(&visit);
            CU_ASSERT_TRUE(answer.result.good);
            kept += answer.result.kept;
        }
    }
    ASSERT_NUMBER(kept, PROBE_MOST_KEPT);
    visit.question.session = NULL;
    for (unsigned i = 0; i < COUNT; i++)
        probe_session_free(sessions[i]);
    visit_close(&visit);
}

const struct unit_test kept_tests[] = {
    {"four_over_one", test_four_over_one},
    {"staggered", test_staggered},
    {"only_where_wanted", test_only_where_wanted},
    {"emptied", test_emptied},
    {"emptied_on_the_way", test_emptied_on_the_way},
    {"other_terms", test_other_terms},
    {"ends_with_its_holder", test_ends_with_its_holder},
    {"cancelled", test_cancelled},
    {"answers", test_answers},
    {"slow_body", test_slow_body},
    {"second_answers", test_second_answers},
    {"silent", test_silent},
    {"hung", test_hung},
    {"stalled", test_stalled},
    {"lost", test_lost},
    {"killed", test_killed},
    {"freed_when_lost", test_freed_when_lost},
    {"race", test_race},
    {"most", test_most},
    {NULL, NULL},
};
