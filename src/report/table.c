#include "report/table.h"

#include <string.h>

#include "report/words.h"

#define TABLE_LIMIT (8u << 20)

void table_init(struct table *table, const struct table_column *columns, size_t count)
{
    table->columns = columns;
    table->column_count = count;
    textbuf_init(&table->text, TABLE_LIMIT);
    for (size_t i = 0; i < count; i++)
        table_add(table, columns[i].title);
}

void table_fini(struct table *table)
{
    textbuf_fini(&table->text);
}

void table_add(struct table *table, const char *cell)
{
    words_safe(&table->text, cell);
    textbuf_append(&table->text, "", 1);
}

void table_printf(struct table *table, const char *format, ...)
{
    struct textbuf cell;
    va_list args;

    textbuf_init(&cell, TABLE_LIMIT);
    va_start(args, format);
    textbuf_vprintf(&cell, format, args);
    va_end(args);
    table_add(table, cell.data != NULL ? cell.data : "");
    table->text.truncated |= cell.truncated;
    textbuf_fini(&cell);
}

/* The places a text takes on a terminal: its bytes without UTF-8's continuation bytes. */
static size_t display_width(const char *cell)
{
    size_t width = 0;

    for (; *cell != '\0'; cell++)
        width += ((unsigned char)*cell & 0xc0) != 0x80;
    return width;
}

/* Fills widths[column_count]. */
static void measure(const struct table *table, size_t *widths)
{
    const char *cell = table->text.data;
    const char *end = cell + table->text.length;

    memset(widths, 0, table->column_count * sizeof(*widths));
    for (size_t i = 0; cell < end; i++) {
        size_t *width = &widths[i % table->column_count];
        size_t here = display_width(cell);

        if (*width < here)
            *width = here;
        cell += strlen(cell) + 1;
    }
}

static void print_blanks(struct textbuf *out, size_t count)
{
    while (count-- > 0)
        textbuf_puts(out, " ");
}

static void print_cell(const struct table *table, size_t column, size_t width, const char *cell,
                       struct textbuf *out)
{
    size_t blanks = width - display_width(cell);
    bool right = table->columns[column].right;

    print_blanks(out, table->columns[column].gap);
    print_blanks(out, right ? blanks : 0);
    textbuf_puts(out, cell);
    print_blanks(out, right ? 0 : blanks);
}

static void end_line(struct textbuf *out)
{
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
    textbuf_puts(out, "\n");
}

void table_print(const struct table *table, struct textbuf *out)
{
    size_t widths[TABLE_MAX_COLUMNS];
    const char *cell = table->text.data;
    const char *end = cell + table->text.length;

    out->truncated |= table->text.truncated;
    if (table->text.truncated || cell == NULL)
        return;
    measure(table, widths);
    for (size_t i = 0; cell < end; i++) {
        size_t column = i % table->column_count;

        print_cell(table, column, widths[column], cell, out);
        if (column == table->column_count - 1)
            end_line(out);
        cell += strlen(cell) + 1;
    }
}
