#include "probe/http_answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/defs.h"

static const struct {
    uint16_t status;
    const char *name;
} names[] = {
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {421, "Misdirected Request"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

/* A part of the body. */
struct piece {
    const char *start;
    size_t size;
};

static const char *name_of(uint16_t status)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].status == status)
            return names[i].name;
    }
    return "";
}

/* The line that begins at `offset`, without its end; *offset moves behind it. */
static struct piece next_line(const struct http_answer *answer, size_t *offset)
{
    struct piece line = {answer->body + *offset, 0};
    size_t rest = answer->body_size - *offset;
    const char *end = memchr(line.start, '\n', rest);

    line.size = end == NULL ? rest : (size_t)(end - line.start);
    *offset += line.size + (end != NULL);
    if (line.size > 0 && line.start[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* The first line "[-]NAME failed: …" and how many there are. */
static unsigned find_failed(const struct http_answer *answer, struct piece *first)
{
    unsigned count = 0;
    size_t offset = 0;

    while (offset < answer->body_size) {
        struct piece line = next_line(answer, &offset);

        if (line.size > 3 && memcmp(line.start, "[-]", 3) == 0 && count++ == 0)
            *first = line;
    }
    return count;
}

/* Whether it is something for people: not JSON, nor HTML, nor the size of a chunk. */
static bool is_plain(const struct http_answer *answer, const struct piece *line)
{
    if (answer->chunked || line->size == 0 || strchr("{[<", line->start[0]) != NULL)
        return false;
    for (size_t i = 0; i < line->size; i++) {
        if (!isprint((unsigned char)line->start[i]))
            return false;
    }
    return true;
}

/* isprint() of the C locale: the process never leaves it, so that the answer is one of ASCII. */
static void put_printable(char *out, const struct piece *piece, size_t room)
{
    size_t i;

    for (i = 0; i < piece->size && i + 1 < room; i++)
        out[i] = isprint((unsigned char)piece->start[i]) ? piece->start[i] : '?';
    out[i] = '\0';
}

void http_status_describe(uint16_t status, char *out, size_t size)
{
    const char *name = name_of(status);

    snprintf(out, size, "%u%s%s", status, name[0] != '\0' ? " " : "", name);
}

void http_answer_describe(const struct http_answer *answer, char *out, size_t size)
{
    struct piece line = {NULL, 0};
    char text[128];
    size_t offset = 0;
    unsigned failed = find_failed(answer, &line);

    if (failed == 0)
        line = next_line(answer, &offset);
    if (failed == 0 && !is_plain(answer, &line)) {
        http_status_describe(answer->status, out, size);
        return;
    }
    put_printable(text, &line, sizeof(text));
    if (failed > 1)
        snprintf(out, size, "%u: %s, and %u more", answer->status, text, failed - 1);
    else
        snprintf(out, size, "%u: %s", answer->status, text);
}
