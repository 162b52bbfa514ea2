#include "probe/tls.h"

#include <errno.h>

#include <openssl/err.h>

#include "probe/probe_ops.h"

/* OpenSSL 3 reports a missing close_notify by this reason, 1.1.1 by SSL_ERROR_SYSCALL, errno 0. */
#ifndef SSL_R_UNEXPECTED_EOF_WHILE_READING
#define SSL_R_UNEXPECTED_EOF_WHILE_READING 294
#endif

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
 * Whether a server that had asked for a certificate says by this alert that it wants another one.
 * TLS 1.2 ends the handshake so (RFC 5246 section 7.4.6 names handshake_failure; Go sends
 * bad_certificate); TLS 1.3 does it after the handshake.
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
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

/* That a certificate is wanted is enough for the question whether TLS is spoken, and no other. */
static void decide_by_alert(struct probe *probe, int alert)
{
    const struct tls_talk *talk = probe->talk;
    const char *words = SSL_alert_desc_string_long(alert);

    if (!wants_certificate(talk, alert))
        probe_decide_bad(probe, CHECKED_L6RSP, "TLS alert: %s", words);
    else if (probe->ops->answer == NULL)
        probe_decide_good(probe, CHECKED_L6OK, "%s, wants a client certificate",
                          SSL_get_version(talk->ssl));
    else if (talk->identity_sent)
        probe_decide_bad(probe, CHECKED_L6RSP, "refuses our client certificate: %s", words);
    else
        probe_decide_bad(probe, CHECKED_L6RSP, "wants a client certificate: %s", words);
}

static void decide_by_reason(struct probe *probe, unsigned long error)
{
    const char *text = ERR_reason_error_string(error);

    if (text == NULL)
        text = "unknown error";
    switch (ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0) {
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

/* Without a word: in the handshake that is one layer's failure, later the next one's. */
static void decide_by_end(struct probe *probe, const char *how)
{
    if (probe->state == PROBE_ANSWERING)
        probe_decide_bad(probe, CHECKED_L7RSP, "connection %s before the answer", how);
    else
        probe_decide_bad(probe, CHECKED_L6RSP, "connection %s in the TLS handshake", how);
}

static void decide_by_errno(struct probe *probe, int error)
{
    if (error == 0)
        decide_by_end(probe, "closed");
    else if (error == ECONNRESET || error == EPIPE)
        decide_by_end(probe, "reset");
    else
        probe_decide_error(probe, CHECKED_L6RSP, error);
}

static bool is_end(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_SSL &&
           ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

void tls_decide_broken(struct probe *probe)
{
    const struct tls_talk *talk = probe->talk;
    int alert = alert_of(talk->error);

    if (talk->error == 0 || is_end(talk->error))
        decide_by_errno(probe, talk->error == 0 ? talk->error_number : 0);
    else if (ERR_GET_REASON(talk->error) == ERR_R_MALLOC_FAILURE)
        probe_decide_nothing(probe, ENOMEM);
    else if (alert != -1)
        decide_by_alert(probe, alert);
    else
        decide_by_reason(probe, talk->error);
}
