/*
 * What a reload would change to: the file read and checked, slots reserved on the board, the epoch
 * sealed, new sockets bound. Everything here can fail, and nothing that runs is touched.
 */
#ifndef K0SLB_MASTER_RELOAD_TERMS_H
#define K0SLB_MASTER_RELOAD_TERMS_H

#include "base/defs.h"

struct master;

/*
 * Fills epoch, epoch_fd and listeners of master->reload. Returns 0, or -1 with a line in its errors
 * for each mistake; what was made by then is there for the caller to undo.
 */
int reload_make_terms(struct master *master) MUST_CHECK;

#endif
