#include <string.h>
#include <time.h>

#include "base/defs.h"
#include "base/mono.h"
#include "unit/unit.h"

extern const struct unit_test mono_tests[];

static void test_never_back(void)
{
    uint64_t before = mono_us();

    CU_ASSERT(mono_ms() > 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = mono_us();

        CU_ASSERT_FATAL(now >= before);
        before = now;
    }
}

static void test_units_agree(void)
{
    uint64_t first_us = mono_us();
    uint64_t ms = mono_ms();
    uint64_t last_us = mono_us();

    CU_ASSERT(ms >= first_us / 1000 && ms <= last_us / 1000);
}

static void test_wall(void)
{
    uint64_t before = (uint64_t)time(NULL);
    uint64_t ms = wall_ms();

    CU_ASSERT(ms / 1000 >= before && ms / 1000 <= (uint64_t)time(NULL));
}

static void test_wall_format(void)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {1795439940000, "2026-11-23T13:19:00Z"},
        {4102444799999, "2099-12-31T23:59:59Z"},
        {253402300799000, "9999-12-31T23:59:59Z"},
        {UINT64_MAX, "-"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[WALL_TEXT_SIZE];

        memset(text, 'x', sizeof(text));
        ASSERT_TEXT(wall_format(rows[i].ms, text), rows[i].text);
    }
}

static void test_age_format(void)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {59, "59s"},
        {60, "1m 0s"},
        {3599, "59m 59s"},
        {3600, "1h 0m"},
        {86399, "23h 59m"},
        {86400, "1d 0h"},
        {31532399, "364d 22h"},
        {UINT64_MAX, "213503982334601d 7h"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[AGE_TEXT_SIZE];

        ASSERT_TEXT(age_format(rows[i].seconds, text), rows[i].text);
    }
}

const struct unit_test mono_tests[] = {
    {"never_back", test_never_back},   {"units_agree", test_units_agree}, {"wall", test_wall},
    {"wall_format", test_wall_format}, {"age_format", test_age_format},   {NULL, NULL},
};
