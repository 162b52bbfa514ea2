/* Bytes written as text: base64 as in RFC 4648, section 4. */
#ifndef K0SLB_BASE_BASE64_H
#define K0SLB_BASE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

#include "base/defs.h"

/* Room that the bytes of so long a text need at most. */
#define BASE64_ROOM(length) ((length) / 4 * 3 + 3)

/*
 * Reads the whole text into `out`, which has BASE64_ROOM(length) bytes. Line ends may stand
 * anywhere; padding is required, and the bits that it leaves over have to be zero. Returns how many
 * bytes there are, or -1 with errno EINVAL; `out` then holds nothing of use.
 */
ssize_t base64_decode(const char *text, size_t length, void *out) MUST_CHECK;

#endif
