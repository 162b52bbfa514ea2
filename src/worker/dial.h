/* One TCP connection to a backend: beginning it, and learning what came of it. */
#ifndef K0SLB_WORKER_DIAL_H
#define K0SLB_WORKER_DIAL_H

#include "worker/session.h"

/* Learns which ports the kernel gives to outgoing connections. */
void dial_init(struct worker *worker);

/*
 * Opens session->backend's socket and begins to connect it, from one of the service's own addresses
 * if it has any. Returns 0 when it connects, or -1 with errno of socket(2), bind(2) or connect(2);
 * a socket may be open then, too.
 */
int dial_open(struct session *session, const struct conf_service *service,
              const struct addr *address) MUST_CHECK;

/*
 * What the loop's events say of a socket that connects to that port: 0 when it is connected, else
 * an errno; ECONNREFUSED also for one that has met itself.
 */
int dial_error(const struct session *session, uint16_t port, unsigned events);

#endif
