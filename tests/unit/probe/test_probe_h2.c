#include "unit/unit.h"

#include <string.h>

#include "ask.h"
#include "peer.h"
#include "tls_peer.h"

static const char settings[] = "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64";
static const char goaway[] = "\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\0";
static const char web[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

static void speak(struct tls_peer *server, const char *answer, size_t size)
{
    tls_peer_init(server, TLS1_3_VERSION, WANTS_NOTHING);
    server->alpn = "\x02h2";
    server->is_silent = true;
    server->answer = answer;
    server->answer_size = size;
}

static struct answer ask_server(struct tls_peer *server, uint64_t answer_ms, char report)
{
    const struct probe_question question = {
        .kind = PROBE_H2,
        .connect_timeout_ms = 3000,
        .answer_timeout_ms = answer_ms,
    };
    struct answer answer;
    struct peer peer;

    peer_start(&peer, tls_peer_answers, server);
    answer = ask_once(question, peer.port);
    if (report != '\0')
        ASSERT_NUMBER(peer_report(&peer), report);
    peer_stop(&peer);
    return answer;
}

static void test_first_frames(void)
{
    static const struct {
        const char *answer;
        size_t size;
        const char *words;
    } rows[] = {
        {settings, sizeof(settings) - 1, "L7OK HTTP/2"},
        {goaway, sizeof(goaway) - 1, "L7RSP not HTTP/2: its first frame is not SETTINGS"},
        {web, sizeof(web) - 1, "L7RSP not HTTP/2: answers as HTTP/1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_peer server;
        struct answer answer;

        speak(&server, rows[i].answer, rows[i].size);
        answer = ask_server(&server, 3000, 'q'); /* not a byte was said to it, but goodbye */
        ASSERT_TEXT(answer_text(&answer), rows[i].words);
        ASSERT_TEXT(answer.certificate.alpn, "h2");
        tls_peer_fini(&server);
    }
}

static void test_no_protocol(void)
{
    struct tls_peer server;
    struct answer answer;

    speak(&server, settings, sizeof(settings) - 1);
    server.alpn = NULL;
    answer = ask_server(&server, 3000, '\0');
    ASSERT_TEXT(answer_text(&answer), "L6RSP does not speak h2: ALPN agreed upon nothing");
    tls_peer_fini(&server);
}

static void test_dripping_frame(void)
{
    struct tls_peer server;
    struct answer answer;

    speak(&server, settings, sizeof(settings) - 1);
    server.drip_ms = 100;
    answer = ask_server(&server, 400, '\0');
    ASSERT_TEXT(answer_text(&answer), "L7TOUT no SETTINGS frame in time");
    CU_ASSERT_TRUE(answer.result.duration_us - answer.result.shook_us < 450000);
    server.drip_ms = 10;
    answer = ask_server(&server, 3000, '\0');
    ASSERT_TEXT(answer_text(&answer), "L7OK HTTP/2");
    tls_peer_fini(&server);
}

static void test_closes_early(void)
{
    struct tls_peer server;
    struct answer answer;

    speak(&server, settings, 5);
    server.closes = true;
    answer = ask_server(&server, 3000, '\0');
    ASSERT_TEXT(answer_text(&answer), "L7RSP connection closed before the answer");
    tls_peer_fini(&server);
}

const struct unit_test probe_h2_tests[] = {
    {"first_frames", test_first_frames},
    {"no_protocol", test_no_protocol},
    {"dripping_frame", test_dripping_frame},
    {"closes_early", test_closes_early},
    {NULL, NULL},
};
