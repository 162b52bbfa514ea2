/*
 * The instance lock: flock(2) on /dev/shm/NAME.lock, kept by the master alone. It ends with the
 * master, however that dies; no file's content decides anything.
 */
#ifndef K0SLB_BOARD_BOARD_LOCK_H
#define K0SLB_BOARD_BOARD_LOCK_H

#include <sys/types.h>

#include "base/defs.h"

/*
 * Takes the lock. Returns its descriptor (close-on-exec; to be closed in every child), or -1 with
 * errno: EWOULDBLOCK when another master holds it, EACCES when another user owns the file.
 */
int board_lock(const char *name) MUST_CHECK;

/* Removes the file while the lock is held, then closes the descriptor and sets *fd to -1. */
void board_unlock(const char *name, int *fd);

#endif
