#include "http.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool http_is(const struct http *http, const char *method, const char *path)
{
    return strcmp(http->method, method) == 0 && strcmp(http->path, path) == 0;
}

__attribute__((format(printf, 2, 3))) static bool send_text(struct http *http, const char *format,
                                                            ...)
{
    char text[2048];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length > 0 && length < (int)sizeof(text) &&
        stream_write(http->stream, text, (size_t)length))
        return true;
    http->close = true;
    return false;
}

size_t http_read_body(struct http *http, void *buffer, size_t size)
{
    size_t wanted = http->body_left < size ? (size_t)http->body_left : size;
    size_t early = http->used - http->head_length;
    size_t got;

    if (wanted == 0)
        return 0;
    if (early > 0) { /* what came together with the head */
        got = early < wanted ? early : wanted;
        memcpy(buffer, http->head + http->head_length, got);
        memmove(http->head + http->head_length, http->head + http->head_length + got, early - got);
        http->used -= got;
    } else {
        if (http->expects_100)
            send_text(http, "HTTP/1.1 100 Continue\r\n\r\n");
        http->expects_100 = false;
        got = stream_read(http->stream, buffer, wanted);
    }
    http->body_left -= got;
    return got;
}

static void skip_body(struct http *http)
{
    char unused[16384];

    if (http->expects_100) { /* the client is told no: it may or may not send the body now */
        http->close = true;
        return;
    }
    while (http_read_body(http, unused, sizeof(unused)) > 0)
        ;
}

void http_answer(struct http *http, const struct http_answer *answer)
{
    bool head_only = strcmp(http->method, "HEAD") == 0;

    skip_body(http);
    send_text(http,
              "HTTP/1.1 %d %s\r\nX-Standin: %s\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n"
              "%s\r\n%s",
              answer->status, answer->reason, http->stream->controller, answer->type,
              answer->header, strlen(answer->body), http->close ? "Connection: close\r\n" : "",
              head_only ? "" : answer->body);
}

bool http_begin(struct http *http, const char *type, int64_t length)
{
    char framing[64] = "Transfer-Encoding: chunked";

    skip_body(http);
    if (length >= 0)
        snprintf(framing, sizeof(framing), "Content-Length: %" PRId64, length);
    return send_text(http, "HTTP/1.1 200 OK\r\nX-Standin: %s\r\nContent-Type: %s\r\n%s\r\n%s\r\n",
                     http->stream->controller, type, framing,
                     http->close ? "Connection: close\r\n" : "");
}

/* Reads until the blank line that ends a head. */
static bool read_head(struct http *http)
{
    for (;;) {
        const char *end = memmem(http->head, http->used, "\r\n\r\n", 4);
        size_t got;

        if (end != NULL) {
            http->head_length = (size_t)(end - http->head) + 4;
            return true;
        }
        if (http->used == sizeof(http->head))
            return false;
        got = stream_read(http->stream, http->head + http->used, sizeof(http->head) - http->used);
        if (got == 0)
            return false;
        http->used += got;
    }
}

static bool parse_length(const char *value, uint64_t *length)
{
    char *end;

    *length = strtoull(value, &end, 10);
    return isdigit((unsigned char)*value) && *end == '\0' && *length < (UINT64_C(1) << 50);
}

/* Takes from one header line what matters here. */
static bool parse_header(struct http *http, char *line)
{
    char *value = strchr(line, ':');

    if (value == NULL)
        return false;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "content-length") == 0)
        return parse_length(value, &http->body_left);
    if (strcasecmp(line, "transfer-encoding") == 0)
        return false; /* no client that is meant here sends a chunked body */
    if (strcasecmp(line, "connection") == 0 && strcasecmp(value, "close") == 0)
        http->close = true;
    if (strcasecmp(line, "expect") == 0)
        http->expects_100 = true;
    return true;
}

static bool parse_request_line(struct http *http, char *line)
{
    char *path = strchr(line, ' ');
    char *version = path != NULL ? strchr(path + 1, ' ') : NULL;

    if (version == NULL || strncmp(version, " HTTP/1.", 8) != 0)
        return false;
    *path++ = '\0';
    *version = '\0';
    http->close = version[8] == '0';
    path[strcspn(path, "?")] = '\0';
    http->method = line;
    http->path = path;
    return true;
}

static bool parse_head(struct http *http)
{
    char *line = http->head;
    char *end = http->head + http->head_length - 2;

    http->body_left = 0;
    http->expects_100 = false;
    while (line < end) {
        char *next = memmem(line, (size_t)(end - line) + 2, "\r\n", 2);

        *next = '\0';
        if (line == http->head ? !parse_request_line(http, line) : !parse_header(http, line))
            return false;
        line = next + 2;
    }
    return true;
}

static void refuse(struct http *http)
{
    static const struct http_answer bad = {
        .status = 400,
        .reason = "Bad Request",
        .type = "text/plain",
        .header = "",
        .body = "400 Bad Request\n",
    };

    http->method = "";
    http->body_left = 0;
    http->expects_100 = false;
    http->close = true;
    http_answer(http, &bad);
}

void http_serve(struct stream *stream, void (*answer)(struct http *http))
{
    struct http *http = calloc(1, sizeof(*http));

    if (http == NULL)
        return;
    http->stream = stream;
    while (!http->close && read_head(http)) {
        if (parse_head(http))
            answer(http);
        else
            refuse(http);
        http->used -= http->head_length;
        memmove(http->head, http->head + http->head_length, http->used);
    }
    free(http);
}
