/*
 * From a session to a connected backend: choose, connect without waiting, on refusal or timeout
 * choose another one. The client is not read until then, so it notices nothing and nothing is lost.
 */
#ifndef K0SLB_WORKER_CONNECT_H
#define K0SLB_WORKER_CONNECT_H

#include "worker/session.h"

/* Starts the first attempt. May end the session. */
void connect_begin(struct session *session, const struct addr *client);

/* The loop reported something of the backend's socket while it connects. May end the session. */
void connect_event(struct session *session, unsigned events);

/*
 * For a session that has a backend: the index in the epoch of another one, up, not avoided, and
 * chosen as ever; or -1. After an index either connect_again() follows, or connect_abandon().
 */
int connect_find_other(struct session *session) MUST_CHECK;

/* Takes the socket of the backend that was given up away, and tries that one. May end the session.
 */
void connect_again(struct session *session, unsigned backend);

/* Forgets the attempt of a session that ends; nothing happens when there is none. */
void connect_abandon(struct session *session);

/* Ends every session that has no backend yet. */
void connect_end_all(struct worker *worker, enum board_end reason);

/* Prepares worker->connecting, and the timer for its deadlines. */
void connect_init(struct worker *worker);

/*
 * The epoch has changed: an attempt at a backend that is gone, or has another address now, is made
 * anew, and one for a service that is gone ends.
 */
void connect_change(struct worker *worker);

#endif
