#include "probe/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/addr.h"
#include "base/log.h"
#include "base/mono.h"

#include "probe/credentials_parts.h"
#include "probe/probe_ops.h"

/* Of a question without terms. */
static const struct probe_tls_terms no_terms;

static const struct probe_tls_terms *terms_in(const struct probe_question *question)
{
    return question->tls != NULL ? question->tls : &no_terms;
}

static const struct probe_tls_terms *terms_of(const struct probe *probe)
{
    return terms_in(&probe->question);
}

/* ---- what all share ---- */

/* The server asks for a certificate: before that ours is not even set. */
static int on_certificate_wanted(SSL *ssl, void *context)
{
    struct tls_talk *talk = SSL_get_app_data(ssl);
    const struct probe_identity *identity = terms_of(talk->probe)->identity;

    (void)context;
    talk->certificate_wanted = true;
    if (identity == NULL)
        return 1;
    talk->identity_sent =
        SSL_use_cert_and_key(ssl, identity->certificate, identity->key, identity->chain, 1) == 1;
    return talk->identity_sent ? 1 : 0;
}

/* Each certificate is looked at once the handshake is over, so that the server hears no alert. */
static int on_verify(X509_STORE_CTX *check, void *context)
{
    (void)check;
    (void)context;
    return 1;
}

/* What was offered may have been declined: then this is a full handshake. */
static int on_session(SSL *ssl, SSL_SESSION *ssl_session)
{
    struct tls_talk *talk = SSL_get_app_data(ssl);
    bool resumed = SSL_session_reused(ssl) == 1;
    struct session_fresh fresh = {
        .ssl_session = ssl_session,
        .full_ms = resumed ? talk->full_ms : mono_ms(),
        .era = talk->era,
        .identity_sent = talk->identity_sent && (resumed || talk->certificate_wanted),
        .terms = talk->terms,
    };

    talk->has_ticket = true;
    return talk->probe->question.session != NULL &&
                   session_keep(talk->probe->question.session, &fresh)
               ? 1
               : 0;
}

SSL_CTX *tls_context_new(void)
{
    SSL_CTX *tls = NULL;

    /* Without openssl.cnf: its policy is for those who rely on TLS, and a question does not. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1)
        tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL) {
        log_error("cannot make a TLS context (OpenSSL error %#lx)", ERR_peek_last_error());
        return NULL;
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_verify_callback(tls, on_verify, NULL);
    SSL_CTX_set_security_level(tls, 0); /* a weak key of a backend must not be our outage */
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, on_session);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls, 1); /* one system call for all records that have come */
    SSL_CTX_set_cert_cb(tls, on_certificate_wanted, NULL);
    return tls;
}

void tls_context_free(SSL_CTX *tls)
{
    SSL_CTX_free(tls);
}

/* ---- the beginning ---- */

static int offer_session(struct tls_talk *talk)
{
    const struct probe_session *holder = talk->probe->question.session;
    SSL_SESSION *ssl_session;

    if (holder == NULL)
        return 1;
    talk->era = session_era(holder);
    session_terms_of(&talk->terms, terms_of(talk->probe));
    ssl_session = session_look(holder, &talk->terms);
    if (ssl_session == NULL)
        return 1;
    talk->full_ms = probe_session_full_ms(holder);
    talk->identity_sent = session_has_identity(holder);
    return SSL_set_session(talk->ssl, ssl_session);
}

static int offer_protocol(struct tls_talk *talk)
{
    const char *alpn = talk->probe->ops->alpn;

    return alpn == NULL ||
           SSL_set_alpn_protos(talk->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn)) == 0;
}

/* From a copy: the macro of OpenSSL takes what it only reads as its own. */
static int offer_name(struct tls_talk *talk)
{
    const char *name = terms_of(talk->probe)->sni;
    char copy[TLSEXT_MAXLEN_host_name + 1];

    if (name == NULL || strlen(name) >= sizeof(copy) || !addr_is_host_name(name))
        return 1;
    strcpy(copy, name);
    return SSL_set_tlsext_host_name(talk->ssl, copy) == 1;
}

int tls_open(struct probe *probe, SSL_CTX *tls)
{
    struct tls_talk *talk = calloc(1, sizeof(*talk));

    if (talk == NULL)
        return -1;
    probe->talk = talk;
    talk->probe = probe;
    ERR_clear_error();
    talk->ssl = SSL_new(tls);
    if (talk->ssl == NULL || SSL_set_fd(talk->ssl, probe->watch.fd) != 1) {
        errno = ENOMEM;
        return -1;
    }
    SSL_set_app_data(talk->ssl, talk);
    SSL_set_connect_state(talk->ssl);
    if (!offer_session(talk) || !offer_protocol(talk) || !offer_name(talk)) {
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

/* ---- moving ---- */

/* What a call of OpenSSL came to. `number` is errno as it was right after it. */
static struct tls_move move_of(struct tls_talk *talk, int result, int number)
{
    switch (SSL_get_error(talk->ssl, result)) {
    case SSL_ERROR_NONE:
        return (struct tls_move){.outcome = TLS_MOVED, .size = (size_t)result};
    case SSL_ERROR_WANT_READ:
        return (struct tls_move){.outcome = TLS_WAITS, .events = LOOP_READ};
    case SSL_ERROR_WANT_WRITE:
        return (struct tls_move){.outcome = TLS_WAITS, .events = LOOP_WRITE};
    case SSL_ERROR_ZERO_RETURN:
        return (struct tls_move){.outcome = TLS_CLOSED};
    default:
        /* The first error in the queue is the cause; OpenSSL adds where it passed after it. */
        talk->broken = true;
        talk->error = ERR_peek_error();
        talk->error_number = number;
        return (struct tls_move){.outcome = TLS_BROKEN};
    }
}

struct tls_move tls_read(struct tls_talk *talk, void *data, size_t size)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_read(talk->ssl, data, (int)size);
    return move_of(talk, result, errno);
}

/*
 * The other end has gone while something was said to it. It may have said why: a server of TLS 1.3
 * refuses a client's certificate by an alert after the handshake, and closes.
 */
static void hear_last_words(struct tls_talk *talk)
{
    int number = talk->error_number;
    char unwanted;

    (void)tls_read(talk, &unwanted, sizeof(unwanted));
    talk->broken = true;
    if (talk->error == 0)
        talk->error_number = number;
}

struct tls_move tls_write(struct tls_talk *talk, const void *data, size_t size)
{
    struct tls_move move;
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_write(talk->ssl, data, (int)size);
    move = move_of(talk, result, errno);
    if (move.outcome == TLS_BROKEN && talk->error == 0)
        hear_last_words(talk);
    return move;
}

static struct tls_move go_on_shaking(struct tls_talk *talk)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_connect(talk->ssl);
    return move_of(talk, result, errno);
}

/* ---- hands are shaken ---- */

static void copy_protocol(char *out, size_t room, const SSL *ssl)
{
    const unsigned char *alpn = NULL;
    unsigned size = 0;

    SSL_get0_alpn_selected(ssl, &alpn, &size);
    if (size >= room)
        size = (unsigned)room - 1;
    if (size > 0)
        memcpy(out, alpn, size);
    out[size] = '\0';
}

/* Of a full handshake. 0, or -1 with errno. */
static int read_certificate(struct probe *probe)
{
    const struct tls_talk *talk = probe->talk;
    X509 *leaf = SSL_get_peer_certificate(talk->ssl);
    struct certificate *out = leaf == NULL ? NULL : calloc(1, sizeof(*out));

    if (out == NULL) {
        X509_free(leaf);
        errno = ENOMEM;
        return -1;
    }
    certificate_describe(out, leaf, SSL_get_peer_cert_chain(talk->ssl), terms_of(probe)->authority);
    strncpy(out->version, SSL_get_version(talk->ssl), sizeof(out->version) - 1);
    copy_protocol(out->alpn, sizeof(out->alpn), talk->ssl);
    probe->certificate = out;
    X509_free(leaf);
    return 0;
}

static bool is_trusted(struct probe *probe)
{
    const struct probe_tls_terms *terms = terms_of(probe);
    const struct certificate *certificate = probe->certificate;

    if (certificate == NULL || !terms->verify || terms->authority == NULL || certificate->trusted)
        return true;
    probe_decide_bad(probe, CHECKED_L6RSP, "not signed by our CA: %s", certificate->problem);
    return false;
}

/* "h2" is needed by those who speak it; HTTP/1.1 is what is spoken where nothing is agreed upon. */
static bool is_agreed(struct probe *probe)
{
    const struct tls_talk *talk = probe->talk;
    const char *wanted = probe->ops->alpn == NULL ? NULL : probe->ops->alpn + 1;
    char alpn[16];

    copy_protocol(alpn, sizeof(alpn), talk->ssl);
    if (wanted == NULL || strcmp(alpn, wanted) == 0 ||
        (alpn[0] == '\0' && probe->ops == &probe_http_ops))
        return true;
    probe_decide_bad(probe, CHECKED_L6RSP, "does not speak %s: ALPN agreed upon %s", wanted,
                     alpn[0] != '\0' ? "another" : "nothing");
    return false;
}

static void end_shaking(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;

    probe->result.resumed = SSL_session_reused(talk->ssl) == 1;
    if (!probe->result.resumed) {
        talk->identity_sent = talk->identity_sent && talk->certificate_wanted;
        talk->full_ms = mono_ms();
        if (read_certificate(probe) == -1) {
            probe_decide_nothing(probe, errno);
            return;
        }
    }
    probe->result.identity_sent = talk->identity_sent;
    if (!is_trusted(probe) || !is_agreed(probe))
        return;
    probe_shook(probe);
    if (probe->ops->answer == NULL)
        probe_decide_good(probe, CHECKED_L6OK, "%s", SSL_get_version(talk->ssl));
}

unsigned tls_shake(struct probe *probe)
{
    struct tls_move move = go_on_shaking(probe->talk);

    if (move.outcome == TLS_WAITS)
        return move.events;
    if (move.outcome == TLS_MOVED)
        end_shaking(probe);
    else
        tls_decide_broken(probe);
    return 0;
}

/* ---- one question after the other ---- */

bool tls_has_more(const struct tls_talk *talk)
{
    return SSL_has_pending(talk->ssl) == 1;
}

bool tls_is_quiet(struct probe *probe)
{
    char unwanted;

    return tls_read(probe->talk, &unwanted, sizeof(unwanted)).outcome == TLS_WAITS;
}

/* The name that was sent in the handshake. */
static bool has_name(const struct tls_talk *talk, const char *name)
{
    const char *sent = SSL_get_servername(talk->ssl, TLSEXT_NAMETYPE_host_name);
    bool is_sent = name != NULL && addr_is_host_name(name);

    return is_sent ? sent != NULL && strcmp(sent, name) == 0 : sent == NULL;
}

bool tls_fits(const struct probe *kept, const struct probe_question *question)
{
    const struct tls_talk *talk = kept->talk;
    const struct probe_tls_terms *terms = terms_in(question);
    struct session_terms wanted;

    session_terms_of(&wanted, terms);
    return memcmp(&talk->terms, &wanted, sizeof(wanted)) == 0 && has_name(talk, terms->sni);
}

/* ---- the end ---- */

/*
 * close_notify once, best effort. A handshake that ended by an alert is closed by the peer; what is
 * broken otherwise is beyond words.
 */
bool tls_leave(struct probe *probe)
{
    const struct tls_talk *talk = probe->talk;

    if (talk->broken || !SSL_is_init_finished(talk->ssl))
        return probe->result.good;
    ERR_clear_error();
    SSL_shutdown(talk->ssl);
    return true;
}

void tls_release(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;

    SSL_free(talk->ssl);
    free(talk->question);
    free(talk);
}
