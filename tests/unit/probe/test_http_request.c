#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "probe/http_request.h"
#include "probe/probe.h"

#include "config.h"

static int write_request(char out[HTTP_REQUEST_SIZE], const struct probe_http *http,
                         const char *address, uint16_t port)
{
    struct addr to;

    CU_ASSERT_EQUAL_FATAL(addr_parse(&to, address), 0);
    to.port = port;
    return http_request_write(out, http, &to, true);
}

static void test_whole_text(void)
{
    const struct probe_http http = {.method = "GET", .path = "/readyz", .host = "k8s.example.com"};
    char text[HTTP_REQUEST_SIZE];
    int size = write_request(text, &http, "10.0.0.11", 443);

    ASSERT_TEXT(text, "GET /readyz HTTP/1.1\r\n"
                      "Host: k8s.example.com\r\n"
                      "User-Agent: k0slb/" PACKAGE_VERSION "\r\n"
                      "Accept: */*\r\n"
                      "Connection: close\r\n\r\n");
    ASSERT_NUMBER(size, strlen(text));
}

static void test_hosts(void)
{
    static const struct {
        const char *host;
        const char *address;
        uint16_t port;
        const char *line;
    } rows[] = {
        {NULL, "10.0.0.11", 6443, "\r\nHost: 10.0.0.11:6443\r\n"},
        {NULL, "10.0.0.11", 443, "\r\nHost: 10.0.0.11\r\n"},
        {NULL, "fd00::11", 6443, "\r\nHost: [fd00::11]:6443\r\n"},
        {NULL, "fd00::11", 443, "\r\nHost: [fd00::11]\r\n"},
        {NULL, "fe80::11%lo", 6443, "\r\nHost: [fe80::11]:6443\r\n"},
        {"k8s", "10.0.0.11", 6443, "\r\nHost: k8s:6443\r\n"},
        {"k8s:7443", "10.0.0.11", 6443, "\r\nHost: k8s:7443\r\n"},
        {"fd00::1", "10.0.0.11", 9443, "\r\nHost: [fd00::1]:9443\r\n"},
        {"[fd00::1]", "10.0.0.11", 9443, "\r\nHost: [fd00::1]:9443\r\n"},
        {"[fd00::1]:8", "10.0.0.11", 9443, "\r\nHost: [fd00::1]:8\r\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct probe_http http = {.method = "GET", .path = "/", .host = rows[i].host};
        char text[HTTP_REQUEST_SIZE] = "";

        CU_ASSERT_TRUE(write_request(text, &http, rows[i].address, rows[i].port) > 0);
        if (strstr(text, rows[i].line) == NULL)
            printf("no \"%s\" in:\n%s", rows[i].line + 2, text);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, rows[i].line));
    }
}

/* Nothing that could end a line or a word gets into a request. */
static void test_refused(void)
{
    static char endless[2000];
    const struct probe_http rows[] = {
        {.method = "", .path = "/", .host = "a"},
        {.method = "GET", .path = "", .host = "a"},
        {.method = "GET", .path = "/", .host = ""},
        {.method = "GET X", .path = "/", .host = "a"},
        {.method = "GET", .path = "/ HTTP/1.1\r\nEvil: x", .host = "a"},
        {.method = "GET", .path = "/", .host = "a\nb"},
        {.method = "GET", .path = "/\xc3\xa4", .host = "a"},
        {.method = "GET", .path = endless, .host = "a"},
        {.method = "GET", .path = "/", .host = endless},
    };

    memset(endless, 'x', sizeof(endless) - 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[HTTP_REQUEST_SIZE];

        errno = 0;
        ASSERT_NUMBER(write_request(text, &rows[i], "10.0.0.11", 443), -1);
        ASSERT_NUMBER(errno, EINVAL);
    }
}

const struct unit_test http_request_tests[] = {
    {"whole_text", test_whole_text},
    {"hosts", test_hosts},
    {"refused", test_refused},
    {NULL, NULL},
};
