#include "stats/round.h"

#include <string.h>

#include "place.h"
#include "unit/unit.h"

extern const struct unit_test round_tests[];

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"
#define PROM "text/plain; version=0.0.4; charset=utf-8"

/* The answer to who comes from there. */
static struct answer *answer_to(const struct place *place, const struct http_request *request,
                                const char *from)
{
    struct round round;
    struct addr client;
    struct answer *answer;

    CU_ASSERT_FATAL(addr_parse(&client, from) == 0);
    round_begin(&round, &place->sources);
    answer = round_answer(&round, request, &client);
    CU_ASSERT_FATAL(answer != NULL);
    round_end(&round);
    ASSERT_NUMBER(answer->users, 1);
    return answer;
}

static void expect(const struct place *place, const struct http_request *request, const char *from,
                   int status, const char *type, const char *begin)
{
    struct answer *answer = answer_to(place, request, from);

    ASSERT_NUMBER(answer->status, status);
    ASSERT_TEXT(answer->type, type);
    if (strncmp(answer->body.data, begin, strlen(begin)) != 0)
        ASSERT_TEXT(answer->body.data, begin);
    CU_ASSERT(answer->body.data[answer->body.length - 1] == '\n');
    CU_ASSERT(strncmp(answer->head.data, "HTTP/1.1 ", 9) == 0);
    answer_leave(answer);
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
        {"/stats/stats.json", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"/stats/metrics", "127.0.0.1", 200, PROM, "# HELP k0slb_"},
        {"/stats/healthz", "127.0.0.1", 503, TEXT, "no worker serves: "},
        {"//stats.json", "127.0.0.1", 200, JSON, "{\"version\":"},
        {"//readyz", "127.0.0.1", 503, TEXT, "kubeAPI: no backend is up: 1 unchecked"},
        {"/statsmetrics", "127.0.0.1", 404, TEXT, "There is no such page."},
        {"/stats/metrics", "10.0.0.1", 403, TEXT, "Your address is not in `allow`"},
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

static struct answer *get(const struct place *place, const char *path, bool wants_html)
{
    struct http_request request = {
        .verdict = HTTP_GET, .path = path, .query = "", .wants_html = wants_html};

    return answer_to(place, &request, "127.0.0.1");
}

static void browsers_get_a_page(void)
{
    static const char *const pages[] = {"/", "/stats", "/stats/", "/;norefresh"};
    static const char *const others[] = {"/stats.json", "/healthz", "/readyz", "/what"};
    struct answer *answer;
    struct place place;

    place_set_up(&place);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        answer = get(&place, pages[i], true);
        ASSERT_NUMBER(answer->status, 200);
        ASSERT_TEXT(answer->type, "text/html; charset=utf-8");
        ASSERT_NUMBER(strncmp(answer->body.data, "<!DOCTYPE html>\n", 16), 0);
        CU_ASSERT(answer->varies);
        CU_ASSERT_FATAL(answer->policy != NULL);
        ASSERT_NUMBER(strncmp(answer->policy, "default-src 'none';", 19), 0);
        answer_leave(answer);
        answer = get(&place, pages[i], false);
        ASSERT_TEXT(answer->type, TEXT);
        CU_ASSERT(answer->varies);
        CU_ASSERT_PTR_NULL(answer->policy);
        answer_leave(answer);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        answer = get(&place, others[i], true);
        CU_ASSERT_FALSE(answer->varies);
        CU_ASSERT_PTR_NULL(answer->policy);
        CU_ASSERT(strstr(answer->type, "html") == NULL);
        answer_leave(answer);
    }
    place_tear_down(&place);
}

static void icons_are_nothing(void)
{
    struct answer *answer;
    struct place place;

    place_set_up(&place);
    answer = get(&place, "/favicon.ico", true);
    ASSERT_NUMBER(answer->status, 204);
    ASSERT_NUMBER(answer->body.length, 0);
    answer_leave(answer);
    place_tear_down(&place);
}

static void unknown_paths_hear_of_the_known(void)
{
    static const char *const lines[] = {
        "\n/             the state", "\n/stats.json   the same", "\n/;csv         the columns",
        "\n/metrics      for",       "\n/healthz      whether",  "\n/readyz       whether",
        "\n/readyz/NAME  the same",
    };
    struct answer *answer;
    struct place place;

    place_set_up(&place);
    answer = get(&place, "/what", false);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (strstr(answer->body.data, lines[i]) == NULL)
            ASSERT_TEXT(answer->body.data, lines[i]);
    }
    CU_ASSERT(strstr(answer->body.data, "favicon") == NULL);
    answer_leave(answer);
    place_tear_down(&place);
}

static void colors_are_for_who_asks(void)
{
    static const struct {
        const char *query;
        bool wants_html;
        bool is_colored;
    } cases[] = {
        {"", false, false},         {"color", false, true},     {"color=1", false, true},
        {"a=b&color", false, true}, {"color=no", false, false}, {"color", true, false},
    };
    struct place place;

    place_set_up(&place);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = {.verdict = HTTP_GET,
                                       .path = "/",
                                       .query = cases[i].query,
                                       .wants_html = cases[i].wants_html};
        struct answer *answer = answer_to(&place, &request, "127.0.0.1");

        CU_ASSERT((strstr(answer->body.data, "\033[") != NULL) == cases[i].is_colored);
        answer_leave(answer);
    }
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
    struct place place;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer *answer;
        const char *found;

        place_set_up_with(&place, &(struct conf_stats){.refresh = cases[i].refresh});
        answer = get(&place, "/", true);
        found = strstr(answer->body.data, "http-equiv=\"refresh\" ");
        CU_ASSERT((found != NULL) == (cases[i].part != NULL));
        if (found != NULL && cases[i].part != NULL)
            ASSERT_NUMBER(strncmp(found + 21, cases[i].part, strlen(cases[i].part)), 0);
        answer_leave(answer);
        place_tear_down(&place);
    }
}

static void norefresh_is_heard(void)
{
    struct answer *answer;
    struct place place;

    place_set_up_with(&place, &(struct conf_stats){.refresh = 2000});
    answer = get(&place, "/stats;norefresh", true);
    CU_ASSERT_PTR_NULL(strstr(answer->body.data, "http-equiv=\"refresh\" "));
    answer_leave(answer);
    place_tear_down(&place);
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
    struct addr client = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};
    struct place place;

    place_set_up(&place);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct http_request request = {.verdict = HTTP_GET, .path = paths[i], .query = ""};
        struct answer *answer;
        struct round round;

        round_begin(&round, &place.sources);
        round.most_body = 200;
        answer = round_answer(&round, &request, &client);
        CU_ASSERT_FATAL(answer != NULL);
        ASSERT_NUMBER(answer->status, 500);
        ASSERT_TEXT(answer->type, TEXT);
        CU_ASSERT_FALSE(answer->body.truncated);
        answer_leave(answer);
        round_end(&round);
    }
    place_tear_down(&place);
}

/* ---- in one round ---- */

/* Two requests from there in one round: whether both have the same answer. */
static bool share(const struct place *place, const struct http_request *one,
                  const struct http_request *other)
{
    struct addr client = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};
    struct answer *answers[2];
    struct round round;
    bool same;

    round_begin(&round, &place->sources);
    answers[0] = round_answer(&round, one, &client);
    answers[1] = round_answer(&round, other, &client);
    round_end(&round);
    same = answers[0] == answers[1];
    answer_leave(answers[0]);
    answer_leave(answers[1]);
    return same;
}

static void who_asks_the_same_shares_an_answer(void)
{
    static const struct {
        struct http_request one;
        struct http_request other;
        bool is_shared;
    } cases[] = {
        {{.path = "/", .query = ""}, {.path = "/", .query = ""}, true},
        {{.path = "/", .query = ""}, {.path = "/stats", .query = "x"}, true},
        {{.path = "/", .query = ""}, {.path = "/;norefresh", .query = ""}, true},
        {{.path = "/", .query = ""}, {.path = "/", .query = "color"}, false},
        {{.path = "/", .query = ""}, {.path = "/", .query = "", .wants_html = true}, false},
        {{.path = "/", .query = "", .wants_html = true},
         {.path = "/;norefresh", .query = "", .wants_html = true},
         false},
        {{.path = "/;csv", .query = ""}, {.path = "/;csv", .query = "", .wants_html = true}, true},
        {{.path = "/;csv", .query = ""}, {.path = "/stats.json", .query = ""}, false},
        {{.path = "/healthz", .query = ""}, {.path = "/readyz", .query = ""}, false},
        {{.path = "/readyz/a", .query = ""}, {.path = "/readyz/b", .query = ""}, false},
        {{.path = "/readyz", .query = ""}, {.path = "/readyz/b", .query = ""}, false},
        {{.path = "/what", .query = ""}, {.path = "/else", .query = ""}, true},
    };
    struct place place;

    place_set_up(&place);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request one = cases[i].one;
        struct http_request other = cases[i].other;

        one.verdict = HTTP_GET;
        other.verdict = HTTP_HEAD;
        if (share(&place, &one, &other) != cases[i].is_shared)
            ASSERT_TEXT(one.path, other.path);
    }
    place_tear_down(&place);
}

/* What one may see is not given to who asks for the same and may not. */
static void what_is_shared_is_shared_by_those_who_may(void)
{
    struct addr inside = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};
    struct addr outside = {.family = ADDR_IPV4, .ip = {10, 0, 0, 1}};
    struct http_request request = {.verdict = HTTP_GET, .path = "/metrics", .query = ""};
    struct answer *answer;
    struct round round;
    struct place place;

    place_set_up(&place);
    round_begin(&round, &place.sources);
    answer = round_answer(&round, &request, &inside);
    ASSERT_NUMBER(answer->status, 200);
    answer_leave(answer);
    answer = round_answer(&round, &request, &outside);
    ASSERT_NUMBER(answer->status, 403);
    answer_leave(answer);
    answer = round_answer(&round, &request, &inside);
    ASSERT_NUMBER(answer->status, 200);
    answer_leave(answer);
    round_end(&round);
    place_tear_down(&place);
}

static void monitors_are_urgent(void)
{
    static const struct {
        enum http_verdict verdict;
        const char *path;
        bool is_urgent;
    } cases[] = {
        {HTTP_GET, "/healthz", true},  {HTTP_HEAD, "/readyz", true}, {HTTP_GET, "/readyz/a", true},
        {HTTP_GET, "/readyz/", false}, {HTTP_GET, "/", false},       {HTTP_GET, "/what", false},
        {HTTP_GET, "/metrics", false}, {HTTP_BAD, NULL, false},      {HTTP_METHOD, NULL, false},
        {HTTP_TOO_LARGE, NULL, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = {
            .verdict = cases[i].verdict, .path = cases[i].path, .query = ""};

        CU_ASSERT(round_is_urgent(&request) == cases[i].is_urgent);
    }
}

const struct unit_test round_tests[] = {
    {"paths_have_their_reports", paths_have_their_reports},
    {"browsers_get_a_page", browsers_get_a_page},
    {"icons_are_nothing", icons_are_nothing},
    {"unknown_paths_hear_of_the_known", unknown_paths_hear_of_the_known},
    {"colors_are_for_who_asks", colors_are_for_who_asks},
    {"the_page_renews_itself_as_configured", the_page_renews_itself_as_configured},
    {"norefresh_is_heard", norefresh_is_heard},
    {"what_is_refused_gets_a_sentence", what_is_refused_gets_a_sentence},
    {"a_report_that_is_too_large_is_an_error", a_report_that_is_too_large_is_an_error},
    {"who_asks_the_same_shares_an_answer", who_asks_the_same_shares_an_answer},
    {"what_is_shared_is_shared_by_those_who_may", what_is_shared_is_shared_by_those_who_may},
    {"monitors_are_urgent", monitors_are_urgent},
    {NULL, NULL},
};
