/* Lines for a terminal: one text, broken at blanks. */
#ifndef K0SLB_CONTROL_DOCTOR_WRAP_H
#define K0SLB_CONTROL_DOCTOR_WRAP_H

#include "base/textbuf.h"

/* No line is longer, unless a single word is. */
#define DOCTOR_WIDTH 99

/*
 * Appends a text that may come from outside, made safe, and the line's end. `column` bytes of the
 * line stand already; further lines begin with `indent` blanks. `join` ends each line that another
 * one follows: "" or, for commands, " \".
 */
void doctor_wrap(struct textbuf *out, unsigned column, unsigned indent, const char *join,
                 const char *text);

#endif
