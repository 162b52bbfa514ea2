#include "stats/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/rng.h"
#include "unit/unit.h"

extern const struct unit_test http_tests[];

#define HOST "Host: lb:9000\r\n"
#define END  "\r\n"

static const struct {
    const char *text;
    enum http_verdict verdict;
    const char *path;
} cases[] = {
    /* good ones */
    {"GET / HTTP/1.1\r\n" HOST END, HTTP_GET, "/"},
    {"HEAD / HTTP/1.1\r\n" HOST END, HTTP_HEAD, "/"},
    {"GET / HTTP/1.0\r\n" END, HTTP_GET, "/"},
    {"GET / HTTP/1.1\nHost: a\n\n", HTTP_GET, "/"},
    {"\r\n\nGET / HTTP/1.1\r\n" HOST END, HTTP_GET, "/"},
    {"GET /stats.json?a=b&c HTTP/1.1\r\n" HOST END, HTTP_GET, "/stats.json"},
    {"GET /;json HTTP/1.1\r\n" HOST END, HTTP_GET, "/;json"},
    {"GET /%72eadyz/a%2Fb%20c HTTP/1.1\r\n" HOST END, HTTP_GET, "/readyz/a/b c"},
    {"GET /%c3%a9 HTTP/1.1\r\n" HOST END, HTTP_GET, "/\xc3\xa9"},
    {"GET http://lb:9000/healthz?x HTTP/1.1\r\n" HOST END, HTTP_GET, "/healthz"},
    {"GET HTTP://lb HTTP/1.1\r\n" HOST END, HTTP_GET, "/"},
    {"GET http://lb?x HTTP/1.1\r\n" HOST END, HTTP_GET, "/"},
    {"GET http://[::1]:9000/a HTTP/1.1\r\n" HOST END, HTTP_GET, "/a"},
    {"GET / HTTP/1.9\r\n" HOST END, HTTP_GET, "/"},
    {"GET / HTTP/1.1\r\nHOST:\r\n" END, HTTP_GET, "/"},
    {"GET / HTTP/1.1\r\nhost:\tlb \r\nAccept: */*\r\nX:\r\nY: \t\xff\r\n" END, HTTP_GET, "/"},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END "ab\0cd", HTTP_GET, "/"},
    {"GET / HTTP/1.1\r\n" HOST END "GET /two HTTP/1.1\r\n", HTTP_GET, "/"},
    /* other methods */
    {"POST / HTTP/1.1\r\n" HOST END, HTTP_METHOD, NULL},
    {"get / HTTP/1.1\r\n" HOST END, HTTP_METHOD, NULL},
    {"OPTIONS * HTTP/1.1\r\n" HOST END, HTTP_METHOD, NULL},
    {"CONNECT lb:443 HTTP/1.1\r\n" HOST END, HTTP_METHOD, NULL},
    /* other versions */
    {"GET / HTTP/2.0\r\n" HOST END, HTTP_VERSION, NULL},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP_VERSION, NULL},
    {"GET / HTTP/0.9\r\n" HOST END, HTTP_VERSION, NULL},
    /* bad request lines */
    {"GET /\r\n" END, HTTP_BAD, NULL},
    {"GET\r\n" END, HTTP_BAD, NULL},
    {" GET / HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET  / HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1 \r\n" HOST END, HTTP_BAD, NULL},
    {"GET\t/ HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /\ta HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"G@T / HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET / HTTP/1.11\r\n" HOST END, HTTP_BAD, NULL},
    {"GET / HTTP/1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET / http/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET / HTTP/1.x\r\n" HOST END, HTTP_BAD, NULL},
    {"GET / SIP/2.0\r\n" HOST END, HTTP_BAD, NULL},
    {"GET a HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET * HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET https://lb/ HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET http:///a HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET http://me@lb/a HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /a#b HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /%4 HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /% HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /%zz HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /%00 HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /%0a HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    {"GET /%7f HTTP/1.1\r\n" HOST END, HTTP_BAD, NULL},
    /* bad header lines */
    {"GET / HTTP/1.1\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n" HOST HOST END, HTTP_BAD, NULL},
    {"GET / HTTP/1.0\r\n" HOST HOST END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\nHost: a b\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n Host: a\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\nHost : a\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n" HOST ": a\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n" HOST "nothing\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n" HOST "X: a\r\r\n" END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\r\n" HOST END, HTTP_BAD, NULL},
    {"GET / HTTP/1.1\r\n" HOST "X: \001\r\n", HTTP_BAD, NULL},
    {"\026\003\001", HTTP_BAD, NULL}, /* a TLS ClientHello is told at once */
    /* not yet */
    {"", HTTP_INCOMPLETE, NULL},
    {"\r\n\r\n", HTTP_INCOMPLETE, NULL},
    {"GET / HTTP/1.1\r\n" HOST, HTTP_INCOMPLETE, NULL},
    {"GET / HTTP/1.1\r\n" HOST "\r", HTTP_INCOMPLETE, NULL},
};

static struct http_request *request_new(void)
{
    struct http_request *request = calloc(1, sizeof(*request));

    CU_ASSERT_FATAL(request != NULL);
    return request;
}

static void expect(const struct http_request *request, size_t i)
{
    ASSERT_NUMBER(request->verdict, cases[i].verdict);
    if (request->verdict != cases[i].verdict)
        ASSERT_TEXT(cases[i].text, "");
    if (cases[i].path != NULL)
        ASSERT_TEXT(request->path, cases[i].path);
}

static void requests_are_judged(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request *request = request_new();

        http_feed(request, cases[i].text, strlen(cases[i].text));
        expect(request, i);
        free(request);
    }
}

static void pieces_make_no_difference(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t size = strlen(cases[i].text);

        for (size_t cut = 0; cut <= size; cut++) {
            struct http_request *request = request_new();

            http_feed(request, cases[i].text, cut);
            http_feed(request, cases[i].text + cut, size - cut);
            expect(request, i);
            free(request);
        }
    }
}

static void bytes_one_by_one_make_no_difference(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request *request = request_new();

        for (const char *c = cases[i].text; *c != '\0'; c++)
            http_feed(request, c, 1);
        expect(request, i);
        free(request);
    }
}

static void nul_is_refused(void)
{
    static const char text[] = "GET /\0 HTTP/1.1\r\n" HOST END;
    struct http_request *request = request_new();

    ASSERT_NUMBER(http_feed(request, text, sizeof(text) - 1), HTTP_BAD);
    free(request);
}

/* A request whose head has exactly `size` bytes. */
static enum http_verdict verdict_of_size(size_t size)
{
    static const char start[] = "GET / HTTP/1.0\r\nX: ";
    static const char end[] = "\r\n\r\n";
    struct http_request *request = request_new();
    char *text = malloc(size);
    enum http_verdict verdict;

    CU_ASSERT_FATAL(text != NULL);
    memset(text, 'x', size);
    memcpy(text, start, sizeof(start) - 1);
    memcpy(text + size - (sizeof(end) - 1), end, sizeof(end) - 1);
    verdict = http_feed(request, text, size);
    free(text);
    free(request);
    return verdict;
}

static void the_head_is_bounded(void)
{
    struct http_request *request = request_new();

    ASSERT_NUMBER(verdict_of_size(HTTP_HEAD_SIZE - 1), HTTP_GET);
    ASSERT_NUMBER(verdict_of_size(HTTP_HEAD_SIZE), HTTP_GET);
    ASSERT_NUMBER(verdict_of_size(HTTP_HEAD_SIZE + 1), HTTP_TOO_LARGE);
    ASSERT_NUMBER(verdict_of_size(100000), HTTP_TOO_LARGE);
    for (int i = 0; i < HTTP_HEAD_SIZE / 2 - 1; i++)
        ASSERT_NUMBER(http_feed(request, "\r\n", 2), HTTP_INCOMPLETE);
    ASSERT_NUMBER(http_feed(request, "\r\n", 2), HTTP_TOO_LARGE);
    ASSERT_NUMBER(http_feed(request, "\r\n", 2), HTTP_TOO_LARGE);
    free(request);
}

/* Random bytes, and random changes to good requests, in random pieces: for the sanitizers. */
static void anything_is_survived(void)
{
    struct rng rng;

    rng_seed(&rng, 42);
    for (int round = 0; round < 3000; round++) {
        const char *text = cases[rng_below(&rng, ARRAY_LEN(cases))].text;
        struct http_request *request = request_new();
        char copy[256] = "";
        size_t size = strlen(text);

        if (round % 3 == 0)
            size = rng_below(&rng, sizeof(copy));
        for (size_t i = 0; i < size; i++) {
            bool change = round % 3 == 0 || rng_below(&rng, 20) == 0;

            copy[i] = change ? (char)rng_below(&rng, 256) : text[i];
        }
        for (size_t at = 0; at < size;) {
            size_t piece = 1 + rng_below(&rng, (uint32_t)(size - at));

            http_feed(request, copy + at, piece);
            at += piece;
        }
        if (request->verdict == HTTP_GET || request->verdict == HTTP_HEAD)
            CU_ASSERT(request->path[0] == '/' || request->path[0] != '\0');
        free(request);
    }
}

static void queries_are_kept(void)
{
    static const struct {
        const char *target;
        const char *path;
        const char *query;
    } targets[] = {
        {"/", "/", ""},
        {"/?", "/", ""},
        {"/?color", "/", "color"},
        {"/stats?a=b&c", "/stats", "a=b&c"},
        {"/?a?b", "/", "a?b"},
        {"/%61?%61%zz%", "/a", "%61%zz%"}, /* not decoded, and so never wrong */
        {"/%61", "/a", ""},
        {"http://lb?color", "/", "color"},
        {"http://lb/;csv?x", "/;csv", "x"},
    };
    char text[200];

    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct http_request *request = request_new();

        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST END, targets[i].target);
        ASSERT_NUMBER(http_feed(request, text, strlen(text)), HTTP_GET);
        ASSERT_TEXT(request->path, targets[i].path);
        ASSERT_TEXT(request->query, targets[i].query);
        free(request);
    }
}

static void yes_is_said_in_three_ways(void)
{
    static const struct {
        const char *query;
        bool is_yes;
    } queries[] = {
        {"", false},
        {"color", true},
        {"color=1", true},
        {"color=yes", true},
        {"color=no", false},
        {"color=0", false},
        {"color=", false},
        {"color=10", false},
        {"color=yesyes", false},
        {"color=1=1", false},
        {"colors", false},
        {"colo", false},
        {"Color", false},
        {"xcolor", false},
        {"a=color", false},
        {"a&color", true},
        {"color&b", true},
        {"&&color&", true},
        {"color=no&color", true},
        {"a=1&&b=color=1", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        struct http_request request = {.query = queries[i].query};

        if (http_asks_for(&request, "color") != queries[i].is_yes)
            ASSERT_TEXT(queries[i].query, queries[i].is_yes ? "yes" : "no");
    }
}

/* Whatever else is wrong with it: the answer to HEAD has no body. */
static void head_is_told_from_the_rest(void)
{
    static const struct {
        const char *text;
        bool is_head;
    } heads[] = {
        {"HEAD / HTTP/1.1\r\n" HOST END, true},   {"HEAD / HTTP/2.0\r\n" HOST END, true},
        {"HEAD / HTTP/1.1\r\n" END, true},        {"HEAD # HTTP/1.1\r\n" HOST END, true},
        {"HEADS / HTTP/1.1\r\n" HOST END, false}, {"GET / HTTP/1.1\r\n" HOST END, false},
        {"POST / HTTP/1.1\r\n" HOST END, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct http_request *request = request_new();

        http_feed(request, heads[i].text, strlen(heads[i].text));
        if (request->is_head != heads[i].is_head)
            ASSERT_TEXT(heads[i].text, heads[i].is_head ? "a HEAD" : "no HEAD");
        free(request);
    }
}

static void browsers_are_known_by_their_accept(void)
{
    static const struct {
        const char *lines;
        bool wants_html;
    } accepts[] = {
        {"", false},
        {"Accept: */*\r\n", false},
        {"Accept: text/*\r\n", false},
        {"Accept: text/plain\r\n", false},
        {"Accept:\r\n", false},
        {"Accept: ,,\r\n", false},
        {"Accept: text/htmlx\r\n", false},
        {"Accept: xtext/html\r\n", false},
        {"Accept: a;b=text/html\r\n", false},
        {"Accept-Language: text/html\r\n", false},
        {"X-Accept: text/html\r\n", false},
        {"Accept: text/html\r\n", true},
        {"ACCEPT:text/HTML\r\n", true},
        {"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", true},
        {"Accept: application/json ,\ttext/html ;level=1\r\n", true},
        {"Accept: text/plain\r\nAccept: text/html\r\n", true},
        {"Accept: text/html\r\nAccept: text/plain\r\n", true},
        {"Accept: text/html;q=0.1\r\n", true},
        {"Accept: text/html;q=0.001\r\n", true},
        {"Accept: text/html;faq=0\r\n", true},
        {"Accept: text/html;q=0\r\n", false},
        {"Accept: text/html; Q=0.000 \r\n", false},
        {"Accept: text/html;level=1;q=0,*/*\r\n", false},
        {"Accept: text/html;q=0;x=1\r\n", false},
        {"Accept: text/html;q=0, text/html\r\n", true},
    };
    char text[400];

    for (size_t i = 0; i < ARRAY_LEN(accepts); i++) {
        struct http_request *request = calloc(1, sizeof(*request));

        CU_ASSERT_PTR_NOT_NULL_FATAL(request);
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s%s%s", HOST, accepts[i].lines, END);
        ASSERT_NUMBER(http_feed(request, text, strlen(text)), HTTP_GET);
        if (request->wants_html != accepts[i].wants_html)
            ASSERT_TEXT(accepts[i].lines, accepts[i].wants_html ? "HTML" : "no HTML");
        free(request);
    }
}

const struct unit_test http_tests[] = {
    {"requests_are_judged", requests_are_judged},
    {"pieces_make_no_difference", pieces_make_no_difference},
    {"bytes_one_by_one_make_no_difference", bytes_one_by_one_make_no_difference},
    {"nul_is_refused", nul_is_refused},
    {"the_head_is_bounded", the_head_is_bounded},
    {"anything_is_survived", anything_is_survived},
    {"queries_are_kept", queries_are_kept},
    {"yes_is_said_in_three_ways", yes_is_said_in_three_ways},
    {"head_is_told_from_the_rest", head_is_told_from_the_rest},
    {"browsers_are_known_by_their_accept", browsers_are_known_by_their_accept},
    {NULL, NULL},
};
