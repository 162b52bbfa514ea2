/* A part of a snapshot: one service, or one controller in all its services. */
#ifndef K0SLB_REPORT_SELECT_H
#define K0SLB_REPORT_SELECT_H

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/snapshot.h"
#include "report/report.h"

/*
 * The part that has this name, a service's before a controller's (which is any backend): that
 * service with all its backends; or the enabled services that have that backend, with it alone.
 * Their own numbers stay those of the whole service. Of warnings and events those stay that mention
 * the name. *part says what it has become.
 *
 * Returns NULL with errno ENOENT when nothing has the name, or ENOMEM. It points into `snapshot`,
 * which has to outlive it; free with select_free().
 */
struct snapshot *select_part(const struct snapshot *snapshot, const char *name,
                             enum report_part *part) MUST_CHECK;
void select_free(struct snapshot *part);

/* The name of a service or a controller that is one typo away; NULL = none. */
const char *select_suggest(const struct snapshot *snapshot, const char *typed);

/*
 * Appends every name once, services before controllers, each after `service` or `controller` and
 * before `end`: "service kubeAPI\n", or with other words "kubeAPI, ".
 */
void select_names(const struct snapshot *snapshot, const char *service, const char *controller,
                  const char *end, struct textbuf *out);

#endif
