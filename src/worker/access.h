/* `allow` and `deny`: who may use a service. Everybody else is reset at once, and counted. */
#ifndef K0SLB_WORKER_ACCESS_H
#define K0SLB_WORKER_ACCESS_H

#include <stdbool.h>

#include "worker/worker_state.h"

/* When a worker last said that it turned somebody away, and how many it has not named since. */
struct access_log {
    uint64_t said_ms; /* 0 = never */
    uint64_t suppressed;
};

/* Whether everybody may come in: nobody then needs to be looked at. */
bool access_is_open(const struct conf_service *service);

/* Whether the client may come in. `deny` wins over `allow`. */
bool access_allows(const struct worker *worker, const struct conf_service *service,
                   const struct addr *client);

/* Counts a client that may not, and names one of them a second. */
void access_note_denied(struct worker *worker, const struct conf_service *service,
                        const struct addr *client, struct access_log *log);

#endif
