/* Rows of cells, printed with every column as wide as its widest cell. */
#ifndef K0SLB_REPORT_TABLE_H
#define K0SLB_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/textbuf.h"

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
    struct textbuf text;                /* all cells, each with its NUL */
};

void table_init(struct table *table, const struct table_column *columns, size_t count);
void table_fini(struct table *table);

/* Appends the next cell, row by row; made safe for a terminal. */
void table_add(struct table *table, const char *cell);
void table_printf(struct table *table, const char *format, ...) PRINTF_LIKE(2, 3);

/* Prints the titles and every whole row; lines end without blanks. */
void table_print(const struct table *table, struct textbuf *out);

#endif
