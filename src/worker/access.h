/* `allow` and `deny`: who may use a service. Everybody else is reset at once, and counted. */
#ifndef K0SLB_WORKER_ACCESS_H
#define K0SLB_WORKER_ACCESS_H

#include <stdbool.h>

#include "base/told.h"
#include "worker/worker_state.h"

/* Whether everybody may come in: nobody then needs to be looked at. */
bool access_is_open(const struct conf_service *service);

/* Whether the client may come in. `deny` wins over `allow`. */
bool access_allows(const struct worker *worker, const struct conf_service *service,
                   const struct addr *client);

/* Counts a client that may not, and names one of them a second. */
void access_note_denied(struct worker *worker, const struct conf_service *service,
                        const struct addr *client, struct told *told);

#endif
