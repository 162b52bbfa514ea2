/* Rows of cells, printed with every column as wide as its widest cell. */
#ifndef K0SLB_REPORT_TABLE_H
#define K0SLB_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "report/paint.h"

#define TABLE_MAX_COLUMNS 20

struct table_column {
    const char *title;
    bool right;   /* numbers stand to the right */
    unsigned gap; /* blanks before it */
};

/* Owned by its holder; free with table_fini(). */
struct table {
    const struct table_column *columns; /* by reference */
    size_t column_count;                /* at most TABLE_MAX_COLUMNS */
    bool color;                         /* cells are painted; false after table_init() */
    struct textbuf text;                /* all cells and lines, each with its NUL */
};

void table_init(struct table *table, const struct table_column *columns, size_t count);

/* The same without a row of titles: they are the caller's first row. */
void table_init_untitled(struct table *table, const struct table_column *columns, size_t count);

void table_fini(struct table *table);

/* Appends the next cell, row by row; made safe for a terminal. */
void table_add(struct table *table, const char *cell);
void table_add_painted(struct table *table, enum paint paint, const char *cell);
void table_printf(struct table *table, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Appends a line between two rows, which counts for no column and is printed as it stands: the
 * caller has made it safe, broken it where it is too long, and left its last newline out.
 */
void table_add_line(struct table *table, const char *line);

/* The places that the widest row takes, its trailing blanks included. */
size_t table_width(const struct table *table);

/* Prints the titles, every whole row and every line; rows end without blanks. */
void table_print(const struct table *table, struct textbuf *out);

#endif
