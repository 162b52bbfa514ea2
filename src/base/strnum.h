/* Numbers, durations and sizes as they are written in the configuration file. */
#ifndef K0SLB_BASE_STRNUM_H
#define K0SLB_BASE_STRNUM_H

#include <stdint.h>

#include "base/defs.h"

/*
 * Each reads the whole text into *out and returns 0. A text that is no such value gives -1 with
 * errno EINVAL; a value outside least..most, or beyond 64 bits, gives -1 with ERANGE. *out is
 * written on success only.
 */

/* Decimal digits alone. */
int strnum_uint(const char *text, uint64_t least, uint64_t most, uint64_t *out) MUST_CHECK;

/* "200ms", "2s", "5m", "1h", or a bare "0"; *out, least and most are milliseconds. */
int strnum_duration(const char *text, uint64_t least, uint64_t most, uint64_t *out) MUST_CHECK;

/* "4096", "64k", "1m"; *out, least and most are bytes. */
int strnum_size(const char *text, uint64_t least, uint64_t most, uint64_t *out) MUST_CHECK;

#define STRNUM_DURATION_SIZE 24

/* Writes milliseconds as the shortest text that strnum_duration() reads back; returns `text`. */
char *strnum_format_duration(uint64_t ms, char text[STRNUM_DURATION_SIZE]);

#endif
