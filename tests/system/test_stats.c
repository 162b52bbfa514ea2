/* The stats server as its clients see it: paths, heads, who may ask. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

#include "system/change.h"
#include "system/http.h"

#define ANSWER_SIZE (256 * 1024)

#define HOST "Host: test\r\n"
#define HTML "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n"

static char answer[ANSWER_SIZE];

static const struct scene_plan plan = {.backends = 2, .stats = true, .workers = 1};

/* What stands behind the head. */
static const char *body_of(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");

    return end != NULL ? end + 4 : "(none)";
}

static bool has_line(const char *text, const char *line)
{
    const char *found = strstr(text, line);

    return found != NULL && found < body_of(text) && found[-1] == '\n' &&
           strncmp(found + strlen(line), "\r\n", 2) == 0;
}

static long length_of(const char *text)
{
    const char *found = strstr(text, "\r\nContent-Length: ");
    long length = -1;

    return found != NULL && sscanf(found, "\r\nContent-Length: %ld\r\n", &length) == 1 ? length
                                                                                       : -1;
}

/* ---- what every answer has ---- */

static const struct {
    const char *request; /* without its last empty line */
    int status;
    const char *type; /* NULL = none */
    const char *begin;
} exchanges[] = {
    {"GET / HTTP/1.1\r\n" HOST, 200, "text/plain; charset=utf-8", "k0slb "},
    {"GET /stats HTTP/1.0\r\n", 200, "text/plain; charset=utf-8", "k0slb "},
    {"GET / HTTP/1.1\r\n" HOST HTML, 200, "text/html; charset=utf-8", "<!DOCTYPE html>"},
    {"GET /stats HTTP/1.1\r\n" HOST HTML, 200, "text/html; charset=utf-8", "<!DOCTYPE html>"},
    {"GET /;norefresh HTTP/1.1\r\n" HOST HTML, 200, "text/html; charset=utf-8", "<!DOCTYPE html>"},
    {"GET /stats.json HTTP/1.1\r\n" HOST HTML, 200, "application/json", "{\"version\":"},
    {"GET /;json HTTP/1.1\r\n" HOST, 200, "application/json", "{\"version\":"},
    {"GET /stats;json;norefresh HTTP/1.1\r\n" HOST, 200, "application/json", "{\"version\":"},
    {"GET /;csv HTTP/1.1\r\n" HOST, 200, "text/plain; charset=utf-8", "# pxname,"},
    {"GET /stats;csv;norefresh HTTP/1.1\r\n" HOST, 200, "text/plain; charset=utf-8", "# pxname,"},
    {"GET /metrics?x=y HTTP/1.1\r\n" HOST, 200, "text/plain; version=0.0.4; charset=utf-8",
     "# HELP "},
    {"GET /healthz HTTP/1.1\r\n" HOST, 200, "text/plain; charset=utf-8", "ok\n"},
    {"GET /readyz HTTP/1.1\r\n" HOST, 200, "text/plain; charset=utf-8", "ok\n"},
    {"GET /readyz/test HTTP/1.1\r\n" HOST, 200, "text/plain; charset=utf-8", "ok\n"},
    {"GET /readyz/none HTTP/1.1\r\n" HOST, 404, "text/plain; charset=utf-8", "no such service"},
    {"GET http://lb:9000/healthz HTTP/1.1\r\n" HOST, 200, "text/plain; charset=utf-8", "ok\n"},
    {"GET /favicon.ico HTTP/1.1\r\n" HOST, 204, NULL, ""},
    {"GET /what HTTP/1.1\r\n" HOST HTML, 404, "text/plain; charset=utf-8",
     "There is no such page. These are:\n/            "},
    {"POST / HTTP/1.1\r\n" HOST, 405, "text/plain; charset=utf-8", "Only GET and HEAD"},
    {"DELETE /what HTTP/1.1\r\n" HOST, 405, "text/plain; charset=utf-8", "Only GET and HEAD"},
    {"OPTIONS * HTTP/1.1\r\n" HOST, 405, "text/plain; charset=utf-8", "Only GET and HEAD"},
    {"GET / HTTP/1.1\r\n", 400, "text/plain; charset=utf-8", "This is not a valid"},
    {"GET /\r\n", 400, "text/plain; charset=utf-8", "This is not a valid"},
    {"GET / HTTP/2.0\r\n" HOST, 505, "text/plain; charset=utf-8", "HTTP/1.0 and HTTP/1.1"},
};

static void expect_common_lines(const char *text)
{
    CU_ASSERT_TRUE(has_line(text, "Connection: close"));
    CU_ASSERT_TRUE(has_line(text, "Cache-Control: no-store"));
    CU_ASSERT_TRUE(has_line(text, "X-Content-Type-Options: nosniff"));
    CU_ASSERT_TRUE(has_line(text, "Referrer-Policy: no-referrer"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\nContent-Security-Policy: default-src 'none'; "));
    CU_ASSERT(has_line(text, "Allow: GET, HEAD") == (http_status(text) == 405));
}

static void expect_answer(size_t i, const char *request)
{
    const char *type = exchanges[i].type;
    char line[100];

    if (http_status(answer) != exchanges[i].status)
        ASSERT_TEXT(answer, request);
    expect_common_lines(answer);
    snprintf(line, sizeof(line), "Content-Type: %s", type != NULL ? type : "");
    CU_ASSERT(has_line(answer, line) == (type != NULL));
    CU_ASSERT((length_of(answer) >= 0) == (type != NULL));
}

static void test_answers(void)
{
    struct scene scene;
    char request[400];

    if (scene_open(&scene, &plan) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
            snprintf(request, sizeof(request), "%s\r\n", exchanges[i].request);
            http_talk(&scene.stats, request, answer, sizeof(answer));
            expect_answer(i, request);
            if (exchanges[i].type != NULL)
                ASSERT_NUMBER(strlen(body_of(answer)), length_of(answer));
            if (strncmp(body_of(answer), exchanges[i].begin, strlen(exchanges[i].begin)) != 0)
                ASSERT_TEXT(body_of(answer), exchanges[i].begin);
        }
    }
    scene_close(&scene);
}

/* The same lines, the same status, no body, for whatever can be asked for. */
static void test_head(void)
{
    struct scene scene;
    char request[400];

    if (scene_open(&scene, &plan) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
            if (strncmp(exchanges[i].request, "GET ", 4) != 0 ||
                strncmp(exchanges[i].request, "GET /\r\n", 7) == 0)
                continue;
            snprintf(request, sizeof(request), "HEAD %s\r\n", exchanges[i].request + 4);
            http_talk(&scene.stats, request, answer, sizeof(answer));
            expect_answer(i, request);
            ASSERT_TEXT(body_of(answer), "");
            if (exchanges[i].type != NULL)
                CU_ASSERT(length_of(answer) > 0);
        }
    }
    scene_close(&scene);
}

/* Colours come where they are asked for, and to nobody else. */
static void test_color(void)
{
    static const struct {
        const char *path;
        bool is_colored;
    } cases[] = {
        {"/", false},
        {"/?color", true},
        {"/stats?color=1", true},
        {"/?a=b&color=yes", true},
        {"/?color=no", false},
        {"/?color=0", false},
        {"/?colour", false},
        {"/?nocolor", false},
        {"/stats.json?color", false},
        {"/healthz?color", false},
    };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            ASSERT_NUMBER(http_get(&scene.stats, cases[i].path, answer, sizeof(answer)), 200);
            if ((strstr(answer, "\033[") != NULL) != cases[i].is_colored)
                ASSERT_TEXT(answer, cases[i].path);
        }
    }
    scene_close(&scene);
}

/* ---- who may ask ---- */

/* The status of what `path` gives to who comes from there. */
static int status_from(const struct addr *target, const char *from, const char *path)
{
    struct addr source = {.family = ADDR_NONE};
    struct client client;
    char request[200];
    ssize_t got = 0;

    CU_ASSERT_FATAL(addr_parse(&source, from) == 0);
    if (client_open_from(&client, &source, target) == -1)
        return -1;
    snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
    if (send(client.fd, request, strlen(request), MSG_NOSIGNAL) > 0 &&
        client_next(&client, CLIENT_PATIENCE_MS) == CLIENT_DATA)
        got = recv(client.fd, answer + 1, 30, 0);
    client_close(&client);
    answer[0] = 'H'; /* which client_next() has taken */
    answer[got > 0 ? got + 1 : 0] = '\0';
    return http_status(answer);
}

static void expect_access(const struct addr *target, const char *from, bool is_allowed)
{
    static const char *const guarded[] = {"/",        "/stats",       "/stats.json",
                                          "/;json",   "/stats;csv",   "/;csv",
                                          "/metrics", "/favicon.ico", "/what"};
    static const char *const open[] = {"/healthz", "/readyz", "/readyz/test"};

    for (size_t i = 0; i < ARRAY_LEN(guarded); i++) {
        int status = status_from(target, from, guarded[i]);

        CU_ASSERT((status == 403) == !is_allowed);
        CU_ASSERT(status == 200 || status == 204 || status == 404 || status == 403);
    }
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        ASSERT_NUMBER(status_from(target, from, open[i]), 200);
}

#define WITH(stats)                                                                                \
    CHANGE_HEAD CHANGE_CHECKS "[stats]\n" stats "[service test]\nlisten = @L\nserver b1 = @1\n"

static void test_allow(void)
{
    struct scene scene;

    if (change_open(&scene, 1, WITH("listen = @S\nallow = 127.0.0.2, ::1\n")) == 0) {
        expect_access(&scene.stats, "127.0.0.2", true);
        expect_access(&scene.stats, "127.0.0.3", false);
        ASSERT_CHANGE(&scene, WITH("listen = @S\nallow = controllers\n"));
        expect_access(&scene.stats, "127.0.0.1", true);
        expect_access(&scene.stats, "127.0.0.2", false);
        ASSERT_CHANGE(&scene, WITH("listen = @S\nallow = fd00::/8\n"));
        expect_access(&scene.stats, "127.0.0.1", false);
        ASSERT_CHANGE(&scene, WITH("listen = @S\n"));
        expect_access(&scene.stats, "127.0.0.3", true);
    }
    scene_close(&scene);
}

/* A port of [::1] that is free now; false without IPv6. */
static bool find_ipv6(struct addr *address)
{
    int fd;

    if (addr_parse(address, "::1") == -1)
        return false;
    fd = listen_at(address, 1);
    if (fd == -1)
        return false;
    close(fd);
    return true;
}

static void test_allow_ipv6(void)
{
    static const struct {
        const char *allow;
        bool is_allowed;
    } cases[] = {
        {"::1", true},
        {"127.0.0.0/8", false},
        {"private", true},
        {"::/64, 127.0.0.1", true},
    };
    struct addr address;

    if (!find_ipv6(&address)) {
        unit_skip("there is no [::1]");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char config[600];
        char text[ADDR_TEXT_SIZE];
        struct scene scene;

        snprintf(config, sizeof(config), WITH("listen = %s\nallow = %s\n"),
                 addr_format(&address, text), cases[i].allow);
        if (change_open(&scene, 1, config) == 0)
            expect_access(&address, "::1", cases[i].is_allowed);
        scene_close(&scene);
    }
}

static const struct unit_test tests[] = {
    {"answers", test_answers},       {"head", test_head},
    {"color", test_color},           {"allow", test_allow},
    {"allow_ipv6", test_allow_ipv6}, {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"auto/1", tests}, {NULL, NULL}};

    return unit_main("test_stats", suites, argc, argv);
}
