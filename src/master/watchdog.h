/*
 * Workers without a heartbeat. One that is stopped, or waits for something, keeps its sessions and
 * is only shown as stalled; one that has been spinning for a minute is killed.
 */
#ifndef K0SLB_MASTER_WATCHDOG_H
#define K0SLB_MASTER_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

struct master;

struct watchdog {
    uint64_t last_ms;                           /* of the last look */
    uint64_t spinning_ms[3 * CONF_MAX_WORKERS]; /* by slot: for how long, as far as looked at */
    bool is_stalled[3 * CONF_MAX_WORKERS];      /* as the log was told */
};

/* Once a second. Time in which the master itself did not run counts against nobody. */
void watchdog_look(struct master *master);

#endif
