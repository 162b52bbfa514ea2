/*
 * The connection log: one key=value line for each session of a service with log_connections, when
 * it has ended. What it says is kept in a record that follows the session in memory: only such
 * sessions have one, and for all others every function here does nothing.
 */
#ifndef K0SLB_WORKER_CONN_LOG_H
#define K0SLB_WORKER_CONN_LOG_H

#include <stddef.h>
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
    uint32_t replays; /* of its hello to another backend */
    enum board_end reason;
};

/* How many bytes the record of a session of that service takes: 0 where nothing is logged. */
size_t conn_log_room(const struct conf_service *service);

/* A session has begun, in zeroed memory with that room behind it. */
void conn_log_begin(struct session *session, const struct addr *client,
                    const struct conf_service *service);

/* A search for a backend is over, in which so many were tried. */
void conn_log_tried(struct session *session, unsigned tried);

/* Its hello is sent to another backend. */
void conn_log_replayed(struct session *session);

/* It has a backend; again when that one was left for another. */
void conn_log_connected(struct session *session);

/* So many bytes have left towards the backend, or towards the client. */
void conn_log_moved(struct session *session, uint64_t in, uint64_t out);

/* Why it ends. */
void conn_log_reason(struct session *session, enum board_end reason);

/* The last of it, before its memory is freed: writes the line. */
void conn_log_end(struct session *session);

#endif
