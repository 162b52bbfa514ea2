#include "report/table.h"

#include <string.h>

#include "report/words.h"

#define TABLE_LIMIT (8u << 20)

/*
 * What the text of a cell begins with where it is no plain one: a colour's number, or that of a
 * line. No byte of a safe text is so small.
 */
#define MARK_LINE PAINT_COUNT

void table_init_untitled(struct table *table, const struct table_column *columns, size_t count)
{
    table->columns = columns;
    table->column_count = count;
    table->color = false;
    textbuf_init(&table->text, TABLE_LIMIT);
}

void table_init(struct table *table, const struct table_column *columns, size_t count)
{
    table_init_untitled(table, columns, count);
    for (size_t i = 0; i < count; i++)
        table_add_painted(table, columns[i].title[0] == ' ' ? PAINT_PLAIN : PAINT_FAINT,
                          columns[i].title);
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

static void add_mark(struct table *table, unsigned mark)
{
    const char byte = (char)mark;

    textbuf_append(&table->text, &byte, 1);
}

void table_add_painted(struct table *table, enum paint paint, const char *cell)
{
    if (paint != PAINT_PLAIN)
        add_mark(table, paint);
    table_add(table, cell);
}

void table_add_line(struct table *table, const char *line)
{
    add_mark(table, MARK_LINE);
    textbuf_append(&table->text, line, strlen(line) + 1);
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

/* The mark that a cell begins with, and its text behind that. */
static unsigned mark_of(const char *cell)
{
    unsigned char first = (unsigned char)cell[0];

    return first <= MARK_LINE ? first : 0;
}

static const char *text_of(const char *cell)
{
    return cell + (mark_of(cell) != 0);
}

/* Fills widths[column_count]. */
static void measure(const struct table *table, size_t *widths)
{
    const char *cell = table->text.data;
    const char *end = cell + table->text.length;

    memset(widths, 0, table->column_count * sizeof(*widths));
    for (size_t i = 0; cell < end; cell += strlen(cell) + 1) {
        size_t *width = &widths[i % table->column_count];
        size_t here = words_width(text_of(cell));

        if (mark_of(cell) == MARK_LINE)
            continue;
        if (*width < here)
            *width = here;
        i++;
    }
}

size_t table_width(const struct table *table)
{
    size_t widths[TABLE_MAX_COLUMNS];
    size_t sum = 0;

    if (table->text.data == NULL)
        return 0;
    measure(table, widths);
    for (size_t i = 0; i < table->column_count; i++)
        sum += table->columns[i].gap + widths[i];
    return sum;
}

static void print_blanks(struct textbuf *out, size_t count)
{
    while (count-- > 0)
        textbuf_puts(out, " ");
}

static void print_cell(const struct table *table, size_t column, size_t width, const char *cell,
                       struct textbuf *out)
{
    size_t blanks = width - words_width(text_of(cell));
    bool right = table->columns[column].right;

    print_blanks(out, table->columns[column].gap);
    print_blanks(out, right ? blanks : 0);
    if (*text_of(cell) != '\0')
        paint_put(out, table->color, mark_of(cell), text_of(cell));
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
    for (size_t i = 0; cell < end; cell += strlen(cell) + 1) {
        size_t column = i % table->column_count;

        if (mark_of(cell) == MARK_LINE) {
            textbuf_puts(out, text_of(cell));
            textbuf_puts(out, "\n");
            continue;
        }
        print_cell(table, column, widths[column], cell, out);
        if (column == table->column_count - 1)
            end_line(out);
        i++;
    }
}
