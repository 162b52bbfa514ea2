/* What an administrator says of a controller, or of this balancer: drain, ready, maint. */
#ifndef K0SLB_CONTROL_ADMIN_H
#define K0SLB_CONTROL_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/snapshot.h"

struct admin_plan {
    const char *instance;
    const char *controller; /* NULL = the balancer itself */
    const char *service;    /* NULL = all that it has */
    enum board_admin_state state;
    uint32_t over_ms; /* of a drain; 0 = its sessions go on */
    bool forces;
    bool waits;
    uint64_t timeout_ms; /* of the waiting; 0 = without end */
    uint64_t said_ms;    /* wall clock, when it was written */
};

/* Whether that backend of that service is meant. */
bool admin_means(const struct admin_plan *plan, const struct snapshot_service *service,
                 const struct snapshot_backend *backend);

/* Appends the services in which the plan means a backend: "kubeAPI, konnectivity". Returns how many
 * these are. */
unsigned admin_name_services(const struct admin_plan *plan, const struct snapshot *snapshot,
                             struct textbuf *out);

/*
 * Appends, one line each, why the plan is dangerous as things are: it takes the last backend of a
 * service that is of use, or leaves fewer controllers than etcd needs. Returns how many there are.
 */
unsigned admin_find_dangers(const struct admin_plan *plan, const struct snapshot *snapshot,
                            struct textbuf *out);

/*
 * Waits until the plan has come about: no session is left, or for ready: it is up. Prints that.
 * Returns the exit status, with a line to standard error when it has not come to that.
 */
int admin_wait(const struct admin_plan *plan);

#endif
