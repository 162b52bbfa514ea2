/*
 * Which services are full for this worker, and until when: it watches none of their sockets, and
 * tries again when a session of its own ends there, or after a while.
 */
#ifndef K0SLB_WORKER_FULLNESS_H
#define K0SLB_WORKER_FULLNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/told.h"
#include "worker/worker_state.h"

#define FULLNESS_NEVER UINT64_MAX

/* By service slot; all zero: none is full. */
struct fullness {
    struct {
        uint64_t until_ms; /* when it is tried again; 0 = not full */
        struct told told;
    } service[CONF_MAX_SERVICES];
};

bool fullness_has(const struct fullness *fullness, unsigned service_slot);

/*
 * The worker could claim no more there (limit.h). Returns when it is tried again. Where there is
 * room nevertheless, another worker has stepped back at the same moment: then that is soon. Else
 * the log says so, once a minute.
 */
uint64_t fullness_add(struct fullness *fullness, struct worker *worker,
                      const struct conf_service *service);

/* A session of that service has ended. Returns whether it was full. */
bool fullness_remove(struct fullness *fullness, unsigned service_slot);

/* Forgets those whose time has come. Returns when the next one's will, or FULLNESS_NEVER. */
uint64_t fullness_expire(struct fullness *fullness, uint64_t now_ms);

#endif
