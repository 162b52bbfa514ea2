/* The parts of the page, each a <section> element. */
#ifndef K0SLB_REPORT_SECTION_H
#define K0SLB_REPORT_SECTION_H

#include "base/textbuf.h"
#include "board/snapshot.h"
#include "report/html.h"

/* What states mean. */
enum html_level section_service_level(enum snapshot_service_status status);
enum html_level section_backend_level(enum snapshot_status status);

/* How the balancer with all it serves stands: the worst of all services, and of itself. */
enum html_level section_level_of_all(const struct snapshot *snapshot);

/* That in few words: "all is well", "1 of 3 services degraded, 1 warning". */
void section_words_for_all(const struct snapshot *snapshot, struct textbuf *out);

/* Room for the place of a backend in the JSON and the NUL. */
#define SECTION_AT_SIZE 48

/* "services.0.backends.1", for `data-at`; returns `text`. */
char *section_at_backend(size_t service, size_t backend, char text[SECTION_AT_SIZE]);

/* Whether the control plane is reachable: a sentence for each service. */
void section_answer(const struct snapshot *snapshot, struct textbuf *out);

/* What somebody has to do, or has done: the balancer's own ills, a failed reload, the warnings. */
void section_notices(const struct snapshot *snapshot, struct textbuf *out);

/* Controllers × services; nothing where there are none. */
void section_matrix(const struct snapshot *snapshot, struct textbuf *out);

/* A service by its place in the snapshot, with all numbers unless it is disabled. */
void section_service(const struct snapshot *snapshot, size_t index, struct textbuf *out);

/* Clients × backends, where those are counted; nothing elsewhere. */
void section_tunnels(const struct snapshot *snapshot, size_t index, struct textbuf *out);

/* The balancer itself: configuration, processes. */
void section_balancer(const struct snapshot *snapshot, struct textbuf *out);

/* Events, the newest first; nothing when there are none. */
void section_events(const struct snapshot *snapshot, struct textbuf *out);

#endif
