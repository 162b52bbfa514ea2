#include "probe/probe_session.h"

#include <stdlib.h>
#include <string.h>

#include "probe/credentials_parts.h"
#include "probe/session_keep.h"

struct probe_session {
    unsigned holds;
    uint32_t era;
    SSL_SESSION *ssl_session; /* NULL: empty */
    uint64_t full_ms;
    bool identity_sent;
    struct session_terms terms;
};

struct probe_session *probe_session_new(void)
{
    struct probe_session *session = calloc(1, sizeof(*session));

    if (session != NULL)
        session->holds = 1;
    return session;
}

void probe_session_forget(struct probe_session *session)
{
    SSL_SESSION_free(session->ssl_session);
    session->ssl_session = NULL;
    session->full_ms = 0;
    session->era++;
}

void probe_session_free(struct probe_session *session)
{
    if (session == NULL || --session->holds > 0)
        return;
    SSL_SESSION_free(session->ssl_session);
    free(session);
}

uint64_t probe_session_full_ms(const struct probe_session *session)
{
    return session->ssl_session == NULL ? 0 : session->full_ms;
}

void session_terms_of(struct session_terms *out, const struct probe_tls_terms *terms)
{
    memset(out, 0, sizeof(*out));
    if (terms->identity != NULL)
        memcpy(out->identity, terms->identity->fingerprint, sizeof(out->identity));
    if (terms->verify && terms->authority != NULL)
        memcpy(out->authority, terms->authority->fingerprint, sizeof(out->authority));
}

struct probe_session *session_hold(struct probe_session *session)
{
    if (session != NULL)
        session->holds++;
    return session;
}

uint32_t session_era(const struct probe_session *session)
{
    return session->era;
}

SSL_SESSION *session_look(const struct probe_session *session, const struct session_terms *terms)
{
    if (session->ssl_session == NULL || SSL_SESSION_is_resumable(session->ssl_session) == 0 ||
        memcmp(&session->terms, terms, sizeof(*terms)) != 0)
        return NULL;
    return session->ssl_session;
}

bool session_keep(struct probe_session *session, const struct session_fresh *fresh)
{
    if (session->era != fresh->era)
        return false;
    SSL_SESSION_free(session->ssl_session);
    session->ssl_session = fresh->ssl_session;
    session->full_ms = fresh->full_ms;
    session->identity_sent = fresh->identity_sent;
    session->terms = fresh->terms;
    return true;
}

bool session_has_identity(const struct probe_session *session)
{
    return session->identity_sent;
}
