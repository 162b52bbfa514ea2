/*
 * The prefix of an instance's segment: the same in every layout version, so that whoever belongs to
 * an instance can be found and ended whichever version of k0slb made it.
 */
#ifndef K0SLB_BOARD_BOARD_PREFIX_H
#define K0SLB_BOARD_BOARD_PREFIX_H

#include <sys/types.h>

#include "base/defs.h"
#include "board/board-t.h"

/*
 * Copies the prefix of an instance as it is now, and tells who owns the segment. Returns 0, or -1
 * with errno: ENOENT, EACCES and EBADF as board_open() has them; EPROTO when it has no such prefix.
 */
int board_prefix_read(const char *name, struct board_prefix *prefix, uid_t *owner) MUST_CHECK;

/* Removes the segment of a dead instance. The caller holds its lock. */
void board_prefix_unlink(const char *name);

#endif
