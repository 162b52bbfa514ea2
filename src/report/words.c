#include "report/words.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "base/mono.h"

char *words_bytes(uint64_t bytes, char text[WORDS_BYTES_SIZE])
{
    static const char units[] = "kMGTPE";
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(text, WORDS_BYTES_SIZE, "%u", (unsigned)bytes);
        return text;
    }
    while (value >= 999.5) {
        value /= 1024;
        unit++;
    }
    snprintf(text, WORDS_BYTES_SIZE, value < 9.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
    return text;
}

char *words_count(uint64_t count, char text[WORDS_COUNT_SIZE])
{
    static const char units[] = "kMGTPE";
    double value = (double)count / 1000;
    size_t unit = 0;

    if (count < 100000) {
        snprintf(text, WORDS_COUNT_SIZE, "%u", (unsigned)count);
        return text;
    }
    while (value >= 999.5) {
        value /= 1000;
        unit++;
    }
    snprintf(text, WORDS_COUNT_SIZE, value < 9.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
    return text;
}

char *words_age(uint64_t seconds, char text[AGE_TEXT_SIZE])
{
    const uint64_t most = (uint64_t)10000 * 24 * 3600 - 1;

    return age_format(seconds < most ? seconds : most, text);
}

/* The bounds of the second byte exclude overlong forms, surrogates and what is beyond U+10FFFF. */
static unsigned sequence_length(const unsigned char *s)
{
    unsigned low = 0x80;
    unsigned high = 0xbf;

    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        return s[1] >= low && s[1] <= high ? 2 : 0;
    if (s[0] == 0xe0 || s[0] == 0xf0)
        low = s[0] == 0xe0 ? 0xa0 : 0x90;
    if (s[0] == 0xed || s[0] == 0xf4)
        high = s[0] == 0xed ? 0x9f : 0x8f;
    if (s[0] < 0xe0 || s[0] > 0xf4 || s[1] < low || s[1] > high || (s[2] & 0xc0) != 0x80)
        return 0;
    if (s[0] < 0xf0)
        return 3;
    return (s[3] & 0xc0) == 0x80 ? 4 : 0;
}

unsigned words_utf8(const char *string)
{
    const unsigned char *s = (const unsigned char *)string;

    return s[0] < 0x80 ? 1 : sequence_length(s);
}

/* The code point of a sequence of that length, which words_utf8() has found. */
static uint32_t code_point(const char *string, unsigned length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)string[0] & masks[length];

    for (unsigned i = 1; i < length; i++)
        point = point << 6 | ((unsigned char)string[i] & 0x3f);
    return point;
}

struct points {
    uint32_t first;
    uint32_t last;
};

static bool is_among(uint32_t point, const struct points *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= list[i].first && point <= list[i].last)
            return true;
    }
    return false;
}

/*
 * What moves the cursor, ends a line, or turns the order of what stands beside it: C0 and C1
 * controls, DEL, marks of direction, and Unicode's own ends of line.
 */
static bool is_control(const char *string, unsigned length)
{
    static const struct points list[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200b, 0x200f},
                                         {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}};

    return is_among(code_point(string, length), list, ARRAY_LEN(list));
}

/* East Asian characters and pictures, which most terminals give two places (Unicode's annex 11). */
static bool is_wide(const char *string, unsigned length)
{
    static const struct points list[] = {
        {0x1100, 0x115f}, {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff}, {0xfe30, 0xfe6f},   {0xff00, 0xff60},
        {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
    };

    return length > 2 && is_among(code_point(string, length), list, ARRAY_LEN(list));
}

/* The places and the bytes that the next character of a safe text takes. */
static unsigned next_places(const char *text, unsigned *length)
{
    *length = words_utf8(text);
    if (*length == 0) {
        *length = 1;
        return 1;
    }
    return is_wide(text, *length) ? 2 : 1;
}

static unsigned places_of(const char *text, size_t size)
{
    const char *end = text + size;
    unsigned places = 0;
    unsigned length;

    for (; text < end; text += length)
        places += next_places(text, &length);
    return places;
}

size_t words_width(const char *text)
{
    return places_of(text, strlen(text));
}

void words_safe(struct textbuf *out, const char *string)
{
    while (*string != '\0') {
        unsigned length = words_utf8(string);

        if (length == 0 || is_control(string, length))
            textbuf_puts(out, "?");
        else
            textbuf_append(out, string, length);
        string += length > 0 ? length : 1;
    }
}

/* What stands for itself in no HTML text or attribute value; NULL for what does. */
static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void words_html(struct textbuf *out, const char *string)
{
    struct textbuf safe;

    textbuf_init(&safe, out->limit);
    words_safe(&safe, string);
    for (const char *c = safe.data; c != NULL && *c != '\0'; c++) {
        const char *entity = entity_of(*c);

        if (entity != NULL)
            textbuf_puts(out, entity);
        else
            textbuf_append(out, c, 1);
    }
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
}

bool words_is_good(enum board_check_code code)
{
    return code == CHECKED_L4OK || code == CHECKED_L6OK || code == CHECKED_L7OK;
}

void words_reason(struct textbuf *out, const struct snapshot_service *service,
                  const struct snapshot_backend *backend)
{
    const struct board_check *check = &backend->check;
    size_t start = out->length;

    if (backend->status == STATUS_BLOCKED && backend->blocked_by[0] != '\0') {
        textbuf_puts(out, backend->blocked_by);
        return;
    }
    if (check->code == CHECKED_NONE && check->description[0] == '\0') {
        textbuf_puts(out, service->check == CHECK_NONE ? "not checked" : "no probe yet");
        return;
    }
    if (backend->health == BOARD_SUSPECT && words_is_good(check->code)) {
        textbuf_printf(out, "in doubt since %s", board_check_name(check->code));
        return;
    }
    if (check->code != CHECKED_NONE)
        textbuf_puts(out, board_check_name(check->code));
    if (check->description[0] != '\0') {
        words_separate(out, start, " ");
        textbuf_puts(out, check->description);
    }
}

void words_why(struct textbuf *out, const struct snapshot_service *service,
               const struct snapshot_backend *backend)
{
    uint32_t us = backend->check.duration_us;

    words_reason(out, service, backend);
    if (!words_is_good(backend->check.code) || backend->health == BOARD_SUSPECT ||
        backend->status == STATUS_BLOCKED)
        return;
    if (us < 1000)
        textbuf_printf(out, " in 0.%u ms", us / 100);
    else
        textbuf_printf(out, " in %u ms", us / 1000);
}

bool words_is_trouble(enum snapshot_status status)
{
    return status == STATUS_DOWN || status == STATUS_BLOCKED || status == STATUS_SUSPECT;
}

/* Whether the list has the address that is any host of the other family, with the same port. */
static const struct addr *other_of_pair(const struct addr *listeners, size_t count,
                                        const struct addr *one)
{
    for (size_t i = 0; addr_is_any(one) && i < count; i++) {
        const struct addr *other = &listeners[i];

        if (addr_is_any(other) && other->port == one->port && other->family != one->family)
            return other;
    }
    return NULL;
}

void words_listen(struct textbuf *out, const struct addr *listeners, size_t count)
{
    size_t start = out->length;
    char text[ADDR_TEXT_SIZE];

    if (count == 0)
        textbuf_puts(out, "-");
    for (size_t i = 0; i < count; i++) {
        const struct addr *other = other_of_pair(listeners, count, &listeners[i]);

        /* Of a pair the first one is printed, for both. */
        if (other != NULL && other < &listeners[i])
            continue;
        words_separate(out, start, ", ");
        if (other != NULL)
            textbuf_printf(out, ":%u", (unsigned)listeners[i].port);
        else
            textbuf_puts(out, addr_format(&listeners[i], text));
    }
}

void words_backends(struct textbuf *out, const struct snapshot_service *service)
{
    size_t start = out->length;

    for (int status = STATUS_UP; status >= STATUS_MAINT; status--) {
        unsigned count = 0;

        for (size_t i = 0; i < service->backend_count; i++)
            count += service->backends[i].status == (enum snapshot_status)status;
        if (count == 0)
            continue;
        words_separate(out, start, ", ");
        textbuf_printf(out, "%u %s", count, snapshot_status_name((enum snapshot_status)status));
    }
    if (out->length == start)
        textbuf_puts(out, "no backends");
}

void words_turned_away(struct textbuf *out, const struct snapshot_service *service,
                       const char *before, const char *after)
{
    const struct {
        const char *word;
        uint64_t count;
    } numbers[] = {
        {"refused", service->refused},
        {"denied", service->denied},
        {"limited", service->limited},
        {"untold", service->sources_full},
    };
    size_t start = out->length;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (numbers[i].count > 0)
            textbuf_printf(out, "%s%s %llu", out->length == start ? before : ", ", numbers[i].word,
                           (unsigned long long)numbers[i].count);
    }
    if (out->length > start)
        textbuf_puts(out, after);
}

void words_process(struct textbuf *out, const struct snapshot_process *process)
{
    textbuf_puts(out, board_role_name(process->role));
    if (process->role == BOARD_ROLE_WORKER && !process->orphan)
        textbuf_printf(out, " %u", process->slot + 1);
}

char *words_place(const struct snapshot_backend *backend, char text[WORDS_PLACE_SIZE])
{
    char place[CONF_PLACE_SIZE];
    char address[ADDR_TEXT_SIZE];

    conf_place_format(backend->host, &backend->address, place);
    if (backend->host[0] == '\0' || backend->address.family == ADDR_NONE)
        snprintf(text, WORDS_PLACE_SIZE, "%s", place);
    else
        snprintf(text, WORDS_PLACE_SIZE, "%s (%s)", place,
                 addr_format_ip(&backend->address, address));
    return text;
}

/* ---- lines ---- */

struct line {
    struct textbuf *out;
    unsigned used;
    unsigned indent;
    unsigned width;
    bool is_first; /* word of this line */
};

static void begin_line(struct line *line)
{
    textbuf_printf(line->out, "\n%*s", (int)line->indent, "");
    line->used = line->indent;
    line->is_first = true;
}

/* A word that is longer than a line is broken where the line ends. */
static void put_pieces(struct line *line, const char *word, size_t size)
{
    const char *end = word + size;

    while (word < end) {
        unsigned length;
        unsigned places = next_places(word, &length);

        if (line->used + places > line->width && line->used > line->indent)
            begin_line(line);
        textbuf_append(line->out, word, length);
        line->used += places;
        word += length;
    }
    line->is_first = false;
}

static void put_word(struct line *line, const char *word, size_t size)
{
    if (!line->is_first && line->used + 1 + places_of(word, size) > line->width)
        begin_line(line);
    if (!line->is_first) {
        textbuf_puts(line->out, " ");
        line->used++;
    }
    put_pieces(line, word, size);
}

void words_wrap(struct textbuf *out, const char *string, unsigned used, unsigned indent,
                unsigned width)
{
    struct line line = {
        .out = out, .used = used, .indent = indent, .width = width, .is_first = true};
    struct textbuf safe;

    textbuf_init(&safe, out->limit);
    words_safe(&safe, string);
    for (const char *at = safe.data; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");

        put_word(&line, at, size);
        at += size;
    }
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
}

void words_clip(struct textbuf *out, const char *string, unsigned places)
{
    struct textbuf safe;
    unsigned used = 0;
    unsigned length;

    textbuf_init(&safe, out->limit);
    words_safe(&safe, string);
    for (const char *at = safe.data; at != NULL && *at != '\0'; at += length) {
        unsigned here = next_places(at, &length);

        if (used + here + (at[length] != '\0') > places) {
            textbuf_puts(out, "~");
            break;
        }
        textbuf_append(out, at, length);
        used += here;
    }
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
}

void words_separate(struct textbuf *out, size_t start, const char *separator)
{
    if (out->length > start)
        textbuf_puts(out, separator);
}
