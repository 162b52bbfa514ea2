#include "conf/conf_reader.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_reader_tests[];

#define S10  "0123456789"
#define S49  S10 S10 S10 S10 "012345678"
#define S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10

/* What is handed to inih for a text, all lines joined, and what is said about it. */
static void expect_lines(const char *text, size_t size, const char *lines, const char *said)
{
    struct conf_statements statements = {0};
    struct conf_report report = {.path = "t"};
    struct conf_reader reader;
    char buffer[200];
    char joined[1000] = "";

    conf_reader_init(&reader, text, size, &statements, &report);
    for (int i = 0; i < 50 && conf_reader_line(buffer, sizeof(buffer), &reader) != NULL; i++)
        strcat(joined, buffer);
    ASSERT_TEXT(joined, lines);
    ASSERT_TEXT(report.count > 0 ? report.messages[0].text : "", said);
    conf_statements_free(&statements);
    conf_report_free(&report);
}

static void clean_lines_pass(void)
{
    static const struct {
        const char *text;
        const char *lines;
    } cases[] = {
        {"", ""},
        {"\n", "\n"},
        {"\n\n  \n\t\n", "\n\n\n\n"},
        {"; c\n# c\n  ; c\n\t# c\n", "\n\n\n\n"},
        {"[a]\nk = v\n", "[a]\nk = v\n"},
        {"[a]\nk = v", "[a]\nk = v\n"},
        {"[a]\r\nk = v\r\n\r\n", "[a]\nk = v\n\n"},
        {"\xef\xbb\xbf[a]\nk=v\n", "[a]\nk=v\n"},
        {"[a] ; c\nk = v ; c\n", "[a]\nk = v\n"},
        {"[a]\nk = v;w\nk =;v\n", "[a]\nk = v;w\nk =;v\n"},
        {"[a]\nk = v=w:x\n", "[a]\nk = v=w:x\n"},
        {"[a]\nk = ; see #3\n", "[a]\nk =\n"},
        {"[service  x]\nserver  a = v\n", "[service  x]\nserver  a = v\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_lines(cases[i].text, strlen(cases[i].text), cases[i].lines, "");
}

static void longest_names_and_lines_pass(void)
{
    static const char text[] =
        "[" S49 "]\n" S49 " = v\nk = " S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 "0123\n";

    CU_ASSERT_EQUAL(strlen("k = " S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 "0123"), CONF_LINE_MOST);
    expect_lines(text, sizeof(text) - 1, text, "");
}

#define LONG_LINE S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 "0123456"

static void unclean_lines_are_refused(void)
{
    static const struct {
        const char *line; /* stands in line 2, behind "[a]" */
        const char *said;
    } cases[] = {
        {"k = a\rb", "t:2: a carriage return inside the line"},
        {"k = a\x1b[2J", "t:2: a control character"},
        {"k = a\x7f", "t:2: a control character"},
        {"k = \fa", "t:2: a control character"},
        {"\xef\xbb\xbfk = v", "t:2: a byte order mark that is not at the start of the file"},
        {"k = \xef\xbb\xbfv", "t:2: a byte order mark that is not at the start of the file"},
        {"k = " LONG_LINE, "t:2: the line is longer than 198 bytes"},
        {"; " LONG_LINE, "t:2: the line is longer than 198 bytes"},
        {" k = v", "t:2: the line is indented: sections and keys begin in column 1"},
        {"\tk = v", "t:2: the line is indented: sections and keys begin in column 1"},
        {"  [b]", "t:2: the line is indented: sections and keys begin in column 1"},
        {"k : v", "t:2: [a] k: \":\" where \"=\" has to be: write KEY = VALUE"},
        {"k : v = w", "t:2: [a] k: \":\" where \"=\" has to be: write KEY = VALUE"},
        {"k", "t:2: no \"=\" in this line"},
        {"k ; = v", "t:2: no \"=\" in this line"},
        {"= v", "t:2: no key before the first \"=\" or \":\""},
        {": v", "t:2: no key before the first \"=\" or \":\""},
        {S49 "9 = v", "t:2: the key is longer than 49 bytes"},
        {"k = v # c", "t:2: [a] k: \"#\" does not start a comment here; comments start with \";\""},
        {"k = # c", "t:2: [a] k: \"#\" does not start a comment here; comments start with \";\""},
        {"[b", "t:2: \"]\" is missing after the section's name"},
        {"[b ;]", "t:2: \"]\" is missing after the section's name"},
        {"[]", "t:2: the section has no name"},
        {"[ b]", "t:2: blanks inside the brackets of a section: write [NAME]"},
        {"[b ]", "t:2: blanks inside the brackets of a section: write [NAME]"},
        {"[ ]", "t:2: blanks inside the brackets of a section: write [NAME]"},
        {"[b] c", "t:2: text after \"]\""},
        {"[b]]", "t:2: text after \"]\""},
        {"[b];c", "t:2: text after \"]\""},
        {"[b] # c", "t:2: text after \"]\"; comments start with \";\""},
        {"[" S49 "9]", "t:2: the section's name is longer than 49 bytes"},
    };
    char text[400];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        strcpy(text, "[a]\n");
        strcat(text, cases[i].line);
        strcat(text, "\n");
        expect_lines(text, strlen(text), "[a]\n\n", cases[i].said);
    }
}

static void nul_is_refused_anywhere(void)
{
    static const char value[] = "[a]\nk = va\0lue\nl = w\n";
    static const char comment[] = "[a]\n; c\0d\nl = w\n";

    expect_lines(value, sizeof(value) - 1, "[a]\n\nl = w\n", "t:2: a NUL byte");
    expect_lines(comment, sizeof(comment) - 1, "[a]\n\nl = w\n", "t:2: a NUL byte");
}

static void carriage_return_at_the_end_of_file_is_bare(void)
{
    expect_lines("[a]\nk = v\r", 10, "[a]\n\n", "t:2: a carriage return inside the line");
}

/* Keys behind a refused header must not be given to the section before it. */
static void keys_of_a_lost_section_vanish(void)
{
    static const char *const headers[] = {
        "[b", "[b] x", "[ b]", " [b]", "\xef\xbb\xbf[b]", "[b\r]", "[b]" LONG_LINE,
    };
    char text[400];

    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct conf_statements statements = {0};
        struct conf_report report = {.path = "t"};
        struct conf_reader reader;
        char buffer[200];
        char joined[1000] = "";

        snprintf(text, sizeof(text), "[a]\n%s\nk = v\nno separator\n[c]\nl = w\n", headers[i]);
        conf_reader_init(&reader, text, strlen(text), &statements, &report);
        while (conf_reader_line(buffer, sizeof(buffer), &reader) != NULL)
            strcat(joined, buffer);
        ASSERT_TEXT(joined, "[a]\n\n\n\n[c]\nl = w\n");
        ASSERT_NUMBER(report.count, 1);
        CU_ASSERT(statements.section_lost);
        conf_statements_free(&statements);
        conf_report_free(&report);
    }
}

static void keys_before_any_section_are_told_once(void)
{
    struct conf_statements statements = {0};
    struct conf_report report = {.path = "t"};
    struct conf_reader reader;
    char buffer[200];

    conf_reader_init(&reader, "; c\na = b\nc = d\n", 16, &statements, &report);
    while (conf_reader_line(buffer, sizeof(buffer), &reader) != NULL)
        ASSERT_TEXT(buffer, "\n");
    ASSERT_NUMBER(report.count, 1);
    ASSERT_TEXT(report.messages[0].text, "t:2: this line stands before the first [section]");
    conf_statements_free(&statements);
    conf_report_free(&report);
}

static void headers_become_statements(void)
{
    struct conf_statements statements = {0};
    struct conf_report report = {.path = "t"};
    struct conf_reader reader;
    char buffer[200];

    conf_reader_init(&reader, "\n[stats]\n[service \t x]\n", 22, &statements, &report);
    while (conf_reader_line(buffer, sizeof(buffer), &reader) != NULL)
        continue;
    ASSERT_NUMBER(statements.count, 2);
    ASSERT_TEXT(statements.list[1].section, "service x");
    ASSERT_NUMBER(statements.list[1].line, 3);
    conf_statements_free(&statements);
    conf_report_free(&report);
}

const struct unit_test conf_reader_tests[] = {
    {"clean_lines_pass", clean_lines_pass},
    {"longest_names_and_lines_pass", longest_names_and_lines_pass},
    {"unclean_lines_are_refused", unclean_lines_are_refused},
    {"nul_is_refused_anywhere", nul_is_refused_anywhere},
    {"carriage_return_at_the_end_of_file_is_bare", carriage_return_at_the_end_of_file_is_bare},
    {"keys_of_a_lost_section_vanish", keys_of_a_lost_section_vanish},
    {"keys_before_any_section_are_told_once", keys_before_any_section_are_told_once},
    {"headers_become_statements", headers_become_statements},
    {NULL, NULL},
};
