/* A worker: accepts, chooses a backend, connects, moves bytes. */
#ifndef K0SLB_WORKER_WORKER_H
#define K0SLB_WORKER_WORKER_H

#include <stdint.h>

#include "role/role.h"

/* How many sessions the limit of open files allows one worker: two descriptors each, the pipes of
 * the pool and a reserve. */
uint32_t worker_sessions_most(void);

/* A worker's row in the table of roles. */
extern const struct role_ops worker_ops;

#endif
