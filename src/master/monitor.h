/*
 * What the master keeps for readers once a second: rates, highest values, how long services were
 * down, and events for every change of a backend's health and for every act of an administrator,
 * which is also logged.
 */
#ifndef K0SLB_MASTER_MONITOR_H
#define K0SLB_MASTER_MONITOR_H

#include <stdint.h>

#include "board/board.h"
#include "master/acts.h"

/* A total at the last look, and whose: a slot's next owner begins with nothing. */
struct monitor_total {
    uint64_t number;
    uint64_t total;
};

struct monitor {
    struct monitor_total services[CONF_MAX_SERVICES];
    struct monitor_total backends[CONF_MAX_BACKENDS];
    uint64_t look_ms; /* monotonic: the last look */
    struct acts acts;
    uint8_t health[CONF_MAX_BACKENDS]; /* enum board_health, as last seen */
};

/* Before the first look: what is there by now, carried over from an earlier board, is no rate. */
void monitor_begin(struct monitor *monitor, const struct board *board);

/* One look at the board; writes into the master's region. */
void monitor_look(struct monitor *monitor, struct board *board);

#endif
