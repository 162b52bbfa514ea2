#include "probe/probe_ops.h"
#include "probe/tls.h"

/*
 * In TLS 1.3 the session for the next time comes after the handshake: it is waited for, once, when
 * there is somebody to keep it.
 */
static unsigned linger(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;
    char unwanted;

    if (probe->question.session == NULL || talk->has_ticket || talk->broken ||
        SSL_version(talk->ssl) != TLS1_3_VERSION)
        return 0;
    if (tls_read(talk, &unwanted, sizeof(unwanted)).outcome != TLS_WAITS || talk->has_ticket)
        return 0;
    return LOOP_READ;
}

const struct probe_ops probe_tls_ops = {
    .open = tls_open,
    .shake = tls_shake,
    .linger = linger,
    .leave = tls_leave,
    .release = tls_release,
};
