/* The list that k0slbctl top shows: services, each with its backends in the order that is wanted.
 */
#ifndef K0SLB_CONTROL_TOP_ROWS_H
#define K0SLB_CONTROL_TOP_ROWS_H

#include "control/top.h"

/* Points into the snapshot. */
struct top_row {
    const struct snapshot_service *service;
    const struct snapshot_backend *backend; /* NULL = the service itself */
    size_t place;                           /* in its service, as status has it */
    struct top_rates rates;
    bool has_rates;
};

struct top_rows {
    struct top_row *list;
    size_t count;
};

/* Makes the list. Returns 0, or -1 with errno ENOMEM. Free with top_rows_free(). */
int top_rows_make(const struct top_sight *sight, enum top_order order,
                  struct top_rows *rows) MUST_CHECK;
void top_rows_free(struct top_rows *rows);

/* "as in status", "worst first" … */
const char *top_order_name(enum top_order order);

#endif
