#include "control/import_haproxy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/strnum.h"

/* HAProxy's longest time, in milliseconds: about 24 days. */
#define TIME_MOST INT32_MAX

const char *haproxy_word(const struct haproxy_words *words, size_t at)
{
    return at < words->count ? words->list[at] : "";
}

static const char *argument(struct haproxy *file, const struct haproxy_words *words, size_t at)
{
    if (at < words->count)
        return words->list[at];
    haproxy_error(file, words->line, "%s: its value is missing", words->list[words->count - 1]);
    return NULL;
}

/* "5000", "5s", "1d": HAProxy counts in milliseconds where there is no unit. */
static int read_time(const char *text, uint64_t *ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = strspn(text, "0123456789");
    char number[16];

    if (digits == 0 || digits >= sizeof(number))
        return -1;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (strnum_uint(number, 0, TIME_MOST, ms) == -1)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(text + digits, units[i].unit) == 0) {
            *ms *= units[i].ms;
            return *ms <= TIME_MOST ? 0 : -1;
        }
    }
    if (strcmp(text + digits, "us") != 0)
        return -1;
    *ms = (*ms + 999) / 1000;
    return 0;
}

int haproxy_store_time(struct haproxy *file, const struct haproxy_words *words, size_t at,
                       struct haproxy_value *value)
{
    const char *text = argument(file, words, at);
    char duration[STRNUM_DURATION_SIZE];
    uint64_t ms;

    if (text == NULL)
        return -1;
    if (read_time(text, &ms) == -1)
        return haproxy_error(file, words->line, "%s: \"%s\" is not a time such as 500, 500ms or 5s",
                             words->list[at - 1], text);
    value->text = haproxy_keep(file, "%s", strnum_format_duration(ms, duration));
    value->line = words->line;
    return 0;
}

int haproxy_store_number(struct haproxy *file, const struct haproxy_words *words, size_t at,
                         struct haproxy_value *value)
{
    const char *text = argument(file, words, at);
    uint64_t number;

    if (text == NULL)
        return -1;
    if (strnum_uint(text, 0, UINT32_MAX, &number) == -1)
        return haproxy_error(file, words->line, "%s: \"%s\" is not a number", words->list[at - 1],
                             text);
    value->text = haproxy_keep(file, "%llu", (unsigned long long)number);
    value->line = words->line;
    return 0;
}

int haproxy_store_text(struct haproxy *file, const struct haproxy_words *words, size_t at,
                       struct haproxy_value *value)
{
    const char *text = argument(file, words, at);

    if (text == NULL)
        return -1;
    value->text = haproxy_keep(file, "%s", text);
    value->line = words->line;
    return 0;
}

void haproxy_put(struct haproxy *file, struct haproxy_value *value,
                 const struct haproxy_words *words, const char *text)
{
    *value = (struct haproxy_value){haproxy_keep(file, "%s", text), words->line};
}

bool haproxy_is_among(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, list[i]) == 0)
            return true;
    }
    return false;
}

char *haproxy_clean_name(const char *name, char out[CONF_NAME_SIZE])
{
    size_t length = 0;

    for (; *name != '\0' && length < HAPROXY_NAME_MOST; name++) {
        bool is_fine = isalnum((unsigned char)*name) || strchr("-_.", *name) != NULL;

        out[length] = is_fine && (length > 0 || *name != '.') ? *name : '_';
        length++;
    }
    out[length] = '\0';
    return out;
}

void haproxy_number_name(char name[CONF_NAME_SIZE], unsigned number)
{
    size_t end = strnlen(name, HAPROXY_NAME_MOST - HAPROXY_SUFFIX);

    snprintf(name + end, HAPROXY_SUFFIX + 1, "-%u", number);
}
