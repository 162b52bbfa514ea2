#include "stats/answer.h"

#include <string.h>

#include "unit/unit.h"

extern const struct unit_test answer_tests[];

static void answers_have_their_lines(void)
{
    struct answer *answer = answer_new(784111777000, 1000);

    CU_ASSERT_FATAL(answer != NULL);
    answer->status = 200;
    answer->type = "text/plain";
    textbuf_puts(&answer->body, "twelve bytes");
    answer_write_head(answer);
    ASSERT_TEXT(answer->head.data, "HTTP/1.1 200 OK\r\n"
                                   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                   "Content-Type: text/plain\r\n"
                                   "Content-Length: 12\r\n"
                                   "Content-Security-Policy: default-src 'none'; "
                                   "frame-ancestors 'none'; base-uri 'none'\r\n"
                                   "Connection: close\r\n"
                                   "Cache-Control: no-store\r\n"
                                   "Referrer-Policy: no-referrer\r\n"
                                   "X-Content-Type-Options: nosniff\r\n"
                                   "\r\n");
    answer_leave(answer);
}

static void some_have_more_or_less(void)
{
    static const struct {
        struct answer answer;
        const char *line;
        bool is_there;
    } cases[] = {
        {{.status = 200, .type = "t", .varies = true}, "Vary: Accept\r\n", true},
        {{.status = 200, .type = "t"}, "Vary: Accept\r\n", false},
        {{.status = 200, .type = "t", .policy = "x"}, "Content-Security-Policy: x\r\n", true},
        {{.status = 405, .type = "t"}, "Allow: GET, HEAD\r\n", true},
        {{.status = 404, .type = "t"}, "Allow: GET, HEAD\r\n", false},
        {{.status = 404, .type = "t"}, "Content-Length: 0\r\n", true},
        {{.status = 204}, "Content-Length: ", false}, /* RFC 9110, section 8.6 */
        {{.status = 204}, "Content-Type: ", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer answer = cases[i].answer;
        char line[100] = "\r\n";

        textbuf_init(&answer.head, 1000);
        answer_write_head(&answer);
        strcat(line, cases[i].line);
        if ((strstr(answer.head.data, line) != NULL) != cases[i].is_there)
            ASSERT_TEXT(answer.head.data, cases[i].line);
        textbuf_fini(&answer.head);
    }
}

static void the_last_user_frees(void)
{
    struct answer *answer = answer_new(0, 1000);

    CU_ASSERT_FATAL(answer != NULL);
    answer_say(answer, 404, "A sentence.");
    ASSERT_NUMBER(answer->users, 1);
    CU_ASSERT(answer_share(answer) == answer);
    answer_leave(answer);
    ASSERT_NUMBER(answer->users, 1);
    ASSERT_TEXT(answer->body.data, "A sentence.\n");
    answer_leave(answer);
    answer_leave(NULL);
}

/* What was begun and did not come to its end leaves nothing behind. */
static void a_sentence_is_all_there_is(void)
{
    struct answer *answer = answer_new(5, 20);

    CU_ASSERT_FATAL(answer != NULL);
    answer->policy = "p";
    answer->varies = true;
    textbuf_puts(&answer->body, "much");
    textbuf_puts(&answer->body, "more than there is room for");
    CU_ASSERT_TRUE(answer->body.truncated);
    answer_say(answer, 500, "Too much.");
    ASSERT_TEXT(answer->body.data, "Too much.\n");
    ASSERT_TEXT(answer->type, "text/plain; charset=utf-8");
    CU_ASSERT_FALSE(answer->body.truncated || answer->varies || answer->policy != NULL);
    ASSERT_NUMBER(answer->date_ms, 5);
    answer_leave(answer);
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
    {"the_last_user_frees", the_last_user_frees},
    {"a_sentence_is_all_there_is", a_sentence_is_all_there_is},
    {"every_status_has_words", every_status_has_words},
    {NULL, NULL},
};
