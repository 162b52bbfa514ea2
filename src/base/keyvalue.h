/*
 * One line of keys and values, which people read and machines parse:
 *
 *     event=backend service=kubeAPI status=down reason="connection refused"
 *
 * A value that is a plain word stands as it is, any other one in quotation marks. In these `\"` and
 * `\\` stand for `"` and `\`, `\n`, `\r`, `\t` and `\u00XX` for control bytes; for the controls of
 * Unicode beyond ASCII there is `?`. `-` is a value that is not known or does not apply. Readers of
 * logs know this form as logfmt.
 */
#ifndef K0SLB_BASE_KEYVALUE_H
#define K0SLB_BASE_KEYVALUE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

/* So much fits into a log record, beside who says it. */
#define KEYVALUE_SIZE 960

struct keyvalue {
    size_t length; /* of the text, which ends with a NUL */
    char text[KEYVALUE_SIZE];
};

/* Makes the line "event=WORD". */
void keyvalue_begin(struct keyvalue *line, const char *event);

/*
 * Each adds " KEY=VALUE"; a value that does not fit is cut, and stays a value. NULL is "-", and so
 * is an address without a family. keyvalue_quote() uses quotation marks in any case: for what is
 * written in words.
 */
void keyvalue_word(struct keyvalue *line, const char *key, const char *value);
void keyvalue_number(struct keyvalue *line, const char *key, uint64_t value);
void keyvalue_address(struct keyvalue *line, const char *key, const struct addr *value);
void keyvalue_quote(struct keyvalue *line, const char *key, const char *format, ...)
    PRINTF_LIKE(3, 4);
void keyvalue_vquote(struct keyvalue *line, const char *key, const char *format, va_list args)
    PRINTF_LIKE(3, 0);

/*
 * The value of a key in such a line, as it was before it was quoted, cut to `size`. False when the
 * line does not have the key.
 */
bool keyvalue_get(const char *line, const char *key, char *value, size_t size) MUST_CHECK;

/* Where the line begins in a record "NAME: event=..."; NULL when the record has none. */
const char *keyvalue_find(const char *record);

#endif
