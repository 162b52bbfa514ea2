#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"

#include "ask.h"
#include "peer.h"
#include "tls_peer.h"

static void test_good_servers(void)
{
    static const struct {
        int version;
        enum tls_peer_wants wants;
        const char *answer;
        char report;
    } rows[] = {
        {TLS1_2_VERSION, WANTS_NOTHING, "L6OK TLSv1.2", 'q'},
        {TLS1_3_VERSION, WANTS_NOTHING, "L6OK TLSv1.3", 'q'},
        {TLS1_2_VERSION, WANTS_OPTIONALLY, "L6OK TLSv1.2", 'q'},
        {TLS1_3_VERSION, WANTS_OPTIONALLY, "L6OK TLSv1.3", 'q'},
        {TLS1_2_VERSION, WANTS_CERTIFICATE, "L6OK TLSv1.2, wants a client certificate", 'h'},
        {TLS1_3_VERSION, WANTS_CERTIFICATE, "L6OK TLSv1.3", 'h'},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_peer server;
        struct peer peer;
        struct answer answer;

        tls_peer_init(&server, rows[i].version, rows[i].wants);
        peer_start(&peer, tls_peer_serves, &server);
        answer = ask(PROBE_TLS, peer.port, 3000);
        ASSERT_TEXT(answer_text(&answer), rows[i].answer);
        CU_ASSERT_TRUE(answer.result.good);
        ASSERT_NUMBER(peer_report(&peer), rows[i].report);
        peer_stop(&peer);
        tls_peer_fini(&server);
    }
}

/* A well-behaved server sees handshake and close_notify, every time, and closes first. */
static void test_leaves_without_noise(void)
{
    struct tls_peer server;
    struct asker asker;
    struct peer peer;

    tls_peer_init(&server, TLS1_3_VERSION, WANTS_OPTIONALLY);
    peer_start(&peer, tls_peer_serves, &server);
    asker_open(&asker);
    for (unsigned i = 1; i <= 20; i++) {
        struct answer answer;

        ask_start(&asker, &answer, PROBE_TLS, peer.port, 3000);
        CU_ASSERT_TRUE(ask_wait(&asker, i, 5000));
        ASSERT_TEXT(answer_text(&answer), "L6OK TLSv1.3");
        ASSERT_NUMBER(peer_report(&peer), 'q');
    }
    asker_close(&asker);
    peer_stop(&peer);
    tls_peer_fini(&server);
}

static void test_bad_servers(void)
{
    static char banner[] = "SSH-2.0-OpenSSH_9.2\r\n";
    static char web[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    static const struct {
        peer_behaviour *behaviour;
        char *text;
        const char *answer;
    } rows[] = {
        {peer_closes, NULL, "L6RSP connection "}, /* closed or reset, as the race goes */
        {peer_resets, NULL, "L6RSP connection reset in the TLS handshake"},
        {peer_leaves_handshake, NULL, "L6RSP connection closed in the TLS handshake"},
        {peer_says, banner, "L6RSP not TLS: wrong version number"},
        {peer_says, web, "L6RSP not TLS: wrong version number"},
        {peer_alerts, NULL, "L6RSP TLS alert: handshake failure"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct peer peer;
        struct answer answer;
        char start[BOARD_DESCRIPTION_SIZE];

        peer_start(&peer, rows[i].behaviour, rows[i].text);
        answer = ask(PROBE_TLS, peer.port, 3000);
        snprintf(start, sizeof(start), "%.*s", (int)strlen(rows[i].answer), answer_text(&answer));
        ASSERT_TEXT(start, rows[i].answer);
        CU_ASSERT_FALSE(answer.result.good);
        CU_ASSERT_FALSE(answer.result.refused);
        CU_ASSERT_FALSE(answer.result.no_verdict);
        peer_stop(&peer);
    }
}

static void test_refused(void)
{
    struct answer answer = ask(PROBE_TLS, unused_port(), 1000);

    ASSERT_TEXT(answer_text(&answer), "L4CON connection refused");
    CU_ASSERT_TRUE(answer.result.refused);
}

static void check_timeout(uint16_t port)
{
    uint64_t start_ms = mono_ms();
    struct answer answer = ask(PROBE_TLS, port, 500);
    uint64_t took_ms = answer.came_ms - start_ms;

    ASSERT_TEXT(answer_text(&answer), "L6TOUT TLS handshake timed out");
    CU_ASSERT_TRUE(took_ms >= 500 && took_ms <= 550);
}

static void test_silent_server_times_out(void)
{
    uint16_t port;
    int listener = listen_silently(&port, 8);

    check_timeout(port);
    close(listener);
}

static void test_dripping_handshake_times_out(void)
{
    struct peer peer;

    peer_start(&peer, peer_drips, NULL);
    check_timeout(peer.port);
    ASSERT_NUMBER(peer_report(&peer), 'd');
    peer_stop(&peer);
}

/* ---- many at once: the error queue belongs to all of them ---- */

#define PAIRS 20
#define WEBS  20

struct crowd {
    struct tls_peer server;
    struct tls_peer web_server;
    struct peer good;
    struct peer web; /* a good one, too */
    struct peer bad[4];
    struct asker asker;
    struct answer good_answers[PAIRS];
    struct answer web_answers[WEBS];
    struct answer bad_answers[PAIRS];
};

static void crowd_open(struct crowd *crowd)
{
    static char banner[] = "220 ready\r\n";

    tls_peer_init(&crowd->server, TLS1_3_VERSION, WANTS_NOTHING);
    peer_start(&crowd->good, tls_peer_serves, &crowd->server);
    tls_peer_init(&crowd->web_server, TLS1_2_VERSION, WANTS_NOTHING);
    crowd->web_server.answer = "HTTP/1.1 200 OK\r\n\r\n";
    crowd->web_server.answer_size = strlen(crowd->web_server.answer);
    crowd->web_server.drip_ms = 1; /* so that it is waited for while others fail */
    crowd->web_server.drip_size = 10;
    peer_start(&crowd->web, tls_peer_answers, &crowd->web_server);
    peer_start(&crowd->bad[0], peer_says, banner);
    peer_start(&crowd->bad[1], peer_alerts, NULL);
    peer_start(&crowd->bad[2], peer_leaves_handshake, NULL);
    peer_start(&crowd->bad[3], peer_resets, NULL);
    asker_open(&crowd->asker);
}

static void crowd_close(struct crowd *crowd)
{
    asker_close(&crowd->asker);
    peer_stop(&crowd->good);
    peer_stop(&crowd->web);
    for (size_t i = 0; i < ARRAY_LEN(crowd->bad); i++)
        peer_stop(&crowd->bad[i]);
    tls_peer_fini(&crowd->server);
    tls_peer_fini(&crowd->web_server);
}

static void ask_crowd(struct crowd *crowd)
{
    static const uint64_t expects_200[PROBE_STATUS_WORDS] = {[200 / 64] = STATUS_BIT(200)};
    static const struct probe_http http = {
        .method = "GET",
        .path = "/",
        .expected = expects_200,
    };
    const struct probe_question web = {
        .kind = PROBE_HTTPS,
        .http = &http,
        .connect_timeout_ms = 5000,
        .answer_timeout_ms = 5000,
    };
    unsigned before = crowd->asker.answered;

    for (unsigned i = 0; i < PAIRS; i++) {
        uint16_t bad_port = crowd->bad[i % ARRAY_LEN(crowd->bad)].port;

        ask_start(&crowd->asker, &crowd->bad_answers[i], PROBE_TLS, bad_port, 5000);
        ask_start(&crowd->asker, &crowd->good_answers[i], PROBE_TLS, crowd->good.port, 5000);
        if (i < WEBS)
            ask_question(&crowd->asker, &crowd->web_answers[i], web, crowd->web.port);
    }
    CU_ASSERT_TRUE(ask_wait(&crowd->asker, before + 2 * PAIRS + WEBS, 20000));
    for (unsigned i = 0; i < PAIRS; i++) {
        ASSERT_TEXT(answer_text(&crowd->good_answers[i]), "L6OK TLSv1.3");
        ASSERT_NUMBER(crowd->bad_answers[i].result.code, CHECKED_L6RSP);
        ASSERT_NUMBER(crowd->good_answers[i].count, 1);
        ASSERT_NUMBER(crowd->bad_answers[i].count, 1);
    }
    for (unsigned i = 0; i < WEBS; i++)
        ASSERT_TEXT(answer_text(&crowd->web_answers[i]), "L7OK 200 OK");
}

/* 180 questions; K0SLB_LONG in the environment: 15,000. */
static void test_bad_servers_leave_good_ones_alone(void)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    int rounds = getenv("K0SLB_LONG") != NULL ? 250 : 3;

    CU_ASSERT_PTR_NOT_NULL_FATAL(crowd);
    crowd_open(crowd);
    for (int i = 0; i < rounds; i++)
        ask_crowd(crowd);
    crowd_close(crowd);
    free(crowd);
}

const struct unit_test probe_tls_tests[] = {
    {"good_servers", test_good_servers},
    {"leaves_without_noise", test_leaves_without_noise},
    {"bad_servers", test_bad_servers},
    {"refused", test_refused},
    {"silent_server_times_out", test_silent_server_times_out},
    {"dripping_handshake_times_out", test_dripping_handshake_times_out},
    {"bad_servers_leave_good_ones_alone", test_bad_servers_leave_good_ones_alone},
    {NULL, NULL},
};
