#include "stats/answer.h"

#include <stdlib.h>
#include <time.h>

/* A head is a few hundred bytes, and a policy. */
#define HEAD_LIMIT 4096

/* For all that is no page: text and numbers, which load nothing. */
#define STRICT_POLICY "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

struct answer *answer_new(uint64_t date_ms, size_t limit)
{
    struct answer *answer = calloc(1, sizeof(*answer));

    if (answer == NULL)
        return NULL;
    answer->date_ms = date_ms;
    answer->users = 1;
    textbuf_init(&answer->head, HEAD_LIMIT);
    textbuf_init(&answer->body, limit);
    return answer;
}

struct answer *answer_share(struct answer *answer)
{
    answer->users++;
    return answer;
}

void answer_leave(struct answer *answer)
{
    if (answer == NULL || --answer->users > 0)
        return;
    textbuf_fini(&answer->head);
    textbuf_fini(&answer->body);
    free(answer);
}

void answer_say(struct answer *answer, int status, const char *sentence)
{
    answer->status = status;
    answer->type = ANSWER_TEXT;
    answer->varies = false;
    answer->policy = NULL;
    textbuf_clear(&answer->body);
    textbuf_puts(&answer->body, sentence);
    textbuf_puts(&answer->body, "\n");
}

const char *answer_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

static void write_date(uint64_t ms, struct textbuf *out)
{
    time_t seconds = (time_t)(ms / 1000);
    char text[40];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    textbuf_printf(out, "Date: %s\r\n", text);
}

void answer_write_head(struct answer *answer)
{
    struct textbuf *out = &answer->head;

    textbuf_clear(out);
    textbuf_printf(out, "HTTP/1.1 %d %s\r\n", answer->status, answer_reason(answer->status));
    write_date(answer->date_ms, out);
    if (answer->status != 204)
        textbuf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", answer->type,
                       answer->body.length);
    if (answer->status == 405)
        textbuf_puts(out, "Allow: GET, HEAD\r\n");
    if (answer->varies)
        textbuf_puts(out, "Vary: Accept\r\n");
    textbuf_printf(out, "Content-Security-Policy: %s\r\n",
                   answer->policy != NULL ? answer->policy : STRICT_POLICY);
    textbuf_puts(out, "Connection: close\r\n"
                      "Cache-Control: no-store\r\n"
                      "Referrer-Policy: no-referrer\r\n"
                      "X-Content-Type-Options: nosniff\r\n"
                      "\r\n");
}
