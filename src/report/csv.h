/*
 * Lines of comma-separated values as HAProxy writes them: every value is followed by a comma, the
 * last one too; one that holds a comma, a quote or a newline stands in quotes (RFC 4180).
 */
#ifndef K0SLB_REPORT_CSV_H
#define K0SLB_REPORT_CSV_H

#include <stdint.h>

#include "base/textbuf.h"

/* A text from anywhere, made safe for a terminal; newlines with it, so a row is a line. */
void csv_put_text(struct textbuf *out, const char *string);

void csv_put_number(struct textbuf *out, uint64_t value);

/* Not known, or of no meaning here. */
void csv_put_nothing(struct textbuf *out);

void csv_end_row(struct textbuf *out);

#endif
