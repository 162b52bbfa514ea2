/*
 * Sessions of which one side is gone: reset, or silent for too long. The other side still gets what
 * had come before that, and then the reset: a truncated stream must not look whole, and a whole one
 * must not lose its tail. It has a second, counted anew whenever some of it has arrived. What it
 * still sends meanwhile is thrown away, a bounded amount of it, so that it may get to read.
 */
#ifndef K0SLB_WORKER_LEAVE_H
#define K0SLB_WORKER_LEAVE_H

#include "worker/session.h"

/* Prepares worker->leaving, and its timer. */
void leave_init(struct worker *worker);

/* The session is counted out and has one socket left. May free it. */
void leave_begin(struct session *session);

/* Something happened on that socket. May free the session. */
void leave_run(struct session *session);

#endif
