#include "probe/probe_session.h"

#include <stdlib.h>
#include <string.h>

#include "probe/credentials_parts.h"
#include "probe/probe_ops.h"
#include "probe/session_keep.h"

struct probe_session {
    unsigned holds;
    uint32_t era;
    SSL_SESSION *ssl_session; /* NULL: empty */
    uint64_t full_ms;
    bool identity_sent;
    struct session_terms terms;

    struct probe *kept; /* PROBE_KEPT, or NULL */
    uint64_t kept_full_ms;
    bool is_staggered; /* its first connection is behind it */
    bool keeps_no_more;
    bool is_free; /* the engine alone still holds it */
    probe_lost_fn *lost;
    void *lost_context;
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
    session->keeps_no_more = false;
    if (session->kept != NULL)
        ending_give_up(session->kept);
}

void probe_session_free(struct probe_session *session)
{
    if (session == NULL)
        return;
    session->is_free = true;
    session->lost = NULL;
    if (session->kept != NULL)
        ending_give_up(session->kept);
    session_release(session);
}

uint64_t probe_session_full_ms(const struct probe_session *session)
{
    uint64_t full_ms = session->ssl_session == NULL ? 0 : session->full_ms;

    if (session->kept != NULL && (full_ms == 0 || session->kept_full_ms < full_ms))
        full_ms = session->kept_full_ms;
    return full_ms;
}

void probe_session_on_lost(struct probe_session *session, probe_lost_fn *lost, void *context)
{
    session->lost = lost;
    session->lost_context = context;
}

/* ---- for the engine ---- */

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

void session_release(struct probe_session *session)
{
    if (session == NULL || --session->holds > 0)
        return;
    SSL_SESSION_free(session->ssl_session);
    free(session);
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

/* ---- the connection ---- */

bool session_may_keep(const struct probe_session *session, uint32_t era)
{
    return session->era == era && session->kept == NULL && !session->keeps_no_more &&
           !session->is_free;
}

void session_keep_connection(struct probe_session *session, struct probe *probe, uint64_t full_ms)
{
    session->kept = probe;
    session->kept_full_ms = full_ms;
}

struct probe *session_kept(const struct probe_session *session)
{
    return session == NULL ? NULL : session->kept;
}

void session_take_back(struct probe_session *session)
{
    session->kept = NULL;
}

void session_stop_keeping(struct probe_session *session)
{
    session->keeps_no_more = true;
}

void session_tell_lost(struct probe_session *session)
{
    if (session->lost != NULL)
        session->lost(session->lost_context);
}

unsigned session_most_asked(struct probe_session *session, unsigned *turn)
{
    if (session->is_staggered)
        return PROBE_MOST_ASKED;
    session->is_staggered = true;
    return PROBE_MOST_ASKED - (*turn)++ % PROBE_MOST_ASKED;
}
