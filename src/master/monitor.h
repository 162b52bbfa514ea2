/*
 * What the master keeps for readers once a second: rates, highest values, and events for every
 * change of a backend's health.
 */
#ifndef K0SLB_MASTER_MONITOR_H
#define K0SLB_MASTER_MONITOR_H

#include <stdint.h>

#include "board/board.h"

struct monitor {
    uint64_t service_total[CONF_MAX_SERVICES];
    uint64_t backend_total[CONF_MAX_BACKENDS];
    uint8_t health[CONF_MAX_BACKENDS]; /* enum board_health, as last seen */
};

/* One look at the board; writes into the master's region. */
void monitor_look(struct monitor *monitor, struct board *board);

#endif
