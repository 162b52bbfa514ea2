/* The stats process: answers HTTP from the board, read-only. */
#ifndef K0SLB_STATS_STATS_H
#define K0SLB_STATS_STATS_H

#include "role/role.h"

/* The stats process's row in the table of roles. */
extern const struct role_ops stats_ops;

#endif
