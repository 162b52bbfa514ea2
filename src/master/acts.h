/*
 * What administrators say becomes an event and a line in the log, with the uid of whoever said it.
 * They write their words on the board and tell nobody: the master looks once a second, so what
 * another act has overtaken within that time is not seen.
 */
#ifndef K0SLB_MASTER_ACTS_H
#define K0SLB_MASTER_ACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/told.h"
#include "board/board.h"

/* All zero: nothing has been seen. */
struct acts {
    uint64_t seen[CONF_MAX_BACKENDS]; /* words as they were last told */
    uint64_t seen_self;
    struct told told;
    bool is_late; /* some wait to be told, and that has been said */
};

/*
 * Tells what has been said since the last look, at the time `now_ms` (monotonic). A script that
 * says drain and ready for ever fills neither the events nor the log: after the first 64 acts one
 * is told every two seconds, and what is told then is what holds then.
 */
void acts_look(struct acts *acts, struct board *board, uint64_t now_ms);

#endif
