#include "stats/answer.h"

#include <string.h>

#include "base/defs.h"
#include "unit/unit.h"

extern const struct unit_test answer_tests[];

static void answers_have_their_lines(void)
{
    struct answer answer = {
        .status = 200, .type = "text/plain", .length = 12, .date_ms = 784111777000};
    struct textbuf out;

    textbuf_init(&out, 1000);
    answer_write_head(&answer, &out);
    ASSERT_TEXT(out.data, "HTTP/1.1 200 OK\r\n"
                          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                          "Content-Type: text/plain\r\n"
                          "Content-Length: 12\r\n"
                          "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; "
                          "base-uri 'none'\r\n"
                          "Connection: close\r\n"
                          "Cache-Control: no-store\r\n"
                          "Referrer-Policy: no-referrer\r\n"
                          "X-Content-Type-Options: nosniff\r\n"
                          "\r\n");
    textbuf_fini(&out);
}

static void some_have_more_or_less(void)
{
    static const struct {
        struct answer answer;
        const char *line;
        bool is_there;
    } cases[] = {
        {{.status = 200, .type = "t", .varies = true}, "Vary: Accept", true},
        {{.status = 200, .type = "t"}, "Vary: Accept", false},
        {{.status = 200, .type = "t", .policy = "x"}, "Content-Security-Policy: x", true},
        {{.status = 405, .type = "t"}, "HTTP/1.1 405 Method Not Allowed", true},
        {{.status = 405, .type = "t"}, "Allow: GET, HEAD", true},
        {{.status = 404, .type = "t"}, "Allow: GET, HEAD", false},
        {{.status = 404, .type = "t"}, "Content-Length: 0", true},
        {{.status = 204}, "HTTP/1.1 204 No Content", true},
        {{.status = 204}, "Content-Length: 0", false}, /* RFC 9110, section 8.6 */
        {{.status = 204}, "Content-Type: ", false},
    };
    char line[100];
    struct textbuf out;

    textbuf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        textbuf_clear(&out);
        textbuf_puts(&out, "\r\n");
        answer_write_head(&cases[i].answer, &out);
        strcpy(line, "\r\n");
        strcat(line, cases[i].line);
        strcat(line, cases[i].line[strlen(cases[i].line) - 1] == ' ' ? "" : "\r\n");
        if ((strstr(out.data, line) != NULL) != cases[i].is_there)
            ASSERT_TEXT(out.data, cases[i].line);
    }
    textbuf_fini(&out);
}

static void every_status_has_words(void)
{
    static const int used[] = {200, 204, 400, 403, 404, 405, 431, 500, 503, 505};

    for (size_t i = 0; i < ARRAY_LEN(used); i++)
        CU_ASSERT(strcmp(answer_reason(used[i]), "Unknown") != 0);
    ASSERT_TEXT(answer_reason(299), "Unknown");
}

const struct unit_test answer_tests[] = {
    {"answers_have_their_lines", answers_have_their_lines},
    {"some_have_more_or_less", some_have_more_or_less},
    {"every_status_has_words", every_status_has_words},
    {NULL, NULL},
};
