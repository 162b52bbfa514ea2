/* The sections of the page that are tables, each a <section> element. */
#ifndef K0SLB_REPORT_SECTION_H
#define K0SLB_REPORT_SECTION_H

#include "base/textbuf.h"
#include "board/snapshot.h"
#include "report/html.h"

enum html_level section_service_level(enum snapshot_service_status status);

/* A service, with its backends unless it is disabled. */
void section_service(const struct snapshot_service *service, struct textbuf *out);

/* What an administrator can mend, with the remedies; nothing when there is nothing. */
void section_warnings(const struct snapshot *snapshot, struct textbuf *out);

/* The newest events; nothing when there are none. */
void section_events(const struct snapshot *snapshot, struct textbuf *out);

/* The master and its children. */
void section_processes(const struct snapshot *snapshot, struct textbuf *out);

#endif
