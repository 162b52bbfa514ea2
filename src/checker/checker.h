/* The checker: asks every backend on its own schedule and writes the verdicts on the board. */
#ifndef K0SLB_CHECKER_CHECKER_H
#define K0SLB_CHECKER_CHECKER_H

#include "role/role.h"

/* The checker's row in the table of roles. */
extern const struct role_ops checker_ops;

#endif
