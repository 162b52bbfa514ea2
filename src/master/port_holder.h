/* Who listens on a port, as far as proc(5) tells. */
#ifndef K0SLB_MASTER_PORT_HOLDER_H
#define K0SLB_MASTER_PORT_HOLDER_H

#include <sys/types.h>

#include "base/addr.h"
#include "base/defs.h"

struct port_holder {
    pid_t pid;
    char name[32]; /* of the program, as in /proc/PID/comm */
};

/*
 * Finds a process that listens where `address` wants to: on its port, at the same address or at
 * the family's wildcard. Returns 0, or -1 when none is found (without root, other users' processes
 * cannot be seen).
 */
int port_holder_find(const struct addr *address, struct port_holder *holder) MUST_CHECK;

#endif
