#include <errno.h>
#include <stdio.h>

#include "base/defs.h"
#include "base/strnum.h"
#include "unit/unit.h"

extern const struct unit_test strnum_tests[];

typedef int reader(const char *text, uint64_t least, uint64_t most, uint64_t *out);

struct row {
    const char *text;
    int error; /* 0, EINVAL or ERANGE */
    uint64_t value;
};

/* Reads each text within 0..most; an error must leave the old value. */
static void check_rows(reader *read, const struct row *rows, size_t count, uint64_t most)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 4711;
        char got[120];
        char wanted[120];
        int result;

        errno = 0;
        result = read(rows[i].text, 0, most, &value);
        snprintf(got, sizeof(got), "\"%s\": %d %d %llu", rows[i].text, result,
                 result == -1 ? errno : 0, (unsigned long long)value);
        snprintf(wanted, sizeof(wanted), "\"%s\": %d %d %llu", rows[i].text,
                 rows[i].error != 0 ? -1 : 0, rows[i].error,
                 (unsigned long long)(rows[i].error != 0 ? 4711 : rows[i].value));
        ASSERT_TEXT(got, wanted);
    }
}

static void test_uint(void)
{
    static const struct row rows[] = {
        {"0", 0, 0},
        {"00012", 0, 12},
        {"65535", 0, 65535},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", ERANGE, 0},
        {"18446744073709551620", ERANGE, 0},
        {"99999999999999999999999", ERANGE, 0},
        {"", EINVAL, 0},
        {" 1", EINVAL, 0},
        {"1 ", EINVAL, 0},
        {"+1", EINVAL, 0},
        {"-1", EINVAL, 0},
        {"0x10", EINVAL, 0},
        {"1.5", EINVAL, 0},
        {"1e3", EINVAL, 0},
        {"k", EINVAL, 0},
        {"1k", EINVAL, 0},
    };

    check_rows(strnum_uint, rows, ARRAY_LEN(rows), UINT64_MAX);
}

static void test_duration(void)
{
    static const struct row rows[] = {
        {"0", 0, 0},
        {"0s", 0, 0},
        {"200ms", 0, 200},
        {"2s", 0, 2000},
        {"5m", 0, 300000},
        {"1h", 0, 3600000},
        {"5124095576030h", 0, 18446744073708000000u},
        {"5124095576031h", ERANGE, 0},
        {"18446744073709551615ms", 0, UINT64_MAX},
        {"18446744073709551615s", ERANGE, 0},
        {"", EINVAL, 0},
        {"2", EINVAL, 0},
        {"00", EINVAL, 0},
        {"s", EINVAL, 0},
        {"2 s", EINVAL, 0},
        {"2S", EINVAL, 0},
        {"2sec", EINVAL, 0},
        {"-2s", EINVAL, 0},
        {"1.5s", EINVAL, 0},
        {"1m30s", EINVAL, 0},
        {"1d", EINVAL, 0},
    };

    check_rows(strnum_duration, rows, ARRAY_LEN(rows), UINT64_MAX);
}

static void test_size(void)
{
    static const struct row rows[] = {
        {"0", 0, 0},
        {"4096", 0, 4096},
        {"64k", 0, 65536},
        {"1m", 0, 1048576},
        {"17592186044415m", 0, 18446744073708503040u},
        {"17592186044416m", ERANGE, 0},
        {"", EINVAL, 0},
        {"k", EINVAL, 0},
        {"64K", EINVAL, 0},
        {"64kb", EINVAL, 0},
        {"1g", EINVAL, 0},
        {"-1", EINVAL, 0},
    };

    check_rows(strnum_size, rows, ARRAY_LEN(rows), UINT64_MAX);
}

static void test_bounds(void)
{
    uint64_t value = 0;

    ASSERT_NUMBER(strnum_uint("1", 1, 16, &value), 0);
    ASSERT_NUMBER(strnum_uint("16", 1, 16, &value), 0);
    ASSERT_NUMBER(value, 16);
    errno = 0;
    ASSERT_NUMBER(strnum_uint("0", 1, 16, &value), -1);
    ASSERT_NUMBER(errno, ERANGE);
    errno = 0;
    ASSERT_NUMBER(strnum_uint("17", 1, 16, &value), -1);
    ASSERT_NUMBER(errno, ERANGE);
    ASSERT_NUMBER(value, 16);
    /* Bounds are in milliseconds and bytes, whatever the unit; a bare 0 has to respect them. */
    ASSERT_NUMBER(strnum_duration("1s", 1000, 1000, &value), 0);
    ASSERT_NUMBER(strnum_duration("0", 1, 1000, &value), -1);
    ASSERT_NUMBER(strnum_size("1k", 1024, 1024, &value), 0);
    ASSERT_NUMBER(strnum_size("1k", 0, 1023, &value), -1);
}

static void test_format_duration(void)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } rows[] = {
        {0, "0"},           {1, "1ms"},
        {1500, "1500ms"},   {2000, "2s"},
        {90000, "90s"},     {300000, "5m"},
        {3600000, "1h"},    {5400000, "90m"},
        {172800000, "48h"}, {UINT64_MAX, "18446744073709551615ms"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[STRNUM_DURATION_SIZE];
        uint64_t back;

        ASSERT_TEXT(strnum_format_duration(rows[i].ms, text), rows[i].text);
        ASSERT_NUMBER(strnum_duration(text, 0, UINT64_MAX, &back), 0);
        CU_ASSERT(back == rows[i].ms);
    }
}

const struct unit_test strnum_tests[] = {
    {"uint", test_uint},
    {"duration", test_duration},
    {"size", test_size},
    {"bounds", test_bounds},
    {"format_duration", test_format_duration},
    {NULL, NULL},
};
