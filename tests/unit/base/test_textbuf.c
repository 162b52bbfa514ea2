#include <string.h>

#include "base/textbuf.h"
#include "unit/unit.h"

extern const struct unit_test textbuf_tests[];

static void test_grows(void)
{
    struct textbuf text;

    textbuf_init(&text, 100000);
    CU_ASSERT(text.data == NULL && text.length == 0);
    for (int i = 0; i < 10000; i++)
        textbuf_printf(&text, "%04d ", i);
    ASSERT_NUMBER(text.length, 50000);
    CU_ASSERT(!text.truncated);
    ASSERT_NUMBER(strlen(text.data), 50000);
    CU_ASSERT(memcmp(text.data, "0000 0001 ", 10) == 0);
    ASSERT_TEXT(text.data + 49990, "9998 9999 ");
    textbuf_fini(&text);
    CU_ASSERT(text.data == NULL && text.length == 0 && text.limit == 100000);
}

static void test_three_ways(void)
{
    struct textbuf text;

    textbuf_init(&text, 64);
    textbuf_puts(&text, "one ");
    textbuf_append(&text, "two three", 4);
    textbuf_printf(&text, "%s %d", "three", 4);
    textbuf_puts(&text, "");
    ASSERT_TEXT(text.data, "one two three 4");
    textbuf_fini(&text);
}

/* Exactly the limit fits; one byte more is left out whole, and what is in stays whole. */
static void test_limit(void)
{
    struct textbuf text;

    textbuf_init(&text, 10);
    textbuf_puts(&text, "0123456789");
    CU_ASSERT(!text.truncated);
    textbuf_puts(&text, "");
    CU_ASSERT(!text.truncated);
    textbuf_puts(&text, "x");
    CU_ASSERT(text.truncated);
    ASSERT_TEXT(text.data, "0123456789");
    textbuf_clear(&text);
    ASSERT_TEXT(text.data, "");
    CU_ASSERT(!text.truncated);
    textbuf_puts(&text, "01234567");
    textbuf_printf(&text, "%d", 890);
    CU_ASSERT(text.truncated);
    ASSERT_TEXT(text.data, "01234567");
    textbuf_fini(&text);
}

static void test_limit_zero(void)
{
    struct textbuf text;

    textbuf_init(&text, 0);
    textbuf_puts(&text, "x");
    CU_ASSERT(text.truncated && text.length == 0);
    textbuf_clear(&text);
    CU_ASSERT(!text.truncated);
    textbuf_fini(&text);
}

static void test_used_again(void)
{
    struct textbuf text;
    size_t capacity;

    textbuf_init(&text, 1000);
    textbuf_puts(&text, "before");
    capacity = text.capacity;
    textbuf_clear(&text);
    ASSERT_NUMBER(text.capacity, capacity);
    textbuf_puts(&text, "after");
    ASSERT_TEXT(text.data, "after");
    textbuf_fini(&text);
    textbuf_puts(&text, "again");
    ASSERT_TEXT(text.data, "again");
    textbuf_fini(&text);
}

/* Bytes are taken as they are, NULs included. */
static void test_bytes(void)
{
    struct textbuf text;

    textbuf_init(&text, 16);
    textbuf_append(&text, "a\0b", 3);
    ASSERT_NUMBER(text.length, 3);
    CU_ASSERT(memcmp(text.data, "a\0b", 4) == 0);
    textbuf_fini(&text);
}

const struct unit_test textbuf_tests[] = {
    {"grows", test_grows},
    {"three_ways", test_three_ways},
    {"limit", test_limit},
    {"limit_zero", test_limit_zero},
    {"used_again", test_used_again},
    {"bytes", test_bytes},
    {NULL, NULL},
};
