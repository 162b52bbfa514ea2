#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"

#include "ask.h"
#include "peer.h"
#include "pem.h"
#include "tls_peer.h"

static const uint64_t expects_200[PROBE_STATUS_WORDS] = {[200 / 64] = STATUS_BIT(200)};
static const uint64_t expects_readyz[PROBE_STATUS_WORDS] = {
    [200 / 64] = STATUS_BIT(200),
    [401 / 64] = STATUS_BIT(401),
};
static const uint64_t expects_join[PROBE_STATUS_WORDS] = {
    [405 / 64] = STATUS_BIT(405) | STATUS_BIT(401),
};

static const struct probe_http readyz = {
    .method = "GET",
    .path = "/readyz",
    .expected = expects_readyz,
};
static const struct probe_http join = {
    .method = "HEAD",
    .path = "/v1beta1/ca",
    .expected = expects_join,
};

static struct probe_question question_of(const struct probe_http *http)
{
    return (struct probe_question){
        .kind = PROBE_HTTPS,
        .http = http,
        .connect_timeout_ms = 3000,
        .answer_timeout_ms = 3000,
    };
}

static void speak(struct tls_peer *server, const char *answer)
{
    tls_peer_init(server, TLS1_3_VERSION, WANTS_NOTHING);
    server->alpn = "\x08http/1.1";
    server->insists = true;
    server->answer = answer;
    server->answer_size = strlen(answer);
}

/* Asks a server once, and what it saw is `report`. */
static struct answer ask_server(struct tls_peer *server, struct probe_question question,
                                char report)
{
    struct answer answer;
    struct peer peer;

    peer_start(&peer, tls_peer_answers, server);
    answer = ask_once(question, peer.port);
    if (report != '\0')
        ASSERT_NUMBER(peer_report(&peer), report);
    peer_stop(&peer);
    return answer;
}

/* As much of what was answered as `words` has. */
static const char *start_of(const struct answer *answer, const char *words)
{
    static char start[BOARD_DESCRIPTION_SIZE + 32];

    snprintf(start, sizeof(start), "%.*s", (int)strlen(words), answer_text(answer));
    return start;
}

/* ---- answers ---- */

static void test_answers(void)
{
    static const struct {
        const struct probe_http *http;
        const char *answer;
        const char *words;
        uint16_t status;
        bool good;
    } rows[] = {
        {&readyz, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "L7OK 200 OK", 200, true},
        {&readyz, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}",
         "L7OK 401, alive; readiness not verified", 401, true},
        {&readyz, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}", "L7STS 403 Forbidden",
         403, false},
        {&readyz, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n",
         "L7STS 405 Method Not Allowed", 405, false},
        {&readyz,
         "HTTP/1.1 500 E\r\nContent-Length: 46\r\n\r\n"
         "[+]ping ok\n[-]etcd failed: reason withheld\nxyz",
         "L7STS 500: [-]etcd failed: reason withheld", 500, false},
        {&join, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 18\r\n\r\n",
         "L7OK 405 Method Not Allowed", 405, true},
        {&join, "HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n", "L7STS 404 Not Found", 404,
         false},
        {&readyz, "220 mail.example.com ESMTP\r\n", "L7RSP not HTTP/1: it begins otherwise", 0,
         false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_peer server;
        struct answer answer;

        speak(&server, rows[i].answer);
        answer = ask_server(&server, question_of(rows[i].http), 'q');
        ASSERT_TEXT(answer_text(&answer), rows[i].words);
        ASSERT_NUMBER(answer.result.status, rows[i].status);
        ASSERT_NUMBER(answer.result.good, rows[i].good);
        CU_ASSERT_FALSE(answer.result.no_verdict);
        CU_ASSERT_TRUE(answer.has_certificate);
        ASSERT_TEXT(answer.certificate.alpn, "http/1.1");
        ASSERT_TEXT(answer.certificate.version, "TLSv1.3");
        CU_ASSERT_TRUE(0 < answer.result.connected_us &&
                       answer.result.connected_us <= answer.result.shook_us &&
                       answer.result.shook_us <= answer.result.duration_us);
        tls_peer_fini(&server);
    }
}

static void test_request(void)
{
    const struct probe_http http = {
        .method = "GET",
        .path = "/healthz?verbose",
        .host = "fd00::5",
        .expected = expects_200,
    };
    char wanted[128];
    struct tls_peer server;
    struct answer answer;
    struct peer peer;

    speak(&server, "HTTP/1.1 200 OK\r\n\r\n");
    server.request = wanted;
    snprintf(wanted, sizeof(wanted), "GET /healthz?verbose HTTP/1.1\r\nHost: [fd00::5]:");
    peer_start(&peer, tls_peer_answers, &server);
    answer = ask_once(question_of(&http), peer.port);
    ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
    peer_stop(&peer);
    tls_peer_fini(&server);
}

/* What is not asked for is not waited for either. */
static void test_body(void)
{
    static const struct probe_http wanted = {
        .method = "GET", .path = "/x", .expected = expects_200, .keeps_body = true};
    static const struct probe_http unwanted = {
        .method = "GET", .path = "/x", .expected = expects_200};
    static const struct {
        const struct probe_http *http;
        const char *answer;
        size_t size;
    } rows[] = {
        {&wanted, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 5},
        {&wanted, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n\r\n", 2},
        {&wanted, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0},
        {&unwanted, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0},
        {&unwanted, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_peer server;
        struct answer answer;

        speak(&server, rows[i].answer);
        answer = ask_server(&server, question_of(rows[i].http), 'q');
        ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
        ASSERT_NUMBER(answer.result.body_size, rows[i].size);
        tls_peer_fini(&server);
    }
}

static void test_clock(void)
{
    struct tls_peer server;
    struct answer answer;
    char text[128];
    time_t then = time(NULL) + 90;
    size_t size;

    size = strftime(text, sizeof(text),
                    "HTTP/1.1 200 OK\r\nDate: %a, %d %b %Y %H:%M:%S GMT\r\n\r\n", gmtime(&then));
    CU_ASSERT_TRUE_FATAL(size > 0);
    speak(&server, text);
    answer = ask_server(&server, question_of(&readyz), 'q');
    CU_ASSERT_TRUE(answer.result.has_clock);
    CU_ASSERT_TRUE(answer.result.clock_ms > 84000 && answer.result.clock_ms < 91000);
    tls_peer_fini(&server);
}

/* ---- answers that do not come ---- */

static void check_late(struct tls_peer *server, const char *words, uint64_t least_ms)
{
    struct probe_question question = question_of(&readyz);
    struct answer answer;
    uint64_t from_ms = mono_ms();

    question.answer_timeout_ms = 400;
    answer = ask_server(server, question, '\0');
    ASSERT_TEXT(start_of(&answer, words), words);
    CU_ASSERT_FALSE(answer.result.good);
    CU_ASSERT_TRUE(answer.came_ms - from_ms >= least_ms);
    CU_ASSERT_TRUE(answer.result.duration_us - answer.result.shook_us < 450000);
}

static void test_no_answer(void)
{
    struct tls_peer server;

    speak(&server, "");
    check_late(&server, "L7TOUT no answer to GET /readyz in time", 400);
    tls_peer_fini(&server);
}

/* A byte each 50 ms, for ever: what comes in does not put the deadline off. */
static void test_dripping_answer(void)
{
    struct tls_peer server;

    speak(&server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    server.drip_ms = 50;
    check_late(&server, "L7TOUT no answer to GET /readyz in time", 400);
    tls_peer_fini(&server);
}

/* The status of a dripping body is known, and says more than that it was late. */
static void test_dripping_body(void)
{
    struct tls_peer server;

    speak(&server, "HTTP/1.1 500 E\r\n\r\n[-]etcd failed: reason withheld\n");
    server.drip_ms = 11;
    check_late(&server, "L7STS 500: [-]", 400);
    tls_peer_fini(&server);
}

/* An API server without etcd needs its time to say so, and is heard. */
static void test_late_500_is_heard(void)
{
    struct probe_question question = question_of(&readyz);
    struct tls_peer server;
    struct answer answer;

    speak(&server, "HTTP/1.1 500 E\r\nContent-Length: 32\r\n\r\n[-]etcd failed: reason withheld\n");
    server.pause_ms = 300;
    question.connect_timeout_ms = 200; /* is over by then */
    question.answer_timeout_ms = 2000;
    answer = ask_server(&server, question, 'q');
    ASSERT_TEXT(answer_text(&answer), "L7STS 500: [-]etcd failed: reason withheld");
    CU_ASSERT_TRUE(answer.result.duration_us >= 300000);
    tls_peer_fini(&server);
}

static void test_ends_early(void)
{
    static const struct {
        const char *answer;
        bool resets;
        const char *words;
    } rows[] = {
        {"", false, "L7RSP connection closed before the answer"},
        {"HTTP/1.1 200 OK\r\nDa", false, "L7RSP connection closed before the answer"},
        {"", true, "L7RSP connection reset before the answer"},
        {"HTTP/1.1 500 E\r\nContent-Length: 99\r\n\r\nno", false, "L7STS 500: no"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_peer server;
        struct answer answer;

        speak(&server, rows[i].answer);
        server.closes = true;
        server.resets = rows[i].resets;
        answer = ask_server(&server, question_of(&readyz), '\0');
        ASSERT_TEXT(answer_text(&answer), rows[i].words);
        CU_ASSERT_FALSE(answer.result.good);
        tls_peer_fini(&server);
    }
}

static void test_huge_headers(void)
{
    static char text[20000] = "HTTP/1.1 200 OK\r\n";
    struct tls_peer server;
    struct answer answer;

    while (strlen(text) < sizeof(text) - 60)
        strcat(text, "X-Filler: 0123456789012345678901234567890123456789\r\n");
    speak(&server, text);
    answer = ask_server(&server, question_of(&readyz), '\0');
    ASSERT_TEXT(answer_text(&answer), "L7RSP an endless head: more than 16 KiB of headers");
    tls_peer_fini(&server);
}

/* ---- what was agreed upon ---- */

static void test_protocols(void)
{
    static const struct {
        const char *alpn;
        bool insists;
        const char *words;
    } rows[] = {
        {"\x08http/1.1", true, "L7OK 200 OK"},
        {NULL, false, "L7OK 200 OK"}, /* knows no ALPN: HTTP/1.1 it is */
        {"\x02h2", true, "L6RSP TLS alert: no application protocol"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_peer server;
        struct answer answer;

        speak(&server, "HTTP/1.1 200 OK\r\n\r\n");
        server.alpn = rows[i].alpn;
        server.insists = rows[i].insists;
        answer = ask_server(&server, question_of(&readyz), '\0');
        ASSERT_TEXT(answer_text(&answer), rows[i].words);
        tls_peer_fini(&server);
    }
}

/* ---- whose certificate ---- */

#define DAY_S 86400L

struct office {
    struct paper ca;
    struct paper other_ca;
    struct probe_authority *authority;
    struct probe_tls_terms terms;
};

static void office_open(struct office *office)
{
    paper_make_authority(&office->ca, "kubernetes-ca");
    paper_make_authority(&office->other_ca, "kubernetes-ca");
    office->authority = paper_authority(&office->ca);
    office->terms = (struct probe_tls_terms){
        .sni = "localhost",
        .authority = office->authority,
        .verify = true,
    };
}

static void office_close(struct office *office)
{
    probe_authority_free(office->authority);
    paper_fini(&office->ca);
    paper_fini(&office->other_ca);
}

static struct answer ask_shown(struct office *office, const struct paper *leaf, bool verify,
                               char report)
{
    struct probe_question question = question_of(&readyz);
    struct tls_peer server;
    struct answer answer;

    speak(&server, "HTTP/1.1 200 OK\r\n\r\n");
    tls_peer_show(&server, leaf, NULL);
    office->terms.verify = verify;
    question.tls = &office->terms;
    answer = ask_server(&server, question, report);
    tls_peer_fini(&server);
    return answer;
}

static void test_chain_judges(void)
{
    static const struct paper_request ended = {
        .common_name = "ended",
        .names = "DNS:elsewhere",
        .from_s = -20 * DAY_S,
        .until_s = -DAY_S,
    };
    struct office office;
    struct answer answer;
    struct paper leaf;

    office_open(&office);
    paper_make_leaf(&leaf, &office.ca, "kubernetes");
    answer = ask_shown(&office, &leaf, true, 'q');
    ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
    CU_ASSERT_TRUE(answer.certificate.trusted);
    ASSERT_TEXT(answer.certificate.names, "localhost 127.0.0.1");
    paper_fini(&leaf);

    paper_make(&leaf, &office.ca, &ended); /* dates and names warn, and no more */
    answer = ask_shown(&office, &leaf, true, 'q');
    ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
    CU_ASSERT_TRUE(answer.certificate.trusted);
    CU_ASSERT_TRUE(answer.certificate.not_after_s < (int64_t)time(NULL));
    paper_fini(&leaf);

    paper_make_leaf(&leaf, &office.other_ca, "kubernetes");
    answer = ask_shown(&office, &leaf, true, 'x'); /* and is asked nothing */
    ASSERT_TEXT(start_of(&answer, "L6RSP not signed by our CA: "), "L6RSP not signed by our CA: ");
    CU_ASSERT_FALSE(answer.certificate.trusted);
    answer = ask_shown(&office, &leaf, false, 'q');
    ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
    CU_ASSERT_TRUE(answer.certificate.authority_known && !answer.certificate.trusted);
    paper_fini(&leaf);
    office_close(&office);
}

/* With it, without it, and with one of somebody else, to a server that insists on its own. */
static void test_client_certificate(void)
{
    static const struct {
        int version;
        enum tls_peer_wants wants;
        char whose; /* n: none, o: ours, s: somebody else's */
        const char *words;
        bool sent;
    } rows[] = {
        {TLS1_3_VERSION, WANTS_NOTHING, 'o', "L7OK 200 OK", false},
        {TLS1_3_VERSION, WANTS_OPTIONALLY, 'o', "L7OK 200 OK", true},
        {TLS1_3_VERSION, WANTS_OPTIONALLY, 'n', "L7OK 200 OK", false},
        {TLS1_2_VERSION, WANTS_CERTIFICATE, 'o', "L7OK 200 OK", true},
        {TLS1_3_VERSION, WANTS_CERTIFICATE, 'n', "L6RSP wants a client certificate: ", false},
        {TLS1_2_VERSION, WANTS_CERTIFICATE, 'n', "L6RSP wants a client certificate: ", false},
        {TLS1_2_VERSION, WANTS_CERTIFICATE, 's', "L6RSP refuses our client certificate: ", false},
    };
    struct office office;
    struct paper mine;
    struct paper strange;
    struct probe_identity *ours;
    struct probe_identity *theirs;

    office_open(&office);
    paper_make_leaf(&mine, &office.ca, "k0slb");
    paper_make_leaf(&strange, &office.other_ca, "stranger");
    ours = paper_identity(&mine);
    theirs = paper_identity(&strange);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct probe_tls_terms terms = {
            .identity = rows[i].whose == 'o'   ? ours
                        : rows[i].whose == 's' ? theirs
                                               : NULL,
        };
        struct probe_question question = question_of(&readyz);
        struct tls_peer server;
        struct answer answer;

        tls_peer_init(&server, rows[i].version, rows[i].wants);
        tls_peer_show(&server, &mine, &office.ca);
        server.answer = "HTTP/1.1 200 OK\r\n\r\n";
        server.answer_size = strlen(server.answer);
        question.tls = &terms;
        answer = ask_server(&server, question, '\0');
        ASSERT_TEXT(start_of(&answer, rows[i].words), rows[i].words);
        ASSERT_NUMBER(answer.result.identity_sent, rows[i].sent);
        tls_peer_fini(&server);
    }
    probe_identity_free(ours);
    probe_identity_free(theirs);
    paper_fini(&mine);
    paper_fini(&strange);
    office_close(&office);
}

/* ---- the way there ---- */

static void test_refused(void)
{
    struct answer answer = ask_once(question_of(&readyz), unused_port());

    ASSERT_TEXT(answer_text(&answer), "L4CON connection refused");
    CU_ASSERT_TRUE(answer.result.refused);
    CU_ASSERT_FALSE(answer.has_certificate);
    ASSERT_NUMBER(answer.result.connected_us, 0);
}

static void test_bad_request_is_no_verdict(void)
{
    struct probe_http http = readyz;
    struct tls_peer server;
    struct answer answer;

    http.path = "/a path";
    speak(&server, "HTTP/1.1 200 OK\r\n\r\n");
    answer = ask_server(&server, question_of(&http), '\0');
    ASSERT_TEXT(answer_text(&answer), "no verdict: Invalid argument");
    tls_peer_fini(&server);
}

/* Whoever closes first, nothing of it stays with us. */
static void test_leaves_no_time_wait(void)
{
    for (int closes = 0; closes <= 1; closes++) {
        struct tls_peer server;
        struct peer peer;

        speak(&server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        server.closes = closes != 0;
        peer_start(&peer, tls_peer_answers, &server);
        for (int i = 0; i < 5; i++) {
            struct answer answer = ask_once(question_of(&readyz), peer.port);

            ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
            ASSERT_NUMBER(peer_report(&peer), closes != 0 ? 'a' : 'q');
        }
        ASSERT_NUMBER(time_waits(peer.port), 0);
        peer_stop(&peer);
        tls_peer_fini(&server);
    }
}

/* Between handshake and answer the probe says since when it waits. */
static void test_shook(void)
{
    struct asker asker;
    struct answer answer;
    struct tls_peer server;
    struct peer peer;
    uint64_t until_ms = mono_ms() + 3000;

    speak(&server, "HTTP/1.1 200 OK\r\n\r\n");
    server.pause_ms = 300;
    peer_start(&peer, tls_peer_answers, &server);
    asker_open(&asker);
    ask_question(&asker, &answer, question_of(&readyz), peer.port);
    ASSERT_NUMBER(probe_shook_ms(answer.probe), 0);
    while (answer.probe != NULL && probe_shook_ms(answer.probe) == 0 && mono_ms() < until_ms)
        ask_run(&asker, 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer.probe);
    CU_ASSERT_TRUE(probe_shook_ms(answer.probe) >= probe_began_ms(answer.probe));
    CU_ASSERT_TRUE(ask_wait(&asker, 1, 3000));
    ASSERT_TEXT(answer_text(&answer), "L7OK 200 OK");
    asker_close(&asker);
    peer_stop(&peer);
    tls_peer_fini(&server);
}

const struct unit_test probe_http_tests[] = {
    {"answers", test_answers},
    {"request", test_request},
    {"body", test_body},
    {"clock", test_clock},
    {"no_answer", test_no_answer},
    {"dripping_answer", test_dripping_answer},
    {"dripping_body", test_dripping_body},
    {"late_500_is_heard", test_late_500_is_heard},
    {"ends_early", test_ends_early},
    {"huge_headers", test_huge_headers},
    {"protocols", test_protocols},
    {"chain_judges", test_chain_judges},
    {"client_certificate", test_client_certificate},
    {"refused", test_refused},
    {"bad_request_is_no_verdict", test_bad_request_is_no_verdict},
    {"leaves_no_time_wait", test_leaves_no_time_wait},
    {"shook", test_shook},
    {NULL, NULL},
};
