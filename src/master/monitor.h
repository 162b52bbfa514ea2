/*
 * What the master keeps for readers once a second: rates, highest values, and events for every
 * change of a backend's health and for every act of an administrator, which is also logged.
 */
#ifndef K0SLB_MASTER_MONITOR_H
#define K0SLB_MASTER_MONITOR_H

#include <stdint.h>

#include "board/board.h"

struct monitor {
    uint64_t service_total[CONF_MAX_SERVICES];
    uint64_t backend_total[CONF_MAX_BACKENDS];
    uint64_t admin[CONF_MAX_BACKENDS]; /* administrators' words, as last seen */
    uint64_t admin_self;
    uint8_t health[CONF_MAX_BACKENDS]; /* enum board_health, as last seen */
};

/* One look at the board; writes into the master's region. */
void monitor_look(struct monitor *monitor, struct board *board);

#endif
