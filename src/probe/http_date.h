/* The Date of an HTTP answer (RFC 9110, section 5.6.7). */
#ifndef K0SLB_PROBE_HTTP_DATE_H
#define K0SLB_PROBE_HTTP_DATE_H

#include <stdint.h>

#include "base/defs.h"

/*
 * Reads any of the three forms that a recipient has to know into seconds since 1970. Returns 0, or
 * -1 when it is none of them; *out is then untouched.
 */
int http_date_parse(const char *text, int64_t *out) MUST_CHECK;

/*
 * How far a clock that said `date_s` is ahead of ours, which said `wall_ms` when that came. The
 * other one shows whole seconds, so half a second is added to it: the error is half a second and
 * the time that the answer took.
 */
int64_t http_date_ahead_ms(int64_t date_s, uint64_t wall_ms);

#endif
