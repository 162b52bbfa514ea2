/* What must not grow: descriptors, mappings, processes, entries of /dev/shm. */
#ifndef K0SLB_TESTS_SYSTEM_LEAK_H
#define K0SLB_TESTS_SYSTEM_LEAK_H

#include "system/instance.h"

#define LEAK_WORKERS 16

struct leak {
    int master_fds;
    int master_maps; /* lines of /proc/PID/maps */
    long master_kib; /* private dirty memory */
    int worker_fds[LEAK_WORKERS];
    int worker_maps[LEAK_WORKERS];
    long worker_kib[LEAK_WORKERS];
    int stats_fds;
    int children; /* of the master, zombies included */
    int zombies;
    int shared; /* entries of /dev/shm with the instance's name */
};

/* Counts now. A process that is not there counts -1. */
void leak_count(const struct instance *instance, struct leak *leak);

/*
 * Counts until nothing but what is in KiB is above `before`, or the time is over. Prints what is.
 * Returns whether it came to that.
 */
bool leak_wait_flat(const struct instance *instance, const struct leak *before, unsigned within_ms);

#endif
