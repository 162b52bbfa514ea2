/*
 * idle_timeout and half_close_timeout: sessions in which nothing has moved for too long. The path
 * of bytes only stores the time; a queue for each service and timeout looks at every session eight
 * times in that timeout, so an end comes at most an eighth of it late. What the kernel still sends
 * to a slow reader is movement too.
 */
#ifndef K0SLB_WORKER_IDLE_H
#define K0SLB_WORKER_IDLE_H

#include "base/defs.h"
#include "worker/session.h"

/* Makes the queues, by worker->epoch. 0, or -1 with errno ENOMEM. */
int idle_init(struct worker *worker) MUST_CHECK;
void idle_fini(struct worker *worker);

/* Puts a session that relays into the queue that fits it: after its connect, and its first FIN. It
 * leaves by list_remove() of its link. */
void idle_queue(struct session *session);

/* Another epoch: where a timeout changed, every session is queued anew. */
void idle_change(struct worker *worker);

#endif
