/*
 * A child's side of a reload: what it was told to prepare, until it is told to forget it or to
 * change over. The master's side is master/reload.c.
 */
#ifndef K0SLB_ROLE_TRANSACTION_H
#define K0SLB_ROLE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "board/board-t.h"
#include "channel/channel.h"
#include "conf/epoch.h"

/* The epoch and listeners of a child: those in force, or those prepared. */
struct role_terms {
    const struct epoch *epoch;
    int listeners[CONF_MAX_LISTENERS]; /* by index; -1: another role's, or closed */
};

struct transaction {
    uint64_t number; /* 0 = none is prepared */
    struct role_terms terms;
    bool is_new[CONF_MAX_LISTENERS]; /* came with PREPARE: to be closed if it is aborted */
};

/* Whether this role is to have that listener. */
bool terms_own_listener(enum board_role role, const struct epoch *epoch, unsigned index);

/*
 * Takes a PREPARE with its descriptors (all of them become the transaction's, or are closed):
 * maps the epoch, and finds a socket for each listener of this role, one in force at the same
 * address or one that came and is bound there. Returns 0, or -1 with a line logged and nothing
 * prepared. An earlier transaction is forgotten.
 */
int transaction_prepare(struct transaction *transaction, const struct role_terms *now,
                        enum board_role role, const struct channel_message *message,
                        int *fds) MUST_CHECK;

/*
 * The listeners in force have been closed: those of them that were prepared to be kept are no more,
 * and their numbers may soon be somebody else's.
 */
void transaction_keep_none(struct transaction *transaction);

/* Closes and unmaps what was prepared; nothing happens when nothing was. */
void transaction_forget(struct transaction *transaction);

/*
 * Closes the listeners of `before` that `after` does not have, and unmaps its epoch: after the
 * change.
 */
void terms_leave(struct role_terms *before, const struct role_terms *after);

#endif
