#include "probe/probe_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"

#include "probe/http_answer.h"
#include "probe/http_date.h"
#include "probe/http_request.h"
#include "probe/tls.h"

struct exchange {
    size_t sent;
    size_t request_size;
    char request[HTTP_REQUEST_SIZE];
    struct http_answer answer;
};

/* Whether another question may follow over its connection; for the first one that is open. */
static bool is_last(const struct probe *probe)
{
    const struct probe_question *question = &probe->question;
    const struct tls_talk *talk = probe->talk;

    return question->kept_timeout_ms == 0 || question->session == NULL ||
           !session_may_keep(question->session, talk->era) ||
           (probe->most_asked != 0 && probe->asked >= probe->most_asked);
}

static struct exchange *exchange_of(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;
    const struct probe_http *http = probe->question.http;
    struct exchange *exchange = talk->question;
    int size;

    if (exchange != NULL)
        return exchange;
    exchange = talk->question = malloc(sizeof(*exchange));
    if (exchange == NULL)
        return NULL;
    size = http_request_write(exchange->request, http, &probe->question.address, is_last(probe));
    if (size == -1)
        return NULL;
    probe->result.identity_sent = talk->identity_sent;
    exchange->sent = 0;
    exchange->request_size = (size_t)size;
    http_answer_init(&exchange->answer, strcmp(http->method, "HEAD") == 0);
    if (http->keeps_body)
        exchange->answer.body_room = HTTP_ANSWER_MOST_KEPT;
    return exchange;
}

/* ---- the verdict ---- */

static bool is_expected(const struct probe_http *http, uint16_t status)
{
    return status <= CONF_STATUS_MOST && (http->expected[status / 64] >> (status % 64) & 1) != 0;
}

static void note_clock(struct probe *probe, const struct http_answer *answer)
{
    if (!answer->has_date || probe->result.has_clock)
        return;
    probe->result.has_clock = true;
    probe->result.clock_ms = http_date_ahead_ms(answer->date_s, wall_ms());
}

/* A copy, for the answer itself is gone before the result is told. */
static void keep_body(struct probe *probe, struct http_answer *answer)
{
    if (!probe->question.http->keeps_body || answer->body_size == answer->body_room ||
        !http_answer_join(answer) || answer->body_size == 0)
        return;
    probe->body = malloc(answer->body_size);
    if (probe->body == NULL)
        return;
    memcpy(probe->body, answer->body, answer->body_size);
    probe->result.body_size = answer->body_size;
}

static void decide(struct probe *probe, struct http_answer *answer)
{
    char words[BOARD_DESCRIPTION_SIZE];

    if (answer->state == HTTP_INVALID) {
        probe_decide_bad(probe, CHECKED_L7RSP, "%s", answer->problem);
        return;
    }
    probe->result.status = answer->status;
    if (!is_expected(probe->question.http, answer->status)) {
        http_answer_describe(answer, words, sizeof(words));
        probe_decide_bad(probe, CHECKED_L7STS, "%s", words);
        return;
    }
    keep_body(probe, answer);
    if (answer->status == 401) {
        probe_decide_good(probe, CHECKED_L7OK, "401, alive; readiness not verified");
    } else {
        http_status_describe(answer->status, words, sizeof(words));
        probe_decide_good(probe, CHECKED_L7OK, "%s", words);
    }
}

/* A body is waited for to learn what went wrong, or when it is wanted. */
static bool is_enough(const struct probe *probe, const struct http_answer *answer)
{
    if (answer->state == HTTP_BODY)
        return is_expected(probe->question.http, answer->status) &&
               !probe->question.http->keeps_body;
    return answer->state == HTTP_COMPLETE || answer->state == HTTP_INVALID;
}

static void late(struct probe *probe)
{
    const struct tls_talk *talk = probe->talk;
    struct exchange *exchange = talk->question;

    if (exchange != NULL && exchange->answer.state == HTTP_BODY)
        decide(probe, &exchange->answer);
    else
        probe_decide_bad(probe, CHECKED_L7TOUT, "no answer to %s %s in time",
                         probe->question.http->method, probe->question.http->path);
}

/* ---- on the way ---- */

/* The other end says no more. Once the head is complete that is an end like any other. */
static void end_reading(struct probe *probe, struct http_answer *answer, enum tls_outcome outcome)
{
    if (outcome == TLS_CLOSED || answer->state == HTTP_BODY) {
        http_answer_close(answer);
        decide(probe, answer);
    } else {
        tls_decide_broken(probe);
    }
}

static unsigned read_answer(struct probe *probe, struct http_answer *answer)
{
    char data[1024];

    while (!is_enough(probe, answer)) {
        struct tls_move move = tls_read(probe->talk, data, sizeof(data));

        if (move.outcome == TLS_WAITS)
            return move.events;
        if (move.outcome != TLS_MOVED) {
            end_reading(probe, answer, move.outcome);
            return 0;
        }
        http_answer_take(answer, data, move.size);
        if (answer->state == HTTP_BODY || answer->state == HTTP_COMPLETE)
            note_clock(probe, answer);
    }
    decide(probe, answer);
    return 0;
}

/* True when all of it is sent; else what is waited for in *events, or it is decided. */
static bool send_request(struct probe *probe, struct exchange *exchange, unsigned *events)
{
    while (exchange->sent < exchange->request_size) {
        struct tls_move move = tls_write(probe->talk, exchange->request + exchange->sent,
                                         exchange->request_size - exchange->sent);

        *events = move.events;
        if (move.outcome == TLS_WAITS)
            return false;
        if (move.outcome != TLS_MOVED) {
            tls_decide_broken(probe);
            return false;
        }
        exchange->sent += move.size;
    }
    return true;
}

/* An answer cannot be there at once, unless it came before the question. */
static unsigned answer(struct probe *probe)
{
    struct exchange *exchange = exchange_of(probe);
    unsigned events = 0;

    if (exchange == NULL) {
        probe_decide_nothing(probe, errno);
        return 0;
    }
    if (exchange->sent == exchange->request_size)
        return read_answer(probe, &exchange->answer);
    if (!send_request(probe, exchange, &events))
        return events;
    return tls_has_more(probe->talk) ? read_answer(probe, &exchange->answer) : LOOP_READ;
}

/* ---- one after the other ---- */

/* The rest of a body that has an end, where its connection may be kept. */
static unsigned linger(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;
    struct exchange *exchange = talk->question;
    char data[1024];

    while (!is_last(probe) && http_answer_will_end(&exchange->answer)) {
        struct tls_move move = tls_read(talk, data, sizeof(data));

        if (move.outcome == TLS_WAITS)
            return move.events;
        if (move.outcome != TLS_MOVED)
            return 0;
        http_answer_take(&exchange->answer, data, move.size);
    }
    return 0;
}

/* Whatever has come beside the answer speaks against it. */
static bool keep(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;
    struct exchange *exchange = talk->question;
    struct probe_session *session = probe->question.session;

    if (!http_answer_is_whole(&exchange->answer) || !session_may_keep(session, talk->era) ||
        (tls_has_more(talk) && !tls_is_quiet(probe)))
        return false;
    free(exchange);
    talk->question = NULL;
    session_keep_connection(session, probe, talk->full_ms);
    return true;
}

const struct probe_ops probe_http_ops = {
    .alpn = "\x08http/1.1",
    .open = tls_open,
    .shake = tls_shake,
    .answer = answer,
    .late = late,
    .linger = linger,
    .keep = keep,
    .is_quiet = tls_is_quiet,
    .fits = tls_fits,
    .leave = tls_leave,
    .release = tls_release,
};
