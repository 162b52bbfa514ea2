#include "base/keyvalue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/rng.h"
#include "unit/unit.h"

extern const struct unit_test keyvalue_tests[];

/* What a value looks like, quoted where it has to be and in any case. */
static const struct {
    const char *value;
    const char *word;
    const char *quoted;
} values[] = {
    {"down", "down", "\"down\""},
    {"10.0.0.1:6443", "10.0.0.1:6443", "\"10.0.0.1:6443\""},
    {"[::1]:6443", "[::1]:6443", "\"[::1]:6443\""},
    {"", "\"\"", "\"\""},
    {"-", "\"-\"", "\"-\""},
    {"two words", "\"two words\"", "\"two words\""},
    {"a=b", "\"a=b\"", "\"a=b\""},
    {"say \"yes\"", "\"say \\\"yes\\\"\"", "\"say \\\"yes\\\"\""},
    {"C:\\x", "\"C:\\\\x\"", "\"C:\\\\x\""},
    {"a\nb\tc\rd", "\"a\\nb\\tc\\rd\"", "\"a\\nb\\tc\\rd\""},
    {"\033[2J\x7f", "\"\\u001b[2J\\u007f\"", "\"\\u001b[2J\\u007f\""},
    {"\x01\x1f", "\"\\u0001\\u001f\"", "\"\\u0001\\u001f\""},
    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
    {"\" event=forged x=\"", "\"\\\" event=forged x=\\\"\"", "\"\\\" event=forged x=\\\"\""},
};

/* Each is written as it should be, and read as it was; what follows it, too. */
static void test_values(void)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct keyvalue line;
        char wanted[256];
        char read[256];

        keyvalue_begin(&line, "test");
        keyvalue_word(&line, "a", values[i].value);
        keyvalue_quote(&line, "b", "%s", values[i].value);
        keyvalue_number(&line, "c", UINT64_MAX);
        snprintf(wanted, sizeof(wanted), "event=test a=%s b=%s c=18446744073709551615",
                 values[i].word, values[i].quoted);
        ASSERT_TEXT(line.text, wanted);
        ASSERT_NUMBER(line.length, strlen(wanted));
        CU_ASSERT_TRUE(keyvalue_get(line.text, "a", read, sizeof(read)));
        ASSERT_TEXT(read, values[i].value);
        CU_ASSERT_TRUE(keyvalue_get(line.text, "b", read, sizeof(read)));
        ASSERT_TEXT(read, values[i].value);
        CU_ASSERT_TRUE(keyvalue_get(line.text, "c", read, sizeof(read)));
        ASSERT_TEXT(read, "18446744073709551615");
    }
}

/* U+009B begins an order to a terminal as ESC [ does: it does not get there, quoted or not. */
static void test_controls_of_unicode(void)
{
    struct keyvalue line;

    keyvalue_begin(&line, "test");
    keyvalue_word(&line, "a",
                  "x\xc2\x9b"
                  "2J");
    keyvalue_quote(&line, "b", "%s", "\xc2\x80\xc2\x9f\xc2\xa0\xc2");
    ASSERT_TEXT(line.text, "event=test a=\"x?2J\" b=\"\?\?\xc2\xa0\xc2\"");
}

static void test_unknown(void)
{
    struct keyvalue line;
    struct addr address = {.family = ADDR_NONE};

    keyvalue_begin(&line, "test");
    keyvalue_word(&line, "a", NULL);
    keyvalue_address(&line, "b", NULL);
    keyvalue_address(&line, "c", &address);
    CU_ASSERT_EQUAL_FATAL(addr_parse(&address, "10.0.0.1"), 0);
    address.port = 6443;
    keyvalue_address(&line, "d", &address);
    ASSERT_TEXT(line.text, "event=test a=- b=- c=- d=10.0.0.1:6443");
}

/* Whether each key has a whole value: quotation marks come in pairs and escapes are whole. */
static bool is_whole(const char *at)
{
    while (*at != '\0') {
        at += strcspn(at, "=");
        if (*at++ != '=')
            return false;
        if (*at != '"') {
            at += strcspn(at, " ");
        } else {
            for (at++; *at != '"'; at++) {
                if (*at == '\0' || (*at == '\\' && *++at == '\0'))
                    return false;
            }
            at++;
        }
        if (*at != '\0' && *at++ != ' ')
            return false;
    }
    return true;
}

/* What is too long is cut, and the line stays one. */
static void test_too_long(void)
{
    static const char *const parts[] = {"x", "y z ", "\"", "\\", "\001", "\xc3\xbc"};

    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t first = KEYVALUE_SIZE - 40; first < KEYVALUE_SIZE + 10; first++) {
            char value[2 * KEYVALUE_SIZE] = "";
            char filler[KEYVALUE_SIZE + 16];
            struct keyvalue line;

            memset(filler, 'f', sizeof(filler));
            filler[first] = '\0';
            while (strlen(value) + 4 < sizeof(value))
                strcat(value, parts[part]);
            keyvalue_begin(&line, "test");
            keyvalue_word(&line, "first", filler);
            keyvalue_word(&line, "word", value);
            keyvalue_quote(&line, "text", "%s", value);
            keyvalue_number(&line, "more", 123456789);
            CU_ASSERT_TRUE(is_whole(line.text));
            CU_ASSERT_TRUE(line.length < KEYVALUE_SIZE);
            ASSERT_NUMBER(line.length, strlen(line.text));
        }
    }
}

static void test_get(void)
{
    static const char line[] = "event=x ab=1 b=\"two words\" c=\"a=9 \\\"b=8\" d=- text=\"end\"";
    char value[32];
    char small[4];

    CU_ASSERT_TRUE(keyvalue_get(line, "b", value, sizeof(value)));
    ASSERT_TEXT(value, "two words");
    CU_ASSERT_TRUE(keyvalue_get(line, "text", value, sizeof(value)));
    ASSERT_TEXT(value, "end");
    CU_ASSERT_TRUE(keyvalue_get(line, "d", value, sizeof(value)));
    ASSERT_TEXT(value, "-");
    CU_ASSERT_FALSE(keyvalue_get(line, "a", value, sizeof(value)));
    CU_ASSERT_TRUE(keyvalue_get(line, "b", small, sizeof(small)));
    ASSERT_TEXT(small, "two");
}

/* Nothing that is no such line has a value, or ends the reader. */
static void test_get_garbage(void)
{
    static const char *const lines[] = {
        "",          "x",         "=",          "a=\"",      "a=\"b\\",    "a=\"\\u", "a=\"\\u00",
        "prose a=1", "a=\"b\"c=", "a=\"\\u00g", "a=b\\ k=1", "a=\"\"\"k=", " k=1",    "a=1  k=1",
    };
    char value[32];

    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        CU_ASSERT(!keyvalue_get(lines[i], "zz", value, sizeof(value)));
}

/* Whatever a process writes, whoever reads it comes to an end within it. */
static void test_get_random(void)
{
    static const char bytes[] = "ab= \"\\u0n";
    struct rng rng;

    rng_init(&rng);
    for (int i = 0; i < 100000; i++) {
        size_t size = rng_below(&rng, 24);
        char *line = malloc(size + 1); /* of its size, so that a sanitizer sees its end */
        char value[8];

        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        for (size_t k = 0; k < size; k++)
            line[k] = bytes[rng_below(&rng, sizeof(bytes) - 1)];
        line[size] = '\0';
        if (keyvalue_get(line, "a", value, sizeof(value)))
            CU_ASSERT_PTR_NOT_NULL(strstr(line, "a="));
        CU_ASSERT_PTR_NULL(keyvalue_find(line));
        free(line);
    }
}

static void test_find(void)
{
    const char *record = "worker 1: event=x a=1";

    ASSERT_TEXT(keyvalue_find(record), "event=x a=1");
    ASSERT_TEXT(keyvalue_find("event=x"), "event=x");
    CU_ASSERT_PTR_NULL(keyvalue_find("worker 1: an event=x"));
    CU_ASSERT_PTR_NULL(keyvalue_find(""));
}

const struct unit_test keyvalue_tests[] = {
    {"values", test_values},
    {"controls_of_unicode", test_controls_of_unicode},
    {"unknown", test_unknown},
    {"too_long", test_too_long},
    {"get", test_get},
    {"get_garbage", test_get_garbage},
    {"get_random", test_get_random},
    {"find", test_find},
    {NULL, NULL},
};
