#include "report/html.h"

#include <stdarg.h>

#include "report/words.h"

/* The longest text of a cell. */
#define CELL_LIMIT 4096

const char *html_level_name(enum html_level level)
{
    static const char *const names[] = {
        [HTML_GOOD] = "good", [HTML_IDLE] = "idle", [HTML_HELD] = "held",
        [HTML_WARN] = "warn", [HTML_BAD] = "bad",
    };

    return names[level];
}

void html_state(struct textbuf *out, enum html_level level, const char *word)
{
    textbuf_printf(out, "<span class=\"state %s\">", html_level_name(level));
    words_html(out, word);
    textbuf_puts(out, "</span>");
}

static void put_class(struct textbuf *out, const struct html_column *column)
{
    if (column->class != NULL)
        textbuf_printf(out, " class=\"%s\"", column->class);
}

void html_table_begin(struct html_table *table, struct textbuf *out,
                      const struct html_column *columns, size_t count)
{
    *table = (struct html_table){.out = out, .columns = columns, .column_count = count};
    textbuf_puts(out, "<table>\n<thead>\n<tr>");
    for (size_t i = 0; i < count; i++) {
        textbuf_puts(out, "<th scope=\"col\"");
        put_class(out, &columns[i]);
        textbuf_printf(out, ">%s</th>", columns[i].title);
    }
    textbuf_puts(out, "</tr>\n</thead>\n<tbody>\n");
}

void html_row_begin(struct html_table *table, enum html_level level)
{
    textbuf_printf(table->out, "<tr class=\"%s\">", html_level_name(level));
    table->next = 0;
}

/* A narrow screen shows each cell with its column's title. */
static void begin_cell(struct html_table *table)
{
    const struct html_column *column = &table->columns[table->next];

    if (table->next == 0) {
        textbuf_puts(table->out, "<th scope=\"row\">");
        return;
    }
    textbuf_puts(table->out, "<td");
    put_class(table->out, column);
    textbuf_printf(table->out, " data-label=\"%s\">", column->title);
}

static void end_cell(struct html_table *table)
{
    textbuf_puts(table->out, table->next == 0 ? "</th>" : "</td>");
    table->next++;
}

void html_cell(struct html_table *table, const char *text)
{
    begin_cell(table);
    words_html(table->out, text);
    end_cell(table);
}

void html_cell_printf(struct html_table *table, const char *format, ...)
{
    struct textbuf cell;
    va_list args;

    textbuf_init(&cell, CELL_LIMIT);
    va_start(args, format);
    textbuf_vprintf(&cell, format, args);
    va_end(args);
    html_cell(table, cell.data != NULL ? cell.data : "");
    table->out->truncated |= cell.truncated;
    textbuf_fini(&cell);
}

void html_cell_state(struct html_table *table, enum html_level level, const char *word)
{
    begin_cell(table);
    html_state(table->out, level, word);
    end_cell(table);
}

void html_row_end(struct html_table *table)
{
    textbuf_puts(table->out, "</tr>\n");
}

void html_table_end(struct html_table *table)
{
    textbuf_puts(table->out, "</tbody>\n</table>\n");
}
