/* A strict reader of comma-separated values (RFC 4180, lines ended by LF) for tests. */
#ifndef K0SLB_TESTS_UNIT_REPORT_CSV_READER_H
#define K0SLB_TESTS_UNIT_REPORT_CSV_READER_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_MAX_ROWS    64
#define CSV_MAX_COLUMNS 160

/* Rows of texts; free with csv_free(). The first row is the line of names, without "# ". */
struct csv_table {
    char *text;
    size_t row_count;
    size_t widths[CSV_MAX_ROWS];
    const char *cells[CSV_MAX_ROWS][CSV_MAX_COLUMNS];
};

/*
 * Reads a whole text; empty lines are none. False when it does not begin with "# ", when a quote
 * stands where none may, or when a row is longer or shorter than the first. Free it in any case.
 */
bool csv_read(const char *text, struct csv_table *out);
void csv_free(struct csv_table *table);

/* The number of a column; the table's width when there is none of that name. */
size_t csv_column(const struct csv_table *table, const char *name);

/* What stands in that column of the row that begins "PROXY,SERVER"; "(none)" when there is none. */
const char *csv_at(const struct csv_table *table, const char *proxy, const char *server,
                   const char *column);

#endif
