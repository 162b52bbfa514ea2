/* The log line for a limit that has been reached: the same keys for all of them. */
#ifndef K0SLB_WORKER_REACHED_H
#define K0SLB_WORKER_REACHED_H

#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/told.h"

/* How often a worker says so: a limit is reached as often as there are clients. */
#define REACHED_PACE       ((struct told_pace){.burst = 1, .every_ms = 10000})
#define REACHED_OFTEN_PACE ((struct told_pace){.burst = 1, .every_ms = 1000})
#define REACHED_LONG_PACE  ((struct told_pace){.burst = 1, .every_ms = 60000})

struct reached {
    const char *limit;         /* its name, as k0slbd(8) has it */
    const char *service;       /* NULL: it is not one of a service */
    const struct addr *client; /* NULL: or not of a client */
    uint64_t at;               /* what it is */
    const struct told *told;   /* has counted those that were not said since the last one */
};

/* Says so, with what follows for clients in words. */
void reached_say(const struct reached *reached, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
