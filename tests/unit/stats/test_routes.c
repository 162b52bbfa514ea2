#include "stats/routes.h"

#include <string.h>

#include "place.h"
#include "unit/unit.h"

extern const struct unit_test routes_tests[];

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"
#define PROM "text/plain; version=0.0.4; charset=utf-8"

static void expect(const struct place *place, const struct http_request *request, const char *from,
                   int status, const char *type, const char *begin)
{
    struct answer answer = {0};
    struct textbuf body;
    struct addr client;

    CU_ASSERT_FATAL(addr_parse(&client, from) == 0);
    textbuf_init(&body, 1 << 20);
    routes_answer(&place->routes, request, &client, &answer, &body);
    ASSERT_NUMBER(answer.status, status);
    ASSERT_TEXT(answer.type, type);
    ASSERT_NUMBER(answer.length, body.length);
    if (strncmp(body.data, begin, strlen(begin)) != 0)
        ASSERT_TEXT(body.data, begin);
    CU_ASSERT(body.data[body.length - 1] == '\n');
    textbuf_fini(&body);
}

static void paths_have_their_reports(void)
{
    static const struct {
        const char *path;
        const char *from;
        int status;
        const char *type;
        const char *begin;
    } cases[] = {
        {"/", "127.0.0.1", 200, TEXT, "k0slb "},
        {"/stats.json", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"/;json", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"/stats", "127.0.0.1", 200, TEXT, "k0slb "},
        {"/stats/", "127.0.0.1", 200, TEXT, "k0slb "},
        {"//", "127.0.0.1", 200, TEXT, "k0slb "},
        {"/;norefresh", "127.0.0.1", 200, TEXT, "k0slb "},
        {"/stats;norefresh", "127.0.0.1", 200, TEXT, "k0slb "},
        {"/stats.json;norefresh", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"/stats;json;norefresh", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"/;csv", "127.0.0.1", 200, TEXT, "# pxname,svname,"},
        {"/;csv;norefresh", "127.0.0.1", 200, TEXT, "# pxname,svname,"},
        {"/stats;csv", "127.0.0.1", 200, TEXT, "# pxname,svname,"},
        {"/stats;csv;norefresh", "127.0.0.1", 200, TEXT, "# pxname,svname,"},
        {"//;csv", "127.0.0.1", 200, TEXT, "# pxname,svname,"},
        {"/stats/;csv", "127.0.0.1", 200, TEXT, "# pxname,svname,"},
        {"/stats;json", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"/;json;norefresh", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"/metrics", "127.0.0.1", 200, PROM, "# HELP k0slb_"},
        {"/;csv;up", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/;csv;norefresh;", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/;", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/;csvcsvcsvcsvcsvcsvcsv", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/stats;", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/statistics;csv", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/x;csv", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/metrics/", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/healthz", "127.0.0.1", 503, TEXT, "no worker serves: "},
        {"/readyz", "127.0.0.1", 503, TEXT, "kubeAPI: no backend is up: 1 unchecked"},
        {"/readyz/kubeAPI", "127.0.0.1", 503, TEXT, "kubeAPI: "},
        {"/readyz/nothing", "127.0.0.1", 404, TEXT, "no such service"},
        {"/readyz/", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/healthz/", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/stats.jsonx", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/stats.json/", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/stats/x", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/;norefresh;csv", "127.0.0.1", 404, TEXT, "There is no such page."},
        {";norefresh", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/FAVICON.ICO", "127.0.0.1", 404, TEXT, "There is no such page."},
        /* from outside */
        {"/", "10.0.0.1", 403, TEXT, "Your address is not in `allow`"},
        {"/stats.json", "::1", 403, TEXT, "Your address is not in `allow`"},
        {"/;csv", "10.0.0.1", 403, TEXT, "Your address is not in `allow`"},
        {"/metrics", "10.0.0.1", 403, TEXT, "Your address is not in `allow`"},
        {"/what", "10.0.0.1", 403, TEXT, "Your address is not in `allow`"},
        {"/stats", "fd00::1", 403, TEXT, "Your address is not in `allow`"},
        {"/favicon.ico", "10.0.0.1", 403, TEXT, "Your address is not in `allow`"},
        {"/healthz", "10.0.0.1", 503, TEXT, "no worker serves: "},
        {"/readyz", "10.0.0.1", 503, TEXT, "kubeAPI: "},
        {"/readyz/kubeAPI", "10.0.0.1", 503, TEXT, "kubeAPI: "},
        {"/", "::ffff:127.0.0.1", 200, TEXT, "k0slb "},
    };
    struct place place;

    place_set_up(&place);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request get = {.verdict = HTTP_GET, .path = cases[i].path, .query = ""};
        struct http_request head = {.verdict = HTTP_HEAD, .path = cases[i].path, .query = ""};

        expect(&place, &get, cases[i].from, cases[i].status, cases[i].type, cases[i].begin);
        expect(&place, &head, cases[i].from, cases[i].status, cases[i].type, cases[i].begin);
    }
    place_tear_down(&place);
}

/* The answer to a GET of `path`, checked as far as all have it in common. */
static struct answer get(const struct place *place, const char *path, bool wants_html,
                         struct textbuf *body)
{
    struct http_request request = {
        .verdict = HTTP_GET, .path = path, .query = "", .wants_html = wants_html};
    struct answer answer = {0};
    struct addr client;

    CU_ASSERT_FATAL(addr_parse(&client, "127.0.0.1") == 0);
    textbuf_clear(body);
    routes_answer(&place->routes, &request, &client, &answer, body);
    ASSERT_NUMBER(answer.length, body->length);
    return answer;
}

static void browsers_get_a_page(void)
{
    static const char *const pages[] = {"/", "/stats", "/stats/", "/;norefresh"};
    static const char *const others[] = {"/stats.json", "/healthz", "/readyz", "/what"};
    struct answer answer;
    struct textbuf body;
    struct place place;

    place_set_up(&place);
    textbuf_init(&body, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        answer = get(&place, pages[i], true, &body);
        ASSERT_NUMBER(answer.status, 200);
        ASSERT_TEXT(answer.type, "text/html; charset=utf-8");
        ASSERT_NUMBER(strncmp(body.data, "<!DOCTYPE html>\n", 16), 0);
        CU_ASSERT(answer.varies);
        CU_ASSERT_FATAL(answer.policy != NULL);
        ASSERT_NUMBER(strncmp(answer.policy, "default-src 'none';", 19), 0);
    }
    answer = get(&place, "/", false, &body);
    ASSERT_TEXT(answer.type, TEXT);
    CU_ASSERT(answer.varies);
    CU_ASSERT_PTR_NULL(answer.policy);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        answer = get(&place, others[i], true, &body);
        CU_ASSERT_FALSE(answer.varies);
        CU_ASSERT_PTR_NULL(answer.policy);
        CU_ASSERT(strstr(answer.type, "html") == NULL);
    }
    textbuf_fini(&body);
    place_tear_down(&place);
}

static void the_page_renews_itself_as_configured(void)
{
    static const struct {
        uint64_t refresh;
        const char *part; /* NULL = none */
    } cases[] = {
        {0, NULL},
        {1, "content=\"1\">"},
        {999, "content=\"1\">"},
        {2000, "content=\"2\">"},
        {2001, "content=\"3\">"},
        {86400000, "content=\"86400\">"},
    };
    struct textbuf body;
    struct place place;

    textbuf_init(&body, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *found;

        place_set_up_with(&place, &(struct conf_stats){.refresh = cases[i].refresh});
        get(&place, "/", true, &body);
        found = strstr(body.data, "http-equiv=\"refresh\" ");
        CU_ASSERT((found != NULL) == (cases[i].part != NULL));
        if (found != NULL && cases[i].part != NULL)
            ASSERT_NUMBER(strncmp(found + 21, cases[i].part, strlen(cases[i].part)), 0);
        place_tear_down(&place);
    }
    textbuf_fini(&body);
}

static void what_is_refused_gets_a_sentence(void)
{
    static const struct {
        enum http_verdict verdict;
        int status;
        const char *begin;
    } cases[] = {
        {HTTP_BAD, 400, "This is not"},
        {HTTP_METHOD, 405, "Only GET and HEAD"},
        {HTTP_TOO_LARGE, 431, "The head"},
        {HTTP_VERSION, 505, "HTTP/1.0 and"},
    };
    struct place place;

    place_set_up(&place);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = {.verdict = cases[i].verdict};

        expect(&place, &request, "10.0.0.1", cases[i].status, TEXT, cases[i].begin);
    }
    place_tear_down(&place);
}

static void a_report_that_is_too_large_is_an_error(void)
{
    static const char *const paths[] = {"/stats.json", "/;csv", "/metrics"};
    struct place place;
    struct answer answer;
    struct textbuf body;

    place_set_up(&place);
    textbuf_init(&body, 200);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        answer = get(&place, paths[i], false, &body);
        ASSERT_NUMBER(answer.status, 500);
        ASSERT_TEXT(answer.type, TEXT);
        CU_ASSERT_FALSE(body.truncated);
    }
    textbuf_fini(&body);
    place_tear_down(&place);
}

const struct unit_test routes_tests[] = {
    {"paths_have_their_reports", paths_have_their_reports},
    {"browsers_get_a_page", browsers_get_a_page},
    {"the_page_renews_itself_as_configured", the_page_renews_itself_as_configured},
    {"what_is_refused_gets_a_sentence", what_is_refused_gets_a_sentence},
    {"a_report_that_is_too_large_is_an_error", a_report_that_is_too_large_is_an_error},
    {NULL, NULL},
};
