/*
 * The TLS session of one backend, for the next handshake with it to take up again: that costs the
 * backend no signature. Held by whoever asks the backend again and again, and given to the engine
 * with each question.
 */
#ifndef K0SLB_PROBE_PROBE_SESSION_H
#define K0SLB_PROBE_PROBE_SESSION_H

#include <stdint.h>

#include "base/defs.h"

struct probe_session;

/* An empty one; NULL with errno ENOMEM. */
struct probe_session *probe_session_new(void) MUST_CHECK;

/* Probes that still use it go on to the end. NULL is allowed. */
void probe_session_free(struct probe_session *session);

/*
 * Empties it: the next handshake is a full one. A probe that is under way may not fill it any more.
 */
void probe_session_forget(struct probe_session *session);

/* When (mono_ms()) the full handshake was that what is kept goes back to; 0 when it is empty. */
uint64_t probe_session_full_ms(const struct probe_session *session);

#endif
