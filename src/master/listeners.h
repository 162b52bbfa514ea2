/* The sockets that clients come to. The master binds them once and keeps them for its whole life.
 */
#ifndef K0SLB_MASTER_LISTENERS_H
#define K0SLB_MASTER_LISTENERS_H

#include "base/defs.h"
#include "board/board.h"
#include "conf/epoch.h"

/* Descriptors by the epoch's listener index; -1 where this host cannot have it. */
struct listeners {
    int fds[CONF_MAX_LISTENERS];
    unsigned count;
};

/*
 * Binds and listens on every socket of the epoch. Returns 0; or -1 with none left open, after a
 * line on the log for each that failed: the address, the service, and who holds it.
 */
int listeners_open(struct listeners *listeners, const struct epoch *epoch) MUST_CHECK;

/* Notes them on the board, with their inodes. */
void listeners_publish(const struct listeners *listeners, const struct epoch *epoch,
                       struct board *board);

void listeners_close(struct listeners *listeners);

#endif
