#include "probe/http_answer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/strnum.h"

#include "probe/http_date.h"

static const char version_start[] = "HTTP/1.";

void http_answer_init(struct http_answer *answer, bool is_head)
{
    memset(answer, 0, offsetof(struct http_answer, line));
    answer->is_head = is_head;
    answer->body_room = HTTP_ANSWER_MOST_BODY;
}

static enum http_answer_state fail(struct http_answer *answer, const char *problem)
{
    answer->problem = problem;
    answer->state = HTTP_INVALID;
    return answer->state;
}

/* ---- lines ---- */

/* "HTTP/1.1 200 OK"; a missing reason is forgiven with its blank. */
static void take_status_line(struct http_answer *answer)
{
    const char *line = answer->line;
    unsigned status = 0;

    if (answer->line_size < 12 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
        (line[12] != '\0' && line[12] != ' ')) {
        fail(answer, "not HTTP/1: a status line that is none");
        return;
    }
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line[i])) {
            fail(answer, "not HTTP/1: a status that is no number");
            return;
        }
        status = status * 10 + (unsigned)(line[i] - '0');
    }
    if (status < 100 || status > 599) {
        fail(answer, "not HTTP/1: a status beyond 100 to 599");
        return;
    }
    answer->status = (uint16_t)status;
    answer->closes = line[7] == '0';
    answer->state = HTTP_HEADERS;
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("!#$%&'*+-.^_`|~", text[i]) == NULL)
            return false;
    }
    return size > 0;
}

/* Two lengths that differ are none: the body then goes on until the other end closes. */
static void take_length(struct http_answer *answer, const char *value)
{
    uint64_t length;

    if (strnum_uint(value, 0, UINT64_MAX, &length) == -1) {
        fail(answer, "not HTTP/1: a Content-Length that is no number");
        return;
    }
    answer->has_doubt |= answer->has_length && answer->length != length;
    answer->has_length = true;
    answer->length = length;
}

/* Any coding but this one alone is beyond us. */
static void take_coding(struct http_answer *answer, const char *value)
{
    answer->closes |= answer->chunked || strcasecmp(value, "chunked") != 0;
    answer->chunked = true;
}

/* A list of words (RFC 9110, 7.6.1), of which one is of interest. */
static void take_connection(struct http_answer *answer, const char *value)
{
    static const char wanted[] = "close";

    while (*value != '\0') {
        size_t size = strcspn(value, ", \t");

        answer->closes |= size == sizeof(wanted) - 1 && strncasecmp(value, wanted, size) == 0;
        value += size;
        value += strspn(value, ", \t");
    }
}

static void take_value(struct http_answer *answer, const char *name, const char *value)
{
    if (strcasecmp(name, "Date") == 0)
        answer->has_date = http_date_parse(value, &answer->date_s) == 0;
    else if (strcasecmp(name, "Content-Length") == 0)
        take_length(answer, value);
    else if (strcasecmp(name, "Transfer-Encoding") == 0)
        take_coding(answer, value);
    else if (strcasecmp(name, "Connection") == 0)
        take_connection(answer, value);
}

static void take_header(struct http_answer *answer)
{
    char *colon = strchr(answer->line, ':');
    char *value;
    size_t size;

    if (colon == NULL || !is_token(answer->line, (size_t)(colon - answer->line))) {
        fail(answer, "not HTTP/1: a header without a name");
        return;
    }
    *colon = '\0';
    value = colon + 1 + strspn(colon + 1, " \t");
    size = strlen(value);
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        value[--size] = '\0';
    take_value(answer, answer->line, value);
}

/* Whatever the headers say (RFC 9112, 6.3). */
static bool has_no_body(const struct http_answer *answer)
{
    return answer->is_head || answer->status == 204 || answer->status == 304;
}

/* An interim answer (100, 103) is followed by another one; 101 is no answer to our question. */
static void end_head(struct http_answer *answer)
{
    if (answer->status < 200 && answer->status != 101) {
        answer->status = 0;
        answer->has_date = answer->has_length = answer->chunked = answer->has_doubt = false;
        answer->state = HTTP_STATUS_LINE;
        return;
    }
    answer->closes |= answer->has_doubt || (answer->chunked && answer->has_length);
    if (answer->chunked || answer->has_doubt)
        answer->has_length = false;
    answer->state = HTTP_BODY;
    if (has_no_body(answer) || (answer->has_length && answer->length == 0))
        answer->state = HTTP_COMPLETE;
}

static void end_line(struct http_answer *answer)
{
    answer->line[answer->line_size] = '\0';
    if (answer->state == HTTP_STATUS_LINE)
        take_status_line(answer);
    else if (answer->line_size == 0)
        end_head(answer);
    else
        take_header(answer);
    answer->line_size = 0;
}

/* Refuses what cannot become a status line at its first wrong byte: no need to wait for more. */
static bool is_possible(const struct http_answer *answer, char byte)
{
    return answer->state != HTTP_STATUS_LINE || answer->line_size >= sizeof(version_start) - 1 ||
           byte == version_start[answer->line_size];
}

static void take_head_byte(struct http_answer *answer, char byte)
{
    bool after_return = answer->after_return;

    answer->after_return = byte == '\r';
    if (++answer->head_size > HTTP_ANSWER_MOST_HEAD)
        fail(answer, "an endless head: more than 16 KiB of headers");
    else if (after_return && byte != '\n')
        fail(answer, "not HTTP/1: a carriage return within a line");
    else if (byte == '\n' && answer->state == HTTP_STATUS_LINE &&
             answer->line_size < sizeof(version_start) - 1)
        fail(answer, "not HTTP/1: it begins otherwise");
    else if (byte == '\n')
        end_line(answer);
    else if (byte == '\r')
        return;
    else if (!is_possible(answer, byte))
        fail(answer, "not HTTP/1: it begins otherwise");
    else if (iscntrl((unsigned char)byte) && byte != '\t')
        fail(answer, "not HTTP/1: a control character");
    else if (answer->line_size < sizeof(answer->line) - 1)
        answer->line[answer->line_size++] = byte;
}

/* ---- the body ---- */

/* The last chunk (RFC 9112, 7.1); chunks are not taken apart, the text is good enough as it is. */
static bool has_last_chunk(const struct http_answer *answer)
{
    static const char last[] = "\r\n0\r\n\r\n";
    const size_t size = sizeof(last) - 1;

    if (!answer->chunked)
        return false;
    if (answer->body_size == size - 2)
        return memcmp(answer->body, last + 2, size - 2) == 0;
    return answer->body_size >= size &&
           memcmp(answer->body + answer->body_size - size, last, size) == 0;
}

static void take_body(struct http_answer *answer, const char *data, size_t size)
{
    size_t room = answer->body_room - answer->body_size;

    if (size > room) {
        answer->has_more = true;
        size = room;
    }
    memcpy(answer->body + answer->body_size, data, size);
    answer->body_size += size;
    if (answer->body_size == answer->body_room || has_last_chunk(answer) ||
        (answer->has_length && answer->body_size >= answer->length))
        answer->state = HTTP_COMPLETE;
}

enum http_answer_state http_answer_take(struct http_answer *answer, const char *data, size_t size)
{
    while (size > 0 && (answer->state == HTTP_STATUS_LINE || answer->state == HTTP_HEADERS)) {
        take_head_byte(answer, *data);
        data++;
        size--;
    }
    if (size > 0 && answer->state == HTTP_BODY)
        take_body(answer, data, size);
    else if (size > 0)
        answer->has_more = true;
    return answer->state;
}

enum http_answer_state http_answer_close(struct http_answer *answer)
{
    if (answer->state == HTTP_STATUS_LINE || answer->state == HTTP_HEADERS)
        return fail(answer, "connection closed before the answer");
    if (answer->state == HTTP_BODY)
        answer->state = HTTP_COMPLETE;
    answer->closes = true;
    return answer->state;
}

/* ---- chunks ---- */

/*
 * The size that a chunk begins with, its line included in *at; -1 when there is none. What stands
 * behind a semicolon is of no interest.
 */
static int64_t read_chunk_size(const struct http_answer *answer, size_t *at)
{
    const char *line = answer->body + *at;
    const char *end = memchr(line, '\n', answer->body_size - *at);
    int64_t size = 0;
    int digits = 0;

    if (end == NULL)
        return -1;
    for (; isxdigit((unsigned char)line[digits]); digits++) {
        int digit = tolower((unsigned char)line[digits]);

        size = size * 16 + (digit <= '9' ? digit - '0' : digit - 'a' + 10);
        if (size > HTTP_ANSWER_MOST_KEPT)
            return -1;
    }
    if (line[digits] != ';' && line + digits + strspn(line + digits, "\r") != end)
        return -1;
    *at += (size_t)(end - line) + 1;
    return digits > 0 ? size : -1;
}

static bool has_line_end(const struct http_answer *answer, size_t at)
{
    return answer->body_size - at >= 2 && memcmp(answer->body + at, "\r\n", 2) == 0;
}

/* Whether the chunks end with the body, each where it should. */
static bool ends_in_chunks(const struct http_answer *answer)
{
    size_t at = 0;
    int64_t size;

    while ((size = read_chunk_size(answer, &at)) > 0) {
        if ((size_t)size > answer->body_size - at || !has_line_end(answer, at + (size_t)size))
            return false;
        at += (size_t)size + 2;
    }
    return size == 0 && has_line_end(answer, at) && at + 2 == answer->body_size;
}

bool http_answer_is_whole(const struct http_answer *answer)
{
    if (answer->state != HTTP_COMPLETE || answer->closes || answer->has_more)
        return false;
    if (has_no_body(answer))
        return true;
    if (answer->chunked)
        return ends_in_chunks(answer);
    return answer->has_length && answer->body_size == answer->length;
}

bool http_answer_will_end(const struct http_answer *answer)
{
    return answer->state == HTTP_BODY && !answer->closes &&
           (answer->chunked || (answer->has_length && answer->length <= answer->body_room));
}

bool http_answer_join(struct http_answer *answer)
{
    size_t to = 0;
    size_t at = 0;
    int64_t size;

    if (!answer->chunked)
        return !answer->has_length || answer->body_size >= answer->length;
    while ((size = read_chunk_size(answer, &at)) > 0) {
        if ((size_t)size + 2 > answer->body_size - at)
            return false;
        memmove(answer->body + to, answer->body + at, (size_t)size);
        to += (size_t)size;
        at += (size_t)size + 2;
    }
    answer->body_size = to;
    return size == 0;
}
