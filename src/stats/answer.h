/*
 * An answer: its head (RFC 9112, section 4) and its body. Who asks for the same at the same time
 * is given the same answer, so it counts who has it.
 */
#ifndef K0SLB_STATS_ANSWER_H
#define K0SLB_STATS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/textbuf.h"

#define ANSWER_TEXT "text/plain; charset=utf-8"

struct answer {
    int status;         /* one of 204 has no body */
    const char *type;   /* Content-Type */
    uint64_t date_ms;   /* wall_ms() */
    bool varies;        /* by the request's Accept */
    const char *policy; /* Content-Security-Policy; NULL = nothing may be loaded or run */
    struct textbuf head;
    struct textbuf body;
    unsigned users; /* answer_leave() of the last one frees it */
};

/* An empty answer of that time, with one user and a body of at most `limit` bytes; or NULL. */
struct answer *answer_new(uint64_t date_ms, size_t limit) MUST_CHECK;

/* One more has it. */
struct answer *answer_share(struct answer *answer);

/* Whoever had it has it no more; NULL is nobody's. */
void answer_leave(struct answer *answer);

/* It becomes that status, with a sentence as plain text, and nothing of what it was. */
void answer_say(struct answer *answer, int status, const char *sentence);

/*
 * Writes the head for all that is set: status line and header lines, the empty line included, a few
 * hundred bytes and the policy. 405 says what is allowed. Nothing may be kept by who asks, guessed
 * to be of another type, or shown inside of somebody else's page.
 */
void answer_write_head(struct answer *answer);

/* The words for a status: "OK", "Not Found" … */
const char *answer_reason(int status);

#endif
