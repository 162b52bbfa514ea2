/*
 * A session's search for a backend, shared by connect.c, which makes the tries, and
 * connect_wait.c, which keeps their deadlines: nobody else's business.
 */
#ifndef K0SLB_WORKER_ATTEMPT_H
#define K0SLB_WORKER_ATTEMPT_H

#include "worker/session.h"
#include "worker/suspicion.h"

/* A backend that was left, the first try and the most retries that a configuration may ask for. */
#define MAX_TRIED 18

/* What only a connecting session needs to remember. */
struct attempt {
    struct session *session;
    struct addr client;
    struct list waiting;  /* link in worker->connecting[service_slot] */
    uint64_t deadline_ms; /* of the present try */
    uint64_t started_us;  /* the same try's beginning */
    struct addr address;  /* of the backend being tried */
    uint16_t tried[MAX_TRIED];
    uint8_t tried_count;
    uint8_t left_count; /* of these: left after they were connected, not tried by this attempt */
};

/* The present try has come to nothing: goes on with another backend, or ends the session. */
void attempt_fail(struct session *session, enum verdict verdict);

/* Chooses a backend and tries it. May end the session. */
void attempt_next(struct session *session);

#endif
