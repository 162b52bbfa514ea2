#include "probe/http_date.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/*
 * A form is a text in which each of these letters stands for something; all else is itself:
 * a short and A long name of a weekday, D day of two digits, d the same with a blank for a zero,
 * N name of a month, Y year of four and y of two digits, H hour, M minute, S second.
 */
static const char *const forms[] = {
    "a, D N Y H:M:S G", /* IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT */
    "A, D-N-y H:M:S G", /* of RFC 850: Sunday, 06-Nov-94 08:49:37 GMT */
    "a N d H:M:S Y",    /* asctime(3): Sun Nov  6 08:49:37 1994 */
};

static const char weekdays[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Reads exactly so many digits; the end of what was read, or NULL. */
static const char *read_digits(const char *at, int count, int *out)
{
    *out = 0;
    for (; count > 0; count--, at++) {
        if (!isdigit((unsigned char)*at))
            return NULL;
        *out = *out * 10 + (*at - '0');
    }
    return at;
}

static const char *read_weekday(const char *at, bool is_long)
{
    for (size_t i = 0; i < ARRAY_LEN(weekdays); i++) {
        size_t size = is_long ? strlen(weekdays[i]) : 3;

        if (strncmp(at, weekdays[i], size) == 0)
            return at + size;
    }
    return NULL;
}

static const char *read_month(const char *at, int *out)
{
    for (size_t i = 0; i < ARRAY_LEN(months); i++) {
        if (strncmp(at, months[i], 3) == 0) {
            *out = (int)i;
            return at + 3;
        }
    }
    return NULL;
}

/* A year of two digits that seems more than 50 years ahead is one of the last century. */
static const char *read_short_year(const char *at, int *out)
{
    time_t now = time(NULL);
    struct tm today;
    int this_year = gmtime_r(&now, &today) == NULL ? 2000 : today.tm_year + 1900;

    at = read_digits(at, 2, out);
    *out += this_year - this_year % 100;
    if (*out > this_year + 50)
        *out -= 100;
    *out -= 1900;
    return at;
}

static const char *read_year(const char *at, int *out)
{
    at = read_digits(at, 4, out);
    *out -= 1900;
    return at;
}

static const char *read_part(const char *at, char part, struct tm *tm)
{
    switch (part) {
    case 'a':
    case 'A':
        return read_weekday(at, part == 'A');
    case 'd':
        return *at == ' ' ? read_digits(at + 1, 1, &tm->tm_mday) : read_digits(at, 2, &tm->tm_mday);
    case 'D':
        return read_digits(at, 2, &tm->tm_mday);
    case 'N':
        return read_month(at, &tm->tm_mon);
    case 'Y':
        return read_year(at, &tm->tm_year);
    case 'y':
        return read_short_year(at, &tm->tm_year);
    case 'H':
        return read_digits(at, 2, &tm->tm_hour);
    case 'M':
        return read_digits(at, 2, &tm->tm_min);
    case 'S':
        return read_digits(at, 2, &tm->tm_sec);
    case 'G':
        return strncmp(at, "GMT", 3) == 0 ? at + 3 : NULL;
    default:
        return *at == part ? at + 1 : NULL;
    }
}

/* 60 seconds are a leap second. */
static bool is_possible(const struct tm *tm)
{
    struct tm copy = *tm;

    copy.tm_sec = 0;
    return tm->tm_year >= 0 && tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 60 &&
           tm->tm_mday >= 1 && timegm(&copy) != -1 && copy.tm_mday == tm->tm_mday;
}

static int read_form(const char *at, const char *form, int64_t *out)
{
    struct tm tm = {0};

    for (; *form != '\0' && at != NULL; form++)
        at = read_part(at, *form, &tm);
    if (at == NULL || *at != '\0' || !is_possible(&tm))
        return -1;
    *out = (int64_t)timegm(&tm);
    return 0;
}

int http_date_parse(const char *text, int64_t *out)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (read_form(text, forms[i], out) == 0)
            return 0;
    }
    return -1;
}

int64_t http_date_ahead_ms(int64_t date_s, uint64_t wall_ms)
{
    return date_s * 1000 + 500 - (int64_t)wall_ms;
}
