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

void words_separate(struct textbuf *out, size_t start, const char *separator)
{
    if (out->length > start)
        textbuf_puts(out, separator);
}
