/* The head of an answer (RFC 9112, section 4). */
#ifndef K0SLB_STATS_ANSWER_H
#define K0SLB_STATS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/textbuf.h"

struct answer {
    int status;         /* of 204 it has no body, and `type` and `length` mean nothing */
    const char *type;   /* Content-Type */
    size_t length;      /* of the body, which a HEAD request is told but not given */
    uint64_t date_ms;   /* wall_ms() */
    bool varies;        /* by the request's Accept */
    const char *policy; /* Content-Security-Policy; NULL = nothing may be loaded or run */
};

/*
 * Appends status line and header lines, the empty line included: at most a few hundred bytes and
 * the policy. 405 says what is allowed. Nothing may be kept by who asks, guessed to be of another
 * type, or shown inside of somebody else's page.
 */
void answer_write_head(const struct answer *answer, struct textbuf *out);

/* The words for a status: "OK", "Not Found" … */
const char *answer_reason(int status);

#endif
