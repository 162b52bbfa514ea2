/* What the text and the page say about the balancer as a whole: one line each, without its end. */
#ifndef K0SLB_REPORT_SUMMARY_H
#define K0SLB_REPORT_SUMMARY_H

#include <stdbool.h>

#include "base/textbuf.h"
#include "board/snapshot.h"

/* "1 down (konnectivity), 1 degraded (kubeAPI), 1 up"; the worst first. */
void summary_services(const struct snapshot *snapshot, struct textbuf *out);

/* "no reload since the start at …", "last reload ok, …" or "LAST RELOAD FAILED …". */
void summary_reload(const struct snapshot *snapshot, struct textbuf *out);

/* "1 of 2 running, 1 stalled, 15 sessions open" */
void summary_workers(const struct snapshot *snapshot, struct textbuf *out);

/* "2, see below"; only for a snapshot that has any. */
void summary_warnings(const struct snapshot *snapshot, struct textbuf *out);

/* The children that live: "worker 1 (pid 4243), checker (pid 4245)", or "none". */
void summary_living(const struct snapshot *snapshot, struct textbuf *out);

/* "worker (pid 4243): of an earlier master, finishing"; only for a snapshot that has any. */
void summary_orphans(const struct snapshot *snapshot, struct textbuf *out);
bool summary_has_orphans(const struct snapshot *snapshot);

#endif
