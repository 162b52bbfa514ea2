#include "probe/probe_ops.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/log.h"

/* OpenSSL 3 reports a missing close_notify by this reason, 1.1.1 by SSL_ERROR_SYSCALL, errno 0. */
#ifndef SSL_R_UNEXPECTED_EOF_WHILE_READING
#define SSL_R_UNEXPECTED_EOF_WHILE_READING 294
#endif

struct tls_talk {
    SSL *ssl;
    bool certificate_wanted; /* the server sent a CertificateRequest, so its own one was there */
};

/* OpenSSL asks for a client certificate: there is none, but that it asked is worth knowing. */
static int on_certificate_request(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct tls_talk *talk = SSL_get_app_data(ssl);

    (void)certificate;
    (void)key;
    talk->certificate_wanted = true;
    return 0;
}

struct ssl_ctx_st *probe_tls_context_new(void)
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
    SSL_CTX_set_security_level(tls, 0); /* a weak key of a backend must not be our outage */
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_client_cert_cb(tls, on_certificate_request);
    return tls;
}

void probe_tls_context_free(struct ssl_ctx_st *tls)
{
    SSL_CTX_free(tls);
}

static void release(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;

    SSL_free(talk->ssl);
    free(talk);
}

static int open_talk(struct probe *probe, struct ssl_ctx_st *tls)
{
    struct tls_talk *talk = calloc(1, sizeof(*talk));

    if (talk == NULL)
        return -1;
    probe->talk = talk;
    ERR_clear_error();
    talk->ssl = SSL_new(tls);
    if (talk->ssl == NULL || SSL_set_fd(talk->ssl, probe->watch.fd) != 1) {
        errno = ENOMEM;
        return -1;
    }
    SSL_set_app_data(talk->ssl, talk);
    SSL_set_connect_state(talk->ssl);
    return 0;
}

/* The number of the fatal alert that made this error, or -1. */
static int alert_of(unsigned long error)
{
    int reason = ERR_GET_REASON(error);

    if (ERR_GET_LIB(error) != ERR_LIB_SSL || reason < SSL_AD_REASON_OFFSET ||
        reason > SSL_AD_REASON_OFFSET + 255)
        return -1;
    return reason - SSL_AD_REASON_OFFSET;
}

/*
 * Whether a server that had asked for a certificate says by this alert that it wants one. TLS 1.2
 * ends the handshake so (RFC 5246 section 7.4.6 names handshake_failure; Go sends bad_certificate);
 * TLS 1.3 does it after the handshake, when the probe is over.
 */
static bool wants_certificate(const struct tls_talk *talk, int alert)
{
    if (!talk->certificate_wanted)
        return false;
    switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_NO_CERTIFICATE:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

static void decide_by_alert(struct probe *probe, int alert)
{
    const struct tls_talk *talk = probe->talk;

    if (wants_certificate(talk, alert))
        probe_decide_good(probe, CHECKED_L6OK, "%s, wants a client certificate",
                          SSL_get_version(talk->ssl));
    else
        probe_decide_bad(probe, CHECKED_L6RSP, "TLS alert: %s", SSL_alert_desc_string_long(alert));
}

static void decide_by_reason(struct probe *probe, unsigned long error)
{
    const char *text = ERR_reason_error_string(error);

    if (text == NULL)
        text = "unknown error";
    switch (ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        probe_decide_bad(probe, CHECKED_L6RSP, "connection closed in the TLS handshake");
        break;
    case SSL_R_WRONG_VERSION_NUMBER: /* what the record layer says to anything but a TLS record */
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_BAD_RECORD_TYPE:
        probe_decide_bad(probe, CHECKED_L6RSP, "not TLS: %s", text);
        break;
    default:
        probe_decide_bad(probe, CHECKED_L6RSP, "TLS error: %s", text);
    }
}

/* The first error in the queue is the cause; OpenSSL adds where it passed after it. */
static void decide_by_queue(struct probe *probe)
{
    unsigned long error = ERR_peek_error();
    int alert = alert_of(error);

    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        probe_decide_nothing(probe, ENOMEM);
    else if (alert != -1)
        decide_by_alert(probe, alert);
    else
        decide_by_reason(probe, error);
}

static void decide_by_errno(struct probe *probe, int error)
{
    if (error == 0)
        probe_decide_bad(probe, CHECKED_L6RSP, "connection closed in the TLS handshake");
    else if (error == ECONNRESET || error == EPIPE)
        probe_decide_bad(probe, CHECKED_L6RSP, "connection reset in the TLS handshake");
    else
        probe_decide_error(probe, CHECKED_L6RSP, error);
}

/*
 * The error queue is the thread's, not the connection's: what another backend's handshake left in
 * it would turn this one's "wait" into an error, so it is emptied before each call.
 */
static unsigned step(struct probe *probe)
{
    const struct tls_talk *talk = probe->talk;
    int result;
    int error;

    ERR_clear_error();
    errno = 0;
    result = SSL_connect(talk->ssl);
    error = errno;
    switch (SSL_get_error(talk->ssl, result)) {
    case SSL_ERROR_NONE:
        probe_decide_good(probe, CHECKED_L6OK, "%s", SSL_get_version(talk->ssl));
        return 0;
    case SSL_ERROR_WANT_READ:
        return LOOP_READ;
    case SSL_ERROR_WANT_WRITE:
        return LOOP_WRITE;
    case SSL_ERROR_SYSCALL:
        decide_by_errno(probe, error);
        return 0;
    default:
        decide_by_queue(probe);
        return 0;
    }
}

/* close_notify once, best effort; a handshake that ended by an alert is closed by the peer. */
static bool leave(struct probe *probe)
{
    const struct tls_talk *talk = probe->talk;

    if (SSL_is_init_finished(talk->ssl)) {
        ERR_clear_error();
        SSL_shutdown(talk->ssl);
    }
    return true;
}

const struct probe_ops probe_tls_ops = {
    .timeout = CHECKED_L6TOUT,
    .timeout_text = "TLS handshake timed out",
    .open = open_talk,
    .step = step,
    .leave = leave,
    .release = release,
};
