/* Whether the balancer works, in one word: for the reports that machines read. */
#ifndef K0SLB_REPORT_HEALTH_WORD_H
#define K0SLB_REPORT_HEALTH_WORD_H

#include "base/textbuf.h"
#include "board/snapshot.h"

/*
 * The kind of what /healthz says: "ok", "degraded", "maint" or "failed", a constant text. The
 * sentence itself is appended to *sentence, without its newline, unless that is NULL.
 */
const char *health_word(const struct snapshot *snapshot, struct textbuf *sentence);

#endif
