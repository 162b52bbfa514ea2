/*
 * Colours for a terminal, by the SGR sequences of ECMA-48. They only ever stand beside words that
 * say the same: nothing is told by a colour alone.
 */
#ifndef K0SLB_REPORT_PAINT_H
#define K0SLB_REPORT_PAINT_H

#include "base/textbuf.h"
#include "board/snapshot.h"

/* The numbers are those that a table keeps in front of a cell. */
enum paint {
    PAINT_PLAIN,
    PAINT_GOOD,
    PAINT_DOUBT,
    PAINT_BAD,
    PAINT_STRONG, /* headings */
    PAINT_FAINT,  /* what is there for completeness */
    PAINT_COUNT,
};

/* The sequence that begins a colour, "" for PAINT_PLAIN; and the one that ends any. */
const char *paint_begin(enum paint paint);
const char *paint_end(enum paint paint);

/* Appends a text of the project's own, in that colour where colours are wanted. */
void paint_put(struct textbuf *out, bool color, enum paint paint, const char *text);

/* What a state is worth. */
enum paint paint_of_status(enum snapshot_status status);
enum paint paint_of_service(enum snapshot_service_status status);

#endif
