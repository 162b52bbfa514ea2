#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/rng.h"
#include "probe/http_answer.h"

/* The text of an answer that then ends; what comes of it: "200 OK", or the problem. */
struct row {
    const char *text;
    const char *words;
    bool is_head;
    bool is_open; /* the other end does not close: the answer must be complete without */
};

#define OK "HTTP/1.1 200 OK\r\n"

static const struct row rows[] = {
    {OK "Content-Length: 2\r\n\r\nok", "200: ok", false, true},
    {OK "\r\nok", "200: ok", false, false},
    {OK "Content-Length: 0\r\n\r\n", "200 OK", false, true},
    {"HTTP/1.0 200 OK\n\n", "200 OK", false, false},
    {"HTTP/1.1 200\r\n\r\n", "200 OK", false, false},
    {"HTTP/1.1 200 \r\n\r\n", "200 OK", false, false},
    {"HTTP/1.1 299 Whatever It Likes\r\n\r\n", "299", false, false},
    {"HTTP/1.1 405 No\r\nContent-Length: 99\r\n\r\n", "405 Method Not Allowed", true, true},
    {"HTTP/1.1 204 No Content\r\n\r\n", "204 No Content", false, true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length:0\r\n\r\n", "200 OK", false,
     true},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "101", false, false},
    {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 7\r\n\r\ngo away", "401: go away", false, true},
    {"HTTP/1.1 403 F\r\nContent-Length: 18\r\n\r\n{\"kind\":\"Status\"}\n", "403 Forbidden", false,
     true},
    {"HTTP/1.1 502 Bad\r\n\r\n<html>", "502 Bad Gateway", false, false},
    {"HTTP/1.1 500 E\r\n\r\na\x01z", "500 Internal Server Error", false, false},
    {"HTTP/1.1 500 E\r\n\r\n[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\n",
     "500: [-]etcd failed: reason withheld", false, false},
    {"HTTP/1.1 500 E\r\n\r\n[-]etcd failed: reason withheld\n[-]etcd-readiness failed\n[-]x",
     "500: [-]etcd failed: reason withheld, and 2 more", false, false},
    {"HTTP/1.1 500 E\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2a\r\n[+]ping ok\n[-]etcd failed: reason withheld\r\n0\r\n\r\n",
     "500: [-]etcd failed: reason withheld", false, true},
    {"HTTP/1.1 500 E\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
     "500 Internal Server Error", false, true},
    {"HTTP/1.1 500 E\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nwords", "500: words", false,
     false},
    {OK "X-Empty:\r\nX: \t a \r\nContent-Length:\t0  \r\n\r\n", "200 OK", false, true},

    {"", "connection closed before the answer", false, false},
    {"HTTP/1.1 200 OK\r\nDate: x\r\n", "connection closed before the answer", false, false},
    {"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP/1: it begins otherwise", false, true},
    {"S", "not HTTP/1: it begins otherwise", false, true},
    {"HTTP/2 200\r\n\r\n", "not HTTP/1: it begins otherwise", false, true},
    {"HTTP/\r\n", "not HTTP/1: it begins otherwise", false, true},
    {" HTTP/1.1 200 OK\r\n", "not HTTP/1: it begins otherwise", false, true},
    {"\r\nHTTP/1.1 200 OK\r\n", "not HTTP/1: it begins otherwise", false, true},
    {"HTTP/1.2 200 OK\r\n\r\n", "not HTTP/1: a status line that is none", false, true},
    {"HTTP/1.1  200 OK\r\n", "not HTTP/1: a status line that is none", false, true},
    {"HTTP/1.1 20 OK\r\n", "not HTTP/1: a status line that is none", false, true},
    {"HTTP/1.1 2000 OK\r\n", "not HTTP/1: a status line that is none", false, true},
    {"HTTP/1.1 +20 OK\r\n", "not HTTP/1: a status that is no number", false, true},
    {"HTTP/1.1 099 OK\r\n", "not HTTP/1: a status beyond 100 to 599", false, true},
    {"HTTP/1.1 600 OK\r\n", "not HTTP/1: a status beyond 100 to 599", false, true},
    {"HTTP/1.1\r\n", "not HTTP/1: a status line that is none", false, true},
    {OK "no header\r\n", "not HTTP/1: a header without a name", false, true},
    {OK ": no name\r\n", "not HTTP/1: a header without a name", false, true},
    {OK "a b: c\r\n", "not HTTP/1: a header without a name", false, true},
    {OK " folded: c\r\n", "not HTTP/1: a header without a name", false, true},
    {OK "a: b\rc\r\n", "not HTTP/1: a carriage return within a line", false, true},
    {OK "a: \x01\r\n", "not HTTP/1: a control character", false, true},
    {OK "Content-Length: -1\r\n", "not HTTP/1: a Content-Length that is no number", false, true},
    {OK "Content-Length: 1,1\r\n", "not HTTP/1: a Content-Length that is no number", false, true},
};

static const char *words_of(const struct http_answer *answer)
{
    static char words[96];

    if (answer->state == HTTP_INVALID)
        return answer->problem;
    if (answer->state != HTTP_COMPLETE)
        return "(goes on)";
    http_answer_describe(answer, words, sizeof(words));
    return words;
}

/* All at once, in halves, and byte by byte: the same comes of it. */
static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t size = strlen(rows[i].text);
        const size_t steps[] = {size, size / 2 + 1, 1};

        for (size_t way = 0; way < ARRAY_LEN(steps); way++) {
            struct http_answer answer;

            http_answer_init(&answer, rows[i].is_head);
            for (size_t at = 0; at < size; at += steps[way]) {
                size_t rest = size - at;

                http_answer_take(&answer, rows[i].text + at, rest < steps[way] ? rest : steps[way]);
            }
            if (!rows[i].is_open)
                http_answer_close(&answer);
            ASSERT_TEXT(words_of(&answer), rows[i].words);
        }
    }
}

static void test_date(void)
{
    static const char text[] = OK "date:  Sun, 06 Nov 1994 08:49:37 GMT \r\n\r\n";
    struct http_answer answer;

    http_answer_init(&answer, false);
    ASSERT_NUMBER(http_answer_take(&answer, text, sizeof(text) - 1), HTTP_BODY);
    CU_ASSERT_TRUE(answer.has_date);
    ASSERT_NUMBER(answer.date_s, 784111777);
}

static void test_bounds(void)
{
    static const char line[] = "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
    static char data[3 * HTTP_ANSWER_MOST_BODY];
    struct http_answer answer;
    unsigned lines = 0;

    http_answer_init(&answer, false);
    http_answer_take(&answer, OK, strlen(OK));
    while (answer.state == HTTP_HEADERS && lines < 1000) {
        http_answer_take(&answer, line, strlen(line));
        lines++;
    }
    ASSERT_TEXT(words_of(&answer), "an endless head: more than 16 KiB of headers");
    CU_ASSERT_TRUE(lines * strlen(line) <= HTTP_ANSWER_MOST_HEAD + strlen(line));

    memset(data, 'x', sizeof(data));
    http_answer_init(&answer, false);
    http_answer_take(&answer, OK "Set-Cookie: ", strlen(OK "Set-Cookie: "));
    http_answer_take(&answer, data, 8000); /* one line, longer than what is looked at */
    ASSERT_NUMBER(http_answer_take(&answer, "\r\n\r\n", 4), HTTP_BODY);
    ASSERT_NUMBER(http_answer_take(&answer, data, sizeof(data)), HTTP_COMPLETE);
    ASSERT_NUMBER(answer.body_size, HTTP_ANSWER_MOST_BODY);
}

/* Chunks are put together, and what is not whole is none. */
static void test_join(void)
{
    static const char chunked[] = OK "Transfer-Encoding: chunked\r\n\r\n";
    static const char sized[] = OK "Content-Length: 5\r\n\r\n";
    static const struct {
        const char *head;
        const char *body;
        const char *joined; /* NULL: it cannot be */
    } bodies[] = {
        {chunked, "5\r\nhello\r\n0\r\n\r\n", "hello"},
        {chunked, "2\r\nhe\r\n3;x=y\r\nllo\r\n00\r\n\r\n", "hello"},
        {chunked, "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
        {chunked, "0\r\n\r\n", ""},
        {chunked, "5\r\nhello\r\n", NULL},
        {chunked, "5\r\nhel", NULL},
        {chunked, "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", NULL},
        {chunked, "x\r\nhello\r\n0\r\n\r\n", NULL},
        {chunked, "hello", NULL},
        {sized, "hello", "hello"},
        {sized, "hell", NULL},
        {OK "\r\n", "hello", "hello"},
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct http_answer answer;
        bool is_whole;

        http_answer_init(&answer, false);
        http_answer_take(&answer, bodies[i].head, strlen(bodies[i].head));
        http_answer_take(&answer, bodies[i].body, strlen(bodies[i].body));
        http_answer_close(&answer);
        is_whole = http_answer_join(&answer);
        CU_ASSERT_EQUAL(is_whole, bodies[i].joined != NULL);
        if (bodies[i].joined == NULL || !is_whole)
            continue;
        ASSERT_NUMBER(answer.body_size, strlen(bodies[i].joined));
        CU_ASSERT_EQUAL(memcmp(answer.body, bodies[i].joined, answer.body_size), 0);
    }
}

/* Which answers another one may follow, however they come. */
static void test_whole(void)
{
    static const struct {
        const char *text;
        bool is_whole;
        bool is_head;
    } ends[] = {
        {OK "Content-Length: 2\r\n\r\nok", true, false},
        {OK "Content-Length: 2\r\n\r\nok\n", false, false},
        {OK "Content-Length: 3\r\n\r\nok", false, false},
        {OK "Content-Length: 2\r\nConnection: x, Close\r\n\r\nok", false, false},
        {OK "Content-Length: 2\r\nConnection: keep-alive, closed\r\n\r\nok", true, false},
        {OK "Content-Length: 1\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\nok", false, false},
        {OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, false},
        {OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", false, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\n\r\n", true, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n2x\r\nok\r\n0\r\n\r\n", false, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n", false, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n", false, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP", false, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false, false},
        {"HTTP/1.1 204 No\r\n\r\n", true, false},
        {"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", true, false},
        {"HTTP/1.1 204 No\r\n\r\nx", false, false},
        {OK "Content-Length: 9\r\n\r\n", true, true},
        {OK "\r\nok", false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        const size_t size = strlen(ends[i].text);

        for (size_t step = 1; step <= size; step += size - 1) {
            struct http_answer answer;

            http_answer_init(&answer, ends[i].is_head);
            for (size_t at = 0; at < size; at += step)
                http_answer_take(&answer, ends[i].text + at, step);
            if (http_answer_is_whole(&answer) != ends[i].is_whole)
                ASSERT_TEXT(ends[i].text, "the other way round");
            http_answer_close(&answer);
            CU_ASSERT_FALSE(http_answer_is_whole(&answer) && !ends[i].is_whole);
        }
    }
}

static void mutate(struct rng *rng, char *text, size_t *size)
{
    for (unsigned changes = 1 + (unsigned)rng_below(rng, 4); changes > 0; changes--) {
        size_t at = rng_below(rng, (uint32_t)*size);

        switch (rng_below(rng, 3)) {
        case 0:
            text[at] = (char)rng_below(rng, 256);
            break;
        case 1:
            *size = at + 1;
            break;
        default:
            memmove(text + at, text + at / 2, *size - at);
        }
    }
}

/* However an answer is damaged and cut, it is taken within its bounds, and always the same way. */
static void test_mutants(void)
{
    struct rng rng;

    rng_seed(&rng, 7);
    for (unsigned i = 0; i < 20000; i++) {
        const char *from = rows[i % ARRAY_LEN(rows)].text;
        char text[512];
        size_t size = strlen(from);
        struct http_answer whole;
        struct http_answer bytes;

        if (size == 0 || size > sizeof(text))
            continue;
        memcpy(text, from, size);
        mutate(&rng, text, &size);
        http_answer_init(&whole, false);
        http_answer_init(&bytes, false);
        http_answer_take(&whole, text, size);
        for (size_t at = 0; at < size; at++)
            http_answer_take(&bytes, text + at, 1);
        ASSERT_NUMBER(whole.state, bytes.state);
        ASSERT_NUMBER(whole.status, bytes.status);
        http_answer_close(&whole);
        http_answer_close(&bytes);
        CU_ASSERT_TRUE(whole.state == HTTP_COMPLETE || whole.state == HTTP_INVALID);
        CU_ASSERT_TRUE(whole.state == HTTP_INVALID || (whole.status >= 101 && whole.status <= 599));
        CU_ASSERT_TRUE(strlen(words_of(&whole)) < 96);
    }
}

const struct unit_test http_answer_tests[] = {
    {"rows", test_rows}, {"date", test_date},   {"bounds", test_bounds},
    {"join", test_join}, {"whole", test_whole}, {"mutants", test_mutants},
    {NULL, NULL},
};
