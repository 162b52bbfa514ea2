#include "report/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mono.h"
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

/* ---- numbers ---- */

/* Two digits that count. */
static char *format_ms(uint64_t us, char text[HTML_NUMBER_SIZE])
{
    double ms = (double)us / 1000;
    int digits = ms < 0.995 ? 2 : ms < 9.95 ? 1 : 0;

    snprintf(text, HTML_NUMBER_SIZE, "%.*f", digits, ms);
    return text;
}

char *html_number_format(enum html_format format, uint64_t value, char text[HTML_NUMBER_SIZE])
{
    switch (format) {
    case HTML_BYTES:
        return words_bytes(value, text);
    case HTML_AGE:
        return age_format(value, text);
    case HTML_MS:
        return format_ms(value, text);
    case HTML_PLAIN:
        break;
    }
    snprintf(text, HTML_NUMBER_SIZE, "%" PRIu64, value);
    return text;
}

/* What the script is told of a value. */
static void put_key(struct textbuf *out, enum html_format format, const char *key)
{
    static const char *const names[] = {
        [HTML_BYTES] = "bytes", [HTML_AGE] = "age", [HTML_MS] = "ms"};

    textbuf_printf(out, " data-k=\"%s\"", key);
    if (format != HTML_PLAIN)
        textbuf_printf(out, " data-f=\"%s\"", names[format]);
}

void html_number(struct textbuf *out, enum html_format format, const char *key, uint64_t value)
{
    char text[HTML_NUMBER_SIZE];

    textbuf_puts(out, "<span");
    put_key(out, format, key);
    textbuf_puts(out, ">");
    textbuf_puts(out, html_number_format(format, value, text));
    textbuf_puts(out, "</span>");
}

void html_ago(struct textbuf *out, uint64_t at_ms, uint64_t taken_ms)
{
    char age[AGE_TEXT_SIZE];

    age_format(taken_ms > at_ms ? (taken_ms - at_ms) / 1000 : 0, age);
    textbuf_printf(out, "<span data-ago=\"%" PRIu64 "\">%s</span> ago", at_ms, age);
}

/* ---- tables ---- */

static bool is_same_group(const struct html_column *a, const struct html_column *b)
{
    return a->group == b->group ||
           (a->group != NULL && b->group != NULL && strcmp(a->group, b->group) == 0);
}

/* How many columns from the first on stand under one heading. */
static size_t group_size(const struct html_table_kind *kind, size_t first)
{
    size_t next = first + 1;

    while (next < kind->column_count && is_same_group(&kind->columns[next], &kind->columns[first]))
        next++;
    return next - first;
}

/* The style sheet draws a line between groups. */
static void put_groups(struct textbuf *out, const struct html_table_kind *kind)
{
    for (size_t i = 0; i < kind->column_count; i += group_size(kind, i))
        textbuf_printf(out, "<colgroup span=\"%zu\"></colgroup>", group_size(kind, i));
    textbuf_puts(out, "\n<thead>\n<tr>");
    for (size_t i = 0; i < kind->column_count; i += group_size(kind, i)) {
        const char *title = kind->columns[i].group;

        if (title == NULL)
            textbuf_printf(out, "<td colspan=\"%zu\"></td>", group_size(kind, i));
        else
            textbuf_printf(out, "<th scope=\"colgroup\" colspan=\"%zu\">%s</th>",
                           group_size(kind, i), title);
    }
    textbuf_puts(out, "</tr>\n");
}

static void put_title(struct textbuf *out, const struct html_column *column)
{
    textbuf_puts(out, "<th scope=\"col\"");
    if (column->class != NULL)
        textbuf_printf(out, " class=\"%s\"", column->class);
    if (column->hint != NULL)
        textbuf_printf(out, " title=\"%s\"", column->hint);
    if (column->key != NULL)
        put_key(out, column->format, column->key);
    textbuf_printf(out, ">%s</th>", column->title);
}

static bool has_groups(const struct html_table_kind *kind)
{
    for (size_t i = 0; i < kind->column_count; i++) {
        if (kind->columns[i].group != NULL)
            return true;
    }
    return false;
}

void html_table_begin(struct html_table *table, struct textbuf *out,
                      const struct html_table_kind *kind)
{
    *table = (struct html_table){.out = out, .kind = kind};
    textbuf_printf(out,
                   "<div class=\"scroll\" id=\"%s\" role=\"region\" tabindex=\"0\" "
                   "aria-label=\"",
                   kind->id);
    words_html(out, kind->label);
    textbuf_printf(out, "\">\n<table%s%s%s>", kind->class != NULL ? " class=\"" : "",
                   kind->class != NULL ? kind->class : "", kind->class != NULL ? "\"" : "");
    if (has_groups(kind))
        put_groups(out, kind);
    else
        textbuf_puts(out, "\n<thead>\n");
    textbuf_puts(out, "<tr>");
    for (size_t i = 0; i < kind->column_count; i++)
        put_title(out, &kind->columns[i]);
    textbuf_puts(out, "</tr>\n</thead>\n<tbody>\n");
}

void html_row_begin(struct html_table *table, enum html_level level, const char *at)
{
    textbuf_printf(table->out, "<tr class=\"%s\"", html_level_name(level));
    if (at != NULL)
        textbuf_printf(table->out, " data-at=\"%s\"", at);
    textbuf_puts(table->out, ">");
    table->next = 0;
}

void html_cell_begin(struct html_table *table)
{
    const struct html_column *column = &table->kind->columns[table->next];

    if (table->next == 0)
        textbuf_puts(table->out, "<th scope=\"row\">");
    else if (column->class != NULL)
        textbuf_printf(table->out, "<td class=\"%s\">", column->class);
    else
        textbuf_puts(table->out, "<td>");
}

void html_cell_end(struct html_table *table)
{
    textbuf_puts(table->out, table->next == 0 ? "</th>" : "</td>");
    table->next++;
}

void html_cell(struct html_table *table, const char *text)
{
    html_cell_begin(table);
    words_html(table->out, text);
    html_cell_end(table);
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

/* Columns of numbers have no class; a zero is of less interest than other numbers. */
void html_cell_number(struct html_table *table, uint64_t value)
{
    const struct html_column *column = &table->kind->columns[table->next++];
    char text[HTML_NUMBER_SIZE];

    textbuf_puts(table->out, value == 0 ? "<td class=\"z\">" : "<td>");
    textbuf_puts(table->out, html_number_format(column->format, value, text));
    textbuf_puts(table->out, "</td>");
}

void html_cell_state(struct html_table *table, enum html_level level, const char *word)
{
    html_cell_begin(table);
    html_state(table->out, level, word);
    html_cell_end(table);
}

void html_row_end(struct html_table *table)
{
    textbuf_puts(table->out, "</tr>\n");
}

void html_table_end(struct html_table *table)
{
    textbuf_puts(table->out, "</tbody>\n</table>\n</div>\n");
}
