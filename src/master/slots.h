/* The board's slots for a configuration: reserved before it is sealed, published when decided. */
#ifndef K0SLB_MASTER_SLOTS_H
#define K0SLB_MASTER_SLOTS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/board.h"
#include "conf/conf.h"
#include "conf/epoch.h"
#include "master/names.h"

/*
 * Gives every service and backend of the configuration its slot. Returns 0; or -1 with a line in
 * `errors` and nothing reserved when the board has no room for them.
 */
int slots_reserve(struct board *board, struct conf *conf, struct textbuf *errors) MUST_CHECK;

/* Shows the epoch's services and backends, and sets the backends' addresses as far as known. */
void slots_publish(struct board *board, const struct epoch *epoch, const struct names *names);

/* Whether a service that is enabled counts its sessions by client address. */
bool slots_need_sources(const struct epoch *epoch);

#endif
