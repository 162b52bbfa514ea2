/*
 * What k0slb knows, in the words of HAProxy's statistics, so that what reads those can read ours:
 * names of proxies, words of states, and sums as HAProxy makes them. For the CSV and the metrics.
 */
#ifndef K0SLB_REPORT_HAPROXY_H
#define K0SLB_REPORT_HAPROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "board/snapshot.h"
#include "conf/epoch.h"

/* Room for "SERVICE_backend" and the NUL. */
#define HAPROXY_NAME_SIZE (CONF_NAME_SIZE + 8)

/*
 * A service is two proxies: a frontend with its name, which clients connect to, and a backend with
 * the servers. Writes the name of the latter, and returns `text`.
 */
char *haproxy_backend_name(const struct snapshot_service *service, char text[HAPROXY_NAME_SIZE]);

/* The service in an epoch, for its limits; NULL where there is no epoch, or no such service in it.
 */
const struct conf_service *haproxy_conf(const struct epoch *epoch,
                                        const struct snapshot_service *service);

/* The states of a server, as its metrics have them. */
enum haproxy_state {
    HAPROXY_DOWN,
    HAPROXY_UP,
    HAPROXY_MAINT,
    HAPROXY_DRAIN,
    HAPROXY_NOLB, /* it may be well, and gets nothing new */
    HAPROXY_STATES,
};
enum haproxy_state haproxy_state(const struct snapshot_backend *backend);
const char *haproxy_state_name(enum haproxy_state state);

/*
 * The same as a server's status is written: "UP 2/3" and "UP 1/3" on its way down, "DOWN 1/2" on
 * its way up, "no check" for one that is not probed. Readers know no other numbers than these.
 */
const char *haproxy_status(const struct snapshot_service *service,
                           const struct snapshot_backend *backend);

/* A check's result: "L7OK", "INI" before the first one; "" for one that is not being probed. */
const char *haproxy_check(const struct snapshot_service *service,
                          const struct snapshot_backend *backend);

/* The servers that new connections can be sent to. */
struct haproxy_usable {
    unsigned active;
    unsigned backup;
    unsigned weight; /* of the active ones, or without any of the backups */
};
struct haproxy_usable haproxy_usable(const struct snapshot_service *service);

/* A proxy is up while there is a usable server. */
bool haproxy_is_up(const struct snapshot_service *service);

/* Sessions that a side broke off, by a reset or by not answering any more. */
uint64_t haproxy_client_aborts(const uint64_t ends[BOARD_END_COUNT]);
uint64_t haproxy_server_aborts(const uint64_t ends[BOARD_END_COUNT]);

#endif
