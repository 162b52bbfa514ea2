#include "report/words.h"

#include <string.h>

#include "unit/unit.h"

extern const struct unit_test words_tests[];

static void bytes_have_four_places_at_most(void)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1.0k"},
        {1024, "1.0k"},
        {10188, "9.9k"},
        {10189, "10k"},
        {1023 * 1024, "1.0M"},
        {999 * 1024, "999k"},
        {1288490188, "1.2G"},
        {UINT64_MAX, "16E"},
    };
    char text[WORDS_BYTES_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ASSERT_TEXT(words_bytes(cases[i].bytes, text), cases[i].text);
        CU_ASSERT(strlen(text) <= 4);
    }
}

static void utf8_is_told_from_other_bytes(void)
{
    static const struct {
        const char *bytes;
        unsigned length;
    } cases[] = {
        {"a", 1},
        {"\xc3\xa9", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xee\x80\x80", 3},
        {"\x80", 0},             /* begins nothing */
        {"\xc0\xaf", 0},         /* overlong */
        {"\xc1\xbf", 0},         /* overlong */
        {"\xe0\x9f\xbf", 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 0}, /* overlong */
        {"\xed\xa0\x80", 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", 0}, /* beyond */
        {"\xff", 0},             /* never there */
        {"\xc3", 0},             /* cut */
        {"\xe2\x82", 0},         /* cut */
        {"\xf0\x9f\x98", 0},     /* cut */
        {"\xe2\x28\xa1", 0},     /* broken */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_NUMBER(words_utf8(cases[i].bytes), cases[i].length);
}

static void terminals_are_spared(void)
{
    struct textbuf out;

    textbuf_init(&out, 1000);
    words_safe(&out, "a\033[2Jb\x7f\xff\xc2\x9b\xc3\xa9\n");
    ASSERT_TEXT(out.data, "a?[2Jb???\xc3\xa9?");
    textbuf_fini(&out);
}

static void pages_are_spared(void)
{
    struct textbuf out;

    textbuf_init(&out, 1000);
    words_html(&out, "<b a=\"1\" c='2'>&amp;\033\xc3\xa9\xff");
    ASSERT_TEXT(out.data, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;?\xc3\xa9?");
    textbuf_clear(&out);
    words_html(&out, "");
    ASSERT_NUMBER(out.length, 0);
    textbuf_fini(&out);
    textbuf_init(&out, 5);
    words_html(&out, "abcdef");
    CU_ASSERT(out.truncated);
    textbuf_fini(&out);
}

static void reasons_say_why(void)
{
    static const struct {
        enum conf_check check;
        enum board_health health;
        enum board_check_code code;
        const char *description;
        const char *reason;
    } cases[] = {
        {CHECK_TLS, BOARD_UNCHECKED, CHECKED_NONE, "", "no probe yet"},
        {CHECK_NONE, BOARD_UP, CHECKED_NONE, "", "not checked"},
        {CHECK_TLS, BOARD_UP, CHECKED_L6OK, "TLSv1.3", "L6OK TLSv1.3"},
        {CHECK_TCP, BOARD_UP, CHECKED_L4OK, "", "L4OK"},
        {CHECK_TLS, BOARD_DOWN, CHECKED_L4CON, "connection refused", "L4CON connection refused"},
        {CHECK_TLS, BOARD_SUSPECT, CHECKED_L6OK, "TLSv1.3", "in doubt since L6OK"},
        {CHECK_TLS, BOARD_SUSPECT, CHECKED_NONE, "no answer for 200 ms", "no answer for 200 ms"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct snapshot_service service = {.check = cases[i].check};
        struct snapshot_backend backend = {.health = cases[i].health};
        struct textbuf out;

        backend.check.code = (uint16_t)cases[i].code;
        strcpy(backend.check.description, cases[i].description);
        textbuf_init(&out, 1000);
        words_reason(&out, &service, &backend);
        ASSERT_TEXT(out.data, cases[i].reason);
        textbuf_fini(&out);
    }
}

static void listeners_read_as_in_the_file(void)
{
    static const struct {
        const char *ip[4];
        unsigned port[4];
        const char *text;
    } cases[] = {
        {{NULL}, {0}, "-"},
        {{"0.0.0.0", "::"}, {6443, 6443}, ":6443"},
        {{"::", "0.0.0.0"}, {6443, 6443}, ":6443"},
        {{"0.0.0.0"}, {6443}, "0.0.0.0:6443"},
        {{"0.0.0.0", "::"}, {6443, 6444}, "0.0.0.0:6443, [::]:6444"},
        {{"10.0.0.1", "0.0.0.0", "::1", "::"},
         {80, 6443, 6443, 6443},
         "10.0.0.1:80, :6443, [::1]:6443"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct addr listeners[4];
        struct textbuf out;
        size_t count = 0;

        while (count < 4 && cases[i].ip[count] != NULL) {
            ASSERT_NUMBER(addr_parse(&listeners[count], cases[i].ip[count]), 0);
            listeners[count].port = (uint16_t)cases[i].port[count];
            count++;
        }
        textbuf_init(&out, 1000);
        words_listen(&out, listeners, count);
        ASSERT_TEXT(out.data, cases[i].text);
        textbuf_fini(&out);
    }
}

static void places_have_their_names(void)
{
    static const struct {
        struct snapshot_backend backend;
        const char *text;
    } cases[] = {
        {{.address = {.family = ADDR_IPV4, .port = 6443, .ip = {10, 0, 0, 11}}}, "10.0.0.11:6443"},
        {{.host = "cp1", .address = {.family = ADDR_IPV4, .port = 22, .ip = {10, 0, 0, 11}}},
         "cp1:22 (10.0.0.11)"},
        {{.host = "cp1", .address = {.family = ADDR_IPV6, .port = 22, .ip = {[15] = 1}}},
         "cp1:22 (::1)"},
        {{.host = "cp1.example", .address = {.port = 6443}}, "cp1.example:6443"},
        {{.address = {.port = 6443}}, "-"},
    };
    char text[WORDS_PLACE_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_TEXT(words_place(&cases[i].backend, text), cases[i].text);
}

static void sentences_are_broken_into_lines(void)
{
    static const struct {
        const char *string;
        unsigned used;
        const char *lines;
    } rows[] = {
        {"", 0, ""},
        {"one", 0, "one"},
        {"one two six", 0, "one two\n  six"},
        {"one two six", 3, "one\n  two six"},
        {"one two", 9, "\n  one two"},
        {"muchlongerword a b", 0, "muchlonge\n  rword a\n  b"},
        {"a muchlongerword b", 0, "a\n  muchlon\n  gerword\n  b"},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9 x", 0,
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9\n  x"},
        {"a\033b  c\n", 0, "a?b c?"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct textbuf out;

        textbuf_init(&out, 1000);
        words_wrap(&out, rows[i].string, rows[i].used, 2, 9);
        ASSERT_TEXT(out.data != NULL ? out.data : "", rows[i].lines);
        CU_ASSERT_FALSE(out.truncated);
        textbuf_fini(&out);
    }
}

static void counts_have_five_places_at_most(void)
{
    static const struct {
        uint64_t count;
        const char *text;
    } cases[] = {
        {0, "0"},         {99999, "99999"},  {100000, "100k"},    {999499, "999k"},
        {999500, "1.0M"}, {1234567, "1.2M"}, {UINT64_MAX, "18E"},
    };
    char text[WORDS_COUNT_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_TEXT(words_count(cases[i].count, text), cases[i].text);
}

static void ages_end_somewhere(void)
{
    char text[AGE_TEXT_SIZE];

    ASSERT_TEXT(words_age(12, text), "12s");
    ASSERT_TEXT(words_age(UINT64_MAX, text), "9999d 23h");
}

/* Trojan source: what turns the direction of what is beside it, and ends of line of Unicode's. */
static void what_turns_the_order_is_not_safe(void)
{
    static const char *const cases[] = {"\xe2\x80\xae", "\xe2\x80\xa8", "\xe2\x81\xa6",
                                        "\xe2\x80\x8f", "\xef\xbb\xbf", "\xc2\x9b",
                                        "\x7f"};
    struct textbuf out;

    textbuf_init(&out, 100);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        textbuf_clear(&out);
        words_safe(&out, cases[i]);
        ASSERT_TEXT(out.data, "?");
    }
    textbuf_clear(&out);
    words_safe(&out, "\xe2\x80\xa6 \xe2\x82\xac");
    ASSERT_TEXT(out.data, "\xe2\x80\xa6 \xe2\x82\xac");
    textbuf_fini(&out);
}

static void widths_are_those_of_a_terminal(void)
{
    ASSERT_NUMBER(words_width(""), 0);
    ASSERT_NUMBER(words_width("abc"), 3);
    ASSERT_NUMBER(words_width("\xc3\xa9"), 1);
    ASSERT_NUMBER(words_width("\xe6\xbc\xa2\xe5\xad\x97"), 4); /* two Chinese characters */
    ASSERT_NUMBER(words_width("\xff"), 1);
}

static void long_words_are_broken(void)
{
    struct textbuf out;

    textbuf_init(&out, 1000);
    words_wrap(&out, "ab cdefghij k", 2, 3, 8);
    ASSERT_TEXT(out.data, "ab\n   cdefg\n   hij k");
    textbuf_clear(&out);
    words_wrap(&out, "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 0, 0, 5);
    ASSERT_TEXT(out.data, "\xe6\xbc\xa2\xe6\xbc\xa2\n\xe6\xbc\xa2");
    textbuf_fini(&out);
}

static void cut_texts_say_so(void)
{
    static const struct {
        const char *text;
        unsigned places;
        const char *cut;
    } cases[] = {{"abc", 3, "abc"},    {"abcd", 3, "ab~"},
                 {"a", 1, "a"},        {"ab", 1, "~"},
                 {"a\033b", 9, "a?b"}, {"\xe6\xbc\xa2\xe6\xbc\xa2", 3, "\xe6\xbc\xa2~"},
                 {"", 5, ""}};
    struct textbuf out;

    textbuf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        textbuf_clear(&out);
        words_clip(&out, cases[i].text, cases[i].places);
        ASSERT_TEXT(out.data != NULL ? out.data : "", cases[i].cut);
    }
    textbuf_fini(&out);
}

const struct unit_test words_tests[] = {
    {"bytes_have_four_places_at_most", bytes_have_four_places_at_most},
    {"utf8_is_told_from_other_bytes", utf8_is_told_from_other_bytes},
    {"terminals_are_spared", terminals_are_spared},
    {"pages_are_spared", pages_are_spared},
    {"reasons_say_why", reasons_say_why},
    {"sentences_are_broken_into_lines", sentences_are_broken_into_lines},
    {"places_have_their_names", places_have_their_names},
    {"listeners_read_as_in_the_file", listeners_read_as_in_the_file},
    {"counts_have_five_places_at_most", counts_have_five_places_at_most},
    {"ages_end_somewhere", ages_end_somewhere},
    {"what_turns_the_order_is_not_safe", what_turns_the_order_is_not_safe},
    {"widths_are_those_of_a_terminal", widths_are_those_of_a_terminal},
    {"long_words_are_broken", long_words_are_broken},
    {"cut_texts_say_so", cut_texts_say_so},
    {NULL, NULL},
};
