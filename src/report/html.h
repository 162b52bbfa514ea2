/* Pieces of a page: states, and tables whose cells know their columns. All text is escaped here. */
#ifndef K0SLB_REPORT_HTML_H
#define K0SLB_REPORT_HTML_H

#include <stddef.h>

#include "base/defs.h"
#include "base/textbuf.h"

/* What a state means to who looks at it; the style sheet has a colour and a shape for each. */
enum html_level {
    HTML_GOOD,
    HTML_IDLE, /* switched off, or not known yet */
    HTML_HELD, /* by an administrator */
    HTML_WARN,
    HTML_BAD,
};

/* The class of a level: "good", "idle" … */
const char *html_level_name(enum html_level level);

/* A state is always a word; colour and shape come on top of it. */
void html_state(struct textbuf *out, enum html_level level, const char *word);

struct html_column {
    const char *title; /* constant text of the project's own */
    const char *class; /* NULL = none */
};

/* A table while it is written. */
struct html_table {
    struct textbuf *out;
    const struct html_column *columns; /* by reference */
    size_t column_count;
    size_t next; /* column of the next cell */
};

/* Begins a table with its titles. */
void html_table_begin(struct html_table *table, struct textbuf *out,
                      const struct html_column *columns, size_t count);

/* Begins a row; its cells follow, one for each column, the first is the row's heading. */
void html_row_begin(struct html_table *table, enum html_level level);
void html_cell(struct html_table *table, const char *text);
void html_cell_printf(struct html_table *table, const char *format, ...) PRINTF_LIKE(2, 3);
void html_cell_state(struct html_table *table, enum html_level level, const char *word);
void html_row_end(struct html_table *table);

void html_table_end(struct html_table *table);

#endif
