/* Inside the room: what the holder of a TLS session is to the engine. */
#ifndef K0SLB_PROBE_SESSION_KEEP_H
#define K0SLB_PROBE_SESSION_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "probe/probe.h"
#include "probe/probe_session.h"

/* What a session was agreed upon by; it is good for no other terms. */
struct session_terms {
    uint8_t identity[32];  /* fingerprint of our certificate, or zeros */
    uint8_t authority[32]; /* of the authority that the server was held against, or zeros */
};

void session_terms_of(struct session_terms *out, const struct probe_tls_terms *terms);

/* A further hold on it, for the engine; NULL is allowed for both. */
struct probe_session *session_hold(struct probe_session *session);
void session_release(struct probe_session *session);

/* What a probe has to bring back: see session_keep(). */
uint32_t session_era(const struct probe_session *session);

/* What is kept, if it was made on the same terms; else NULL. Remains the holder's. */
SSL_SESSION *session_look(const struct probe_session *session, const struct session_terms *terms);

struct session_fresh {
    SSL_SESSION *ssl_session; /* the reference goes to the holder when it is kept */
    uint64_t full_ms;
    uint32_t era; /* as it was when the probe began: a holder emptied since takes nothing */
    bool identity_sent;
    struct session_terms terms;
};

/* True when it was taken. */
bool session_keep(struct probe_session *session, const struct session_fresh *fresh);

/* Whether our certificate was given when the session began. */
bool session_has_identity(const struct probe_session *session);

/* ---- the connection ---- */

/* Whether a connection that began in that era may be kept: there is no other one. */
bool session_may_keep(const struct probe_session *session, uint32_t era);

/* Keeps it; its handshake goes back to a full one at `full_ms`. Whose it is may be asked with
 * session_kept(), until it is taken back. */
void session_keep_connection(struct probe_session *session, struct probe *probe, uint64_t full_ms);
struct probe *session_kept(const struct probe_session *session);
void session_take_back(struct probe_session *session);

/* It was of no use: no other one is kept before the session is emptied. */
void session_stop_keeping(struct probe_session *session);

/* Calls whoever wants to know that the idle one was lost. */
void session_tell_lost(struct probe_session *session);

/* The questions that the next connection may have; `turn` is a number of the engine's. */
unsigned session_most_asked(struct probe_session *session, unsigned *turn);

#endif
