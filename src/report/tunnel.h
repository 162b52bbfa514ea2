/*
 * Which clients hold a connection to each backend, for services that count by client address: a
 * konnectivity agent has to have a tunnel to every controller.
 */
#ifndef K0SLB_REPORT_TUNNEL_H
#define K0SLB_REPORT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "board/snapshot.h"

/* What a client holds, of the backends that are up or suspect. */
enum tunnel_links {
    TUNNEL_PARTIAL, /* to some of them */
    TUNNEL_NONE,    /* to none: its sessions are at others */
    TUNNEL_FULL,    /* to each */
};

/* "partial", "none", "full" */
const char *tunnel_links_name(enum tunnel_links links);

enum tunnel_links tunnel_links(const struct snapshot_service *service,
                               const struct snapshot_client *client);

/* How many clients of the service are so. */
size_t tunnel_count(const struct snapshot_service *service, enum tunnel_links links);

#endif
