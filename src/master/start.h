/*
 * From the configuration file to everything that children inherit: the transaction of a start.
 * Whatever fails, one clear line is printed for it and nothing is left behind.
 */
#ifndef K0SLB_MASTER_START_H
#define K0SLB_MASTER_START_H

#include "base/defs.h"
#include "master/master.h"
#include "master/master_state.h"

/*
 * Fills *master up to, but without, its children: epoch, lock, board, listeners, log, signals,
 * loop. Returns 0; or -1 with everything undone and the reasons on standard error.
 */
int start_open(struct master *master, const struct master_options *options) MUST_CHECK;

/* Before anything else: log lines go to standard error, as a program says them to its caller. */
void start_log(void);

/* The reverse: closes, unlinks and frees all of it. */
void start_close(struct master *master);

#endif
