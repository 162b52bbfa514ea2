/* Giving up root for good (credentials(7), capabilities(7)). */
#ifndef K0SLB_ROLE_PRIVILEGES_H
#define K0SLB_ROLE_PRIVILEGES_H

#include <stdint.h>

#include "base/defs.h"
#include "conf/conf.h"

/*
 * Root becomes that user and group, without further groups, capabilities or a way back: every step
 * is checked, and the outcome is read back. Returns 0, or -1 with a line logged that names the
 * step; the process must then not go on.
 */
int privileges_drop(uint32_t uid, uint32_t gid) MUST_CHECK;

/* For a process that was not started as root: nothing it runs can gain anything. 0 or -1. */
int privileges_lock(void) MUST_CHECK;

/* Whichever of the two the configuration asks of a child. 0 or -1. */
int privileges_give_up(const struct conf_global *global) MUST_CHECK;

#endif
