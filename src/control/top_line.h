/* One line of a frame after the other, each exactly as long as the terminal is wide. */
#ifndef K0SLB_CONTROL_TOP_LINE_H
#define K0SLB_CONTROL_TOP_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "report/paint.h"

/* What is being drawn, and how far it has got. */
struct top_line {
    struct textbuf *out;
    unsigned width;
    unsigned rows; /* lines in all: what is beyond is left out */
    unsigned row;  /* the one that is being drawn, from 0 */
    unsigned used; /* places of it */
    bool color;
    bool utf8;
};

/* Appends a text, made safe and cut where the line ends. */
void top_line_put(struct top_line *line, enum paint paint, const char *text);
void top_line_printf(struct top_line *line, enum paint paint, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same to the right in a column that ends before place `end`, after a blank at least. */
void top_line_put_right(struct top_line *line, unsigned end, const char *text);

/* Appends blanks up to that place; nothing when it is there already. */
void top_line_move(struct top_line *line, unsigned place);

/* Appends a bar of `places` places, of which `value` of `most` are filled. */
void top_line_put_bar(struct top_line *line, unsigned places, uint64_t value, uint64_t most);

/* Appends a column for each of the numbers, the highest as high as a line. */
void top_line_put_columns(struct top_line *line, const uint64_t *values, size_t count);

/* Fills the line up, and goes to the next one. */
void top_line_end(struct top_line *line);

#endif
