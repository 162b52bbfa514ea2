/*
 * Sessions counted by client address, for services that balance by it or limit it: in this worker's
 * table on the board, which all workers read.
 */
#ifndef K0SLB_WORKER_SOURCE_H
#define K0SLB_WORKER_SOURCE_H

#include <stdbool.h>

#include "worker/session.h"

/* Whether this worker has no room to count that client. */
bool source_is_untold(const struct worker *worker, const struct conf_service *service,
                      const struct addr *client);

/* Counts the session at the backend that has just been chosen for it. */
void source_begin(struct session *session, const struct conf_service *service,
                  const struct addr *client);

/* Whether the client, with this session, has more than the service allows to each. */
bool source_has_too_many(const struct session *session, const struct conf_service *service,
                         const struct addr *client);

/* Names one such client a second in the log. */
void source_note_too_many(struct worker *worker, const struct conf_service *service,
                          const struct addr *client);

/*
 * Takes the count back; nothing happens when there is none. Before the client learns of the end: it
 * may be back at once, in another worker.
 */
void source_end(struct session *session);

/*
 * Whether the count is to be taken back before the backend's FIN is passed on to the client, and
 * not only at the session's end: to one who wants a session at each backend this one is over then.
 * Where clients are limited it still counts, for it still costs.
 */
bool source_ends_with_backend(const struct session *session);

#endif
