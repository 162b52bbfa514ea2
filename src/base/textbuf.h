/* A text that grows up to a bound: what reports are rendered into. */
#ifndef K0SLB_BASE_TEXTBUF_H
#define K0SLB_BASE_TEXTBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

/* Owned by its holder; free with textbuf_fini(). `data` is NUL-terminated once anything is in. */
struct textbuf {
    char *data;
    size_t length;   /* bytes before the NUL */
    size_t capacity; /* bytes allocated */
    size_t limit;    /* most bytes of text allowed */
    bool truncated;  /* something did not fit, or memory ran out: the text is incomplete */
};

/* Makes an empty text of at most `limit` bytes. Allocates nothing yet. */
void textbuf_init(struct textbuf *text, size_t limit);

/* Frees the memory; the text is empty again and may be used further. */
void textbuf_fini(struct textbuf *text);

/* Forgets the text and keeps the memory. */
void textbuf_clear(struct textbuf *text);

/* Each appends, or sets `truncated` and appends nothing. */
void textbuf_append(struct textbuf *text, const char *data, size_t size);
void textbuf_puts(struct textbuf *text, const char *string);
void textbuf_printf(struct textbuf *text, const char *format, ...) PRINTF_LIKE(2, 3);
void textbuf_vprintf(struct textbuf *text, const char *format, va_list args) PRINTF_LIKE(2, 0);

#endif
