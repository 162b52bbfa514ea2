#include "base/strnum.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* Reads digits; *end is set behind them. Returns 0 or -1 with errno. */
static int read_digits(const char *text, const char **end, uint64_t *out)
{
    uint64_t value = 0;

    if (*text < '0' || *text > '9') {
        errno = EINVAL;
        return -1;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (value > (UINT64_MAX - digit) / 10) {
            errno = ERANGE;
            return -1;
        }
        value = value * 10 + digit;
    }
    *end = text;
    *out = value;
    return 0;
}

static int in_bounds(uint64_t value, uint64_t least, uint64_t most, uint64_t *out)
{
    if (value < least || value > most) {
        errno = ERANGE;
        return -1;
    }
    *out = value;
    return 0;
}

static int read_with_unit(const char *text, const struct unit *units, size_t count, uint64_t least,
                          uint64_t most, uint64_t *out)
{
    const char *end;
    uint64_t value;

    if (read_digits(text, &end, &value) == -1)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(end, units[i].suffix) != 0)
            continue;
        if (value > UINT64_MAX / units[i].factor) {
            errno = ERANGE;
            return -1;
        }
        return in_bounds(value * units[i].factor, least, most, out);
    }
    errno = EINVAL;
    return -1;
}

int strnum_uint(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    static const struct unit none[] = {{"", 1}};

    return read_with_unit(text, none, ARRAY_LEN(none), least, most, out);
}

static const struct unit durations[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

int strnum_duration(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    if (strcmp(text, "0") == 0)
        return in_bounds(0, least, most, out);
    return read_with_unit(text, durations, ARRAY_LEN(durations), least, most, out);
}

int strnum_size(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    static const struct unit sizes[] = {{"", 1}, {"k", 1024}, {"m", 1048576}};

    return read_with_unit(text, sizes, ARRAY_LEN(sizes), least, most, out);
}

char *strnum_format_duration(uint64_t ms, char text[STRNUM_DURATION_SIZE])
{
    size_t i = 0;

    if (ms == 0)
        return strcpy(text, "0");
    while (ms % durations[i].factor != 0)
        i++;
    snprintf(text, STRNUM_DURATION_SIZE, "%llu%s", (unsigned long long)(ms / durations[i].factor),
             durations[i].suffix);
    return text;
}
