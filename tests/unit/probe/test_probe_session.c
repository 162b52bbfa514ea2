#include "unit/unit.h"

#include <string.h>

#include "base/mono.h"
#include "probe/probe_session.h"

#include "ask.h"
#include "pem.h"
#include "peer.h"
#include "tls_peer.h"

static const uint64_t expects_200[PROBE_STATUS_WORDS] = {[200 / 64] = STATUS_BIT(200)};

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
};

static void visit_open(struct visit *visit, enum probe_kind kind, int version)
{
    tls_peer_init(&visit->server, version, WANTS_OPTIONALLY);
    visit->server.answer = "HTTP/1.1 200 OK\r\n\r\n";
    visit->server.answer_size = strlen(visit->server.answer);
    visit->question = (struct probe_question){
        .kind = kind,
        .http = &readyz,
        .connect_timeout_ms = 3000,
        .answer_timeout_ms = 3000,
        .session = probe_session_new(),
    };
    CU_ASSERT_PTR_NOT_NULL_FATAL(visit->question.session);
    asker_open(&visit->asker);
}

static void visit_start(struct visit *visit)
{
    peer_start(&visit->peer, visit->question.kind == PROBE_TLS ? tls_peer_serves : tls_peer_answers,
               &visit->server);
}

static void visit_close(struct visit *visit)
{
    asker_close(&visit->asker);
    peer_stop(&visit->peer);
    probe_session_free(visit->question.session);
    tls_peer_fini(&visit->server);
}

/* Asks, and goes on until the server has seen the end of it. */
static struct answer ask_now(struct visit *visit, char report)
{
    struct answer answer;

    ask_question(&visit->asker, &answer, visit->question, visit->peer.port);
    CU_ASSERT_TRUE(ask_wait(&visit->asker, visit->asker.answered + 1, 5000));
    ask_run(&visit->asker, 20); /* the ticket, and goodbye */
    ASSERT_NUMBER(peer_report(&visit->peer), report);
    return answer;
}

/* Full, then taken up again as often as asked; a server of TLS 1.3 gives its ticket afterwards. */
static void test_resumes(void)
{
    static const struct {
        enum probe_kind kind;
        int version;
    } rows[] = {
        {PROBE_TLS, TLS1_2_VERSION},
        {PROBE_TLS, TLS1_3_VERSION},
        {PROBE_HTTPS, TLS1_2_VERSION},
        {PROBE_HTTPS, TLS1_3_VERSION},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct visit visit;
        struct answer answer;
        uint64_t full_ms;

        visit_open(&visit, rows[i].kind, rows[i].version);
        visit_start(&visit);
        ASSERT_NUMBER(probe_session_full_ms(visit.question.session), 0);
        answer = ask_now(&visit, 'q');
        CU_ASSERT_TRUE(answer.result.good && !answer.result.resumed && answer.has_certificate);
        full_ms = probe_session_full_ms(visit.question.session);
        CU_ASSERT_TRUE(full_ms != 0 && full_ms <= mono_ms());
        for (int again = 0; again < 3; again++) {
            answer = ask_now(&visit, 'r');
            CU_ASSERT_TRUE(answer.result.good && answer.result.resumed);
            CU_ASSERT_FALSE(answer.has_certificate);
            ASSERT_NUMBER(probe_session_full_ms(visit.question.session), full_ms);
        }
        probe_session_forget(visit.question.session);
        answer = ask_now(&visit, 'q');
        CU_ASSERT_TRUE(answer.result.good && !answer.result.resumed && answer.has_certificate);
        visit_close(&visit);
    }
}

/* A server that has started anew knows no old session: the handshake is full, and good. */
static void test_server_declines(void)
{
    struct visit visit;
    struct answer answer;
    struct tls_peer anew;

    visit_open(&visit, PROBE_TLS, TLS1_3_VERSION);
    visit_start(&visit);
    answer = ask_now(&visit, 'q');
    peer_stop(&visit.peer);
    tls_peer_init(&anew, TLS1_3_VERSION, WANTS_NOTHING);
    tls_peer_fini(&visit.server);
    visit.server = anew;
    visit_start(&visit);
    answer = ask_now(&visit, 'q');
    CU_ASSERT_TRUE(answer.result.good && !answer.result.resumed && answer.has_certificate);
    answer = ask_now(&visit, 'r');
    CU_ASSERT_TRUE(answer.result.good && answer.result.resumed);
    visit_close(&visit);
}

/* One that gives no tickets is asked with full handshakes, and waited for no longer than a while.
 */
static void test_server_without_tickets(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, PROBE_TLS, TLS1_3_VERSION);
    SSL_CTX_set_num_tickets(visit.server.tls, 0);
    visit_start(&visit);
    for (int i = 0; i < 2; i++) {
        ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
        CU_ASSERT_TRUE(ask_wait(&visit.asker, visit.asker.answered + 1, 5000));
        CU_ASSERT_TRUE(answer.result.good && !answer.result.resumed);
        ask_run(&visit.asker, 300);
        ASSERT_NUMBER(peer_report(&visit.peer), 'q');
    }
    ASSERT_NUMBER(probe_session_full_ms(visit.question.session), 0);
    visit_close(&visit);
}

static void test_failure_empties(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, PROBE_HTTPS, TLS1_3_VERSION);
    visit.server.answer = "HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n";
    visit.server.answer_size = strlen(visit.server.answer);
    visit_start(&visit);
    for (int i = 0; i < 2; i++) {
        answer = ask_now(&visit, 'q');
        ASSERT_NUMBER(answer.result.code, CHECKED_L7STS);
        ASSERT_NUMBER(probe_session_full_ms(visit.question.session), 0);
    }
    visit_close(&visit);
}

/* Somebody else's certificate, or an authority to hold it against: not with the old session. */
static void test_other_terms(void)
{
    struct paper ca;
    struct paper mine;
    struct probe_authority *authority;
    struct probe_identity *identity;
    struct visit visit;
    struct answer answer;

    paper_make_authority(&ca, "ca");
    paper_make_leaf(&mine, &ca, "k0slb");
    authority = paper_authority(&ca);
    identity = paper_identity(&mine);
    visit_open(&visit, PROBE_HTTPS, TLS1_3_VERSION);
    tls_peer_show(&visit.server, &mine, &ca);
    visit_start(&visit);
    answer = ask_now(&visit, 'q');
    visit.question.tls = &(const struct probe_tls_terms){.identity = identity};
    answer = ask_now(&visit, 'q');
    CU_ASSERT_TRUE(answer.result.identity_sent);
    answer = ask_now(&visit, 'r');
    CU_ASSERT_TRUE(answer.result.identity_sent); /* the session still says who we are */
    visit.question.tls = &(const struct probe_tls_terms){
        .identity = identity,
        .authority = authority,
        .verify = true,
    };
    answer = ask_now(&visit, 'q');
    CU_ASSERT_TRUE(answer.has_certificate && answer.certificate.trusted);
    answer = ask_now(&visit, 'r');
    CU_ASSERT_TRUE(answer.result.good);
    visit_close(&visit);
    probe_identity_free(identity);
    probe_authority_free(authority);
    paper_fini(&mine);
    paper_fini(&ca);
}

/* The holder may go while its probe is still on the way, or about to leave. */
static void test_holder_goes_first(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, PROBE_TLS, TLS1_3_VERSION);
    visit_start(&visit);
    ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
    probe_session_free(visit.question.session);
    visit.question.session = NULL;
    CU_ASSERT_TRUE(ask_wait(&visit.asker, 1, 5000));
    CU_ASSERT_TRUE(answer.result.good);
    ask_run(&visit.asker, 20);
    ASSERT_NUMBER(peer_report(&visit.peer), 'q');
    visit_close(&visit);
}

/* What began before it was emptied may not fill it again. */
static void test_forgotten_on_the_way(void)
{
    struct visit visit;
    struct answer answer;

    visit_open(&visit, PROBE_HTTPS, TLS1_3_VERSION);
    visit.server.pause_ms = 100;
    visit_start(&visit);
    ask_question(&visit.asker, &answer, visit.question, visit.peer.port);
    while (answer.probe != NULL && probe_shook_ms(answer.probe) == 0)
        ask_run(&visit.asker, 5);
    probe_session_forget(visit.question.session);
    CU_ASSERT_TRUE(ask_wait(&visit.asker, 1, 5000));
    CU_ASSERT_TRUE(answer.result.good);
    visit_close(&visit);
}

const struct unit_test probe_session_tests[] = {
    {"resumes", test_resumes},
    {"server_declines", test_server_declines},
    {"server_without_tickets", test_server_without_tickets},
    {"failure_empties", test_failure_empties},
    {"other_terms", test_other_terms},
    {"holder_goes_first", test_holder_goes_first},
    {"forgotten_on_the_way", test_forgotten_on_the_way},
    {NULL, NULL},
};
