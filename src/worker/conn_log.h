/*
 * The connection log: one key=value line for each session of a service with log_connections, when
 * it has ended. What it says is kept in a record beside the session, which only such sessions have:
 * without one every function here does nothing.
 */
#ifndef K0SLB_WORKER_CONN_LOG_H
#define K0SLB_WORKER_CONN_LOG_H

#include <stdint.h>

#include "base/addr.h"
#include "board/board-t.h"

struct session;

/* Names are copied: when the line is written a reload may have removed them. */
struct conn_record {
    char service[CONF_NAME_SIZE];
    char backend[CONF_NAME_SIZE]; /* "" = never connected to one */
    struct addr client;
    struct addr address; /* the backend's */
    struct addr local;   /* this machine's, towards the backend */
    uint64_t begun_us;   /* mono_us() of the accept */
    uint64_t connected_us;
    uint64_t bytes_in; /* from the client */
    uint64_t bytes_out;
    uint32_t retries; /* backends that were tried before the last one */
    uint32_t replays; /* counted by whoever sends a hello to a second backend */
    enum board_end reason;
};

/* A session has begun. Without memory for a record it is not logged. */
void conn_log_begin(struct session *session, const struct addr *client,
                    const struct conf_service *service);

/* A search for a backend is over, in which so many were tried. */
void conn_log_tried(struct session *session, unsigned tried);

/* It has a backend; again when that one was left for another. */
void conn_log_connected(struct session *session);

/* So many bytes have left towards the backend, or towards the client. */
void conn_log_moved(struct session *session, uint64_t in, uint64_t out);

/* Why it ends. */
void conn_log_reason(struct session *session, enum board_end reason);

/* The last of it: writes the line and frees the record. */
void conn_log_end(struct session *session);

#endif
