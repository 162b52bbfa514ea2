#include "report/table.h"

#include "unit/unit.h"

extern const struct unit_test table_tests[];

static const struct table_column columns[] = {
    {.title = "NAME"}, {.title = "N", .right = true, .gap = 2}, {.title = "WHY", .gap = 1}};

static void columns_are_as_wide_as_their_widest_cell(void)
{
    struct table table;
    struct textbuf out;

    textbuf_init(&out, 1000);
    table_init(&table, columns, ARRAY_LEN(columns));
    table_add(&table, "a");
    table_printf(&table, "%d", 12345);
    table_add(&table, "because");
    table_add(&table, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"); /* five places in ten bytes */
    table_add(&table, "1");
    table_add(&table, "");
    table_print(&table, &out);
    ASSERT_TEXT(out.data, "NAME       N WHY\n"
                          "a      12345 because\n"
                          "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9      1\n");
    table_fini(&table);
    textbuf_fini(&out);
}

static void cells_cannot_break_lines(void)
{
    struct table table;
    struct textbuf out;

    textbuf_init(&out, 1000);
    table_init(&table, columns, ARRAY_LEN(columns));
    table_add(&table, "a\nb");
    table_add(&table, "");
    table_printf(&table, "%s", "\033");
    table_print(&table, &out);
    ASSERT_TEXT(out.data, "NAME  N WHY\na?b     ?\n");
    table_fini(&table);
    textbuf_fini(&out);
}

const struct unit_test table_tests[] = {
    {"columns_are_as_wide_as_their_widest_cell", columns_are_as_wide_as_their_widest_cell},
    {"cells_cannot_break_lines", cells_cannot_break_lines},
    {NULL, NULL},
};
