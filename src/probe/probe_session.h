/*
 * What is kept of one backend from one question to the next: the TLS session, for the next
 * handshake to take up again, which costs the backend no signature; and the connection itself, if
 * it is open and good for another question. Held by whoever asks the backend again and again, and
 * given to the engine with each question.
 *
 * A backend that closes a kept connection while it is idle, or leaves a question over it
 * unanswered, is asked over fresh ones until the session is emptied: some close early, always.
 */
#ifndef K0SLB_PROBE_PROBE_SESSION_H
#define K0SLB_PROBE_PROBE_SESSION_H

#include <stdint.h>

#include "base/defs.h"

struct probe_session;

/* An empty one; NULL with errno ENOMEM. */
struct probe_session *probe_session_new(void) MUST_CHECK;

/*
 * Probes that still use it go on to the end; a kept connection is closed. NULL is allowed.
 */
void probe_session_free(struct probe_session *session);

/*
 * Empties it: the next handshake is a full one, and a kept connection is closed. A probe that is
 * under way may not fill it any more.
 */
void probe_session_forget(struct probe_session *session);

/* When (mono_ms()) the full handshake was that what is kept goes back to; 0 when it is empty. */
uint64_t probe_session_full_ms(const struct probe_session *session);

/*
 * Has `lost` called when the peer closes or resets the kept connection while it is idle: a good
 * moment to ask anew. It may start and cancel probes, but not free the engine.
 */
typedef void probe_lost_fn(void *context);
void probe_session_on_lost(struct probe_session *session, probe_lost_fn *lost, void *context);

#endif
