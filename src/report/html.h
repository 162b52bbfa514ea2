/*
 * Pieces of a page: states, numbers that the page's script renews, and tables whose cells know
 * their columns. All text that is not the project's own is escaped here.
 */
#ifndef K0SLB_REPORT_HTML_H
#define K0SLB_REPORT_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * Numbers. The script takes the value `key` of the object that the `data-at` of an element around
 * it names in the JSON, and writes it in the same way; keys are the project's own.
 */
enum html_format {
    HTML_PLAIN, /* 3102 */
    HTML_BYTES, /* 1.2G */
    HTML_AGE,   /* of seconds: 3d 4h */
    HTML_MS,    /* of milliseconds: 0.06, 2.3, 131 */
};

/* Room for any of them and the NUL. */
#define HTML_NUMBER_SIZE 32

/* `value` is in microseconds for HTML_MS. Returns `text`. */
char *html_number_format(enum html_format format, uint64_t value, char text[HTML_NUMBER_SIZE]);

/* A number between other text, as a <span>. */
void html_number(struct textbuf *out, enum html_format format, const char *key, uint64_t value);

/* How long ago something was, a wall_ms() time in a snapshot of wall_ms() `taken_ms`. */
void html_ago(struct textbuf *out, uint64_t at_ms, uint64_t taken_ms);

/* All text is the project's own. */
struct html_column {
    const char *title;
    const char *hint;  /* what the title means; NULL = it says so itself */
    const char *group; /* a heading over this column and its neighbours with the same one */
    const char *class; /* NULL = none */
    const char *key;   /* in the JSON, of the cells that are numbers; NULL = they stay */
    enum html_format format;
};

/* What a table is. */
struct html_table_kind {
    const char *id;    /* of the element around it, unique on the page; the project's own text */
    const char *class; /* NULL = none */
    const char *label; /* what it shows; escaped here */
    const struct html_column *columns;
    size_t column_count;
};

/* A table while it is written. */
struct html_table {
    struct textbuf *out;
    const struct html_table_kind *kind; /* by reference */
    size_t next;                        /* column of the next cell */
};

/* Begins a table with its titles, in a frame that can be scrolled, by keys, too. */
void html_table_begin(struct html_table *table, struct textbuf *out,
                      const struct html_table_kind *kind);

/*
 * Begins a row; its cells follow, one for each column, the first is the row's heading. `at` is the
 * `data-at` for its numbers; NULL = none.
 */
void html_row_begin(struct html_table *table, enum html_level level, const char *at);
void html_cell(struct html_table *table, const char *text);
void html_cell_printf(struct html_table *table, const char *format, ...) PRINTF_LIKE(2, 3);
void html_cell_number(struct html_table *table, uint64_t value); /* as the column has it */
void html_cell_state(struct html_table *table, enum html_level level, const char *word);

/* A cell with whatever is written between. */
void html_cell_begin(struct html_table *table);
void html_cell_end(struct html_table *table);
void html_row_end(struct html_table *table);

void html_table_end(struct html_table *table);

#endif
