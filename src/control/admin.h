/* What an administrator says of a controller, or of this balancer: drain, ready, maint. */
#ifndef K0SLB_CONTROL_ADMIN_H
#define K0SLB_CONTROL_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/board.h"
#include "board/snapshot.h"

struct control;

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

/*
 * Reads operands and options into a plan that has its instance and its state. Returns 0, or -1 with
 * a line to standard error.
 */
int admin_read_plan(const struct control *control, struct admin_plan *plan) MUST_CHECK;

/* Whether that backend of that service is meant. */
bool admin_means(const struct admin_plan *plan, const struct snapshot_service *service,
                 const struct snapshot_backend *backend);

/* Appends the services in which the plan means a backend: "kubeAPI, konnectivity". Returns how many
 * these are. */
unsigned admin_name_services(const struct admin_plan *plan, const struct snapshot *snapshot,
                             struct textbuf *out);

/* Says why it means none, with what was perhaps meant. */
void admin_complain_about_names(const struct admin_plan *plan, const struct snapshot *snapshot);

/*
 * Appends, one line each, why the plan is dangerous: it takes the last backend of a service that is
 * of use, or leaves fewer controllers than etcd needs. What it would take away is looked up in
 * `before`, what would be left in `now`, which is the same, or a later one that has the plan's own
 * words already. Returns how many there are.
 */
unsigned admin_find_dangers(const struct admin_plan *plan, const struct snapshot *before,
                            const struct snapshot *now, struct textbuf *out);

enum admin_outcome {
    ADMIN_SAID,
    ADMIN_REFUSED,   /* with lines to standard error; nothing has been changed */
    ADMIN_ELSEWHERE, /* a new start has another board by now: it is to be said there */
    ADMIN_GONE,      /* it has been stopped, and a line says so */
};

/*
 * Writes the plan's words. `snapshot` is the board as it was just before; it is looked at again
 * afterwards, and when somebody else has made the plan dangerous meanwhile, it is taken back.
 */
enum admin_outcome admin_say(struct board *board, struct admin_plan *plan,
                             const struct snapshot *snapshot) MUST_CHECK;

/*
 * Waits until the plan has come about: no session is left, or for ready: it is up. Prints that.
 * Returns the exit status, with a line to standard error when it has not come to that.
 */
int admin_wait(const struct admin_plan *plan);

#endif
