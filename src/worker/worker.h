/* A worker: accepts, chooses a backend, connects, moves bytes. */
#ifndef K0SLB_WORKER_WORKER_H
#define K0SLB_WORKER_WORKER_H

#include "role/role.h"

/* A worker's row in the table of roles. */
extern const struct role_ops worker_ops;

#endif
