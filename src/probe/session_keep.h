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

/* A further hold on it; given up with probe_session_free(). NULL is allowed. */
struct probe_session *session_hold(struct probe_session *session);

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

#endif
