#include "report/words.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"

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

/* C0 controls, DEL, and the C1 controls U+0080 to U+009F. */
static bool is_control(const char *string, unsigned length)
{
    unsigned char first = (unsigned char)string[0];

    if (length == 1)
        return first < 0x20 || first == 0x7f;
    return length == 2 && first == 0xc2 && (unsigned char)string[1] < 0xa0;
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

/* The places a safe text takes on a terminal: its bytes without UTF-8's continuation bytes. */
static unsigned places_of(const char *text, size_t size)
{
    unsigned places = 0;

    for (size_t i = 0; i < size; i++)
        places += ((unsigned char)text[i] & 0xc0) != 0x80;
    return places;
}

void words_wrap(struct textbuf *out, const char *string, unsigned used, unsigned indent,
                unsigned width)
{
    struct textbuf safe;
    bool is_first = true; /* word of its line */

    textbuf_init(&safe, out->limit);
    words_safe(&safe, string);
    for (const char *at = safe.data; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");
        unsigned places = places_of(at, size);

        if (!is_first && used + 1 + places > width) {
            textbuf_printf(out, "\n%*s", (int)indent, "");
            used = indent;
            is_first = true;
        }
        textbuf_puts(out, is_first ? "" : " ");
        textbuf_append(out, at, size);
        used += places + !is_first;
        is_first = false;
        at += size;
    }
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
}

void words_separate(struct textbuf *out, size_t start, const char *separator)
{
    if (out->length > start)
        textbuf_puts(out, separator);
}
