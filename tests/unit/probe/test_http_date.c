#include "unit/unit.h"

#include <stdio.h>

#include "base/defs.h"
#include "base/mono.h"
#include "probe/http_date.h"

static const struct {
    const char *text;
    int64_t seconds; /* -1: no date */
} rows[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
    {"Sun Nov  6 08:49:37 1994", 784111777},
    {"Sun Nov 16 08:49:37 1994", 784975777},
    {"Mon, 23 Nov 2026 18:00:00 GMT", 1795456800},
    {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
    {"Wed, 31 Dec 2008 23:59:60 GMT", 1230768000}, /* a leap second */
    {"Wed, 29 Feb 2023 00:00:00 GMT", -1},
    {"Sun, 06 Nov 1994 08:49:37", -1},
    {"Sun, 06 Nov 1994 08:49:37 CET", -1},
    {"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
    {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
    {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
    {"Sun, 06 Nov 1994 08:60:37 GMT", -1},
    {"Sun, 06 Nov 1994 08:49:61 GMT", -1},
    {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
    {"Sun, 32 Jan 1994 08:49:37 GMT", -1},
    {"Sun, 06 nov 1994 08:49:37 GMT", -1},
    {"Sonntag, 06-Nov-94 08:49:37 GMT", -1},
    {"", -1},
    {"S", -1},
    {"0", -1},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t seconds = -1;
        int result = http_date_parse(rows[i].text, &seconds);

        if (seconds != rows[i].seconds)
            printf("\"%s\"\n", rows[i].text);
        ASSERT_NUMBER(seconds, rows[i].seconds);
        ASSERT_NUMBER(result, rows[i].seconds == -1 ? -1 : 0);
    }
}

static void test_ahead(void)
{
    ASSERT_NUMBER(http_date_ahead_ms(1000, 1000500), 0);
    ASSERT_NUMBER(http_date_ahead_ms(1090, 1000500), 90000);
    ASSERT_NUMBER(http_date_ahead_ms(910, 1000500), -90000);
}

const struct unit_test http_date_tests[] = {
    {"rows", test_rows},
    {"ahead", test_ahead},
    {NULL, NULL},
};
