/* The sockets that clients come to. The master binds them once and keeps them for its whole life.
 */
#ifndef K0SLB_MASTER_LISTENERS_H
#define K0SLB_MASTER_LISTENERS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/board.h"
#include "conf/epoch.h"

/* Descriptors by the epoch's listener index; -1 where this host cannot have it. */
struct listeners {
    int fds[CONF_MAX_LISTENERS];
    bool is_new[CONF_MAX_LISTENERS]; /* bound for this epoch, not kept from the one before */
    unsigned count;
};

/* Sockets that listen already, while others are opened: those in force, or those taken over. */
struct listeners_before {
    struct addr addresses[CONF_MAX_LISTENERS];
    int fds[CONF_MAX_LISTENERS];
    bool is_kept[CONF_MAX_LISTENERS]; /* a listener of the new epoch has it now */
    unsigned count;
};

/* Those of an epoch in force. */
void listeners_in_force(struct listeners_before *before, const struct listeners *listeners,
                        const struct epoch *epoch);

/* Whether two addresses that are not the same cannot be bound at once. */
bool listeners_overlap(const struct addr *a, const struct addr *b);

/*
 * Keeps, or binds, a socket for each listener of the epoch. Returns 0; or -1 with what was bound
 * closed again, and a line in `errors` for each that failed: the address, the service, who has it.
 */
int listeners_open(struct listeners *listeners, const struct epoch *epoch,
                   struct listeners_before *before, struct textbuf *errors) MUST_CHECK;

/* Closes what was bound for this epoch and leaves what was kept: it is not to be. */
void listeners_undo(struct listeners *listeners);

/* Gives kept sockets the backlog that the epoch wants: one that was taken over has its old one. */
void listeners_set_backlogs(const struct listeners *listeners, const struct epoch *epoch);

/* Closes what only `before` has, and gives kept sockets their new backlog: the change is decided.
 */
void listeners_replace(struct listeners *before, const struct listeners *after,
                       const struct epoch *epoch);

/*
 * Notes those that are new, in addition, before any child has them: should this master die, the
 * next one has to find what they hold.
 */
void listeners_note_new(const struct listeners *listeners, const struct epoch *epoch,
                        struct board *board);

/* Notes them on the board, with their inodes, in place of those noted before. */
void listeners_publish(const struct listeners *listeners, const struct epoch *epoch,
                       struct board *board);

void listeners_close(struct listeners *listeners);

#endif
