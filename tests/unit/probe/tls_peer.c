#include "tls_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "tls/paper.h"

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                  const unsigned char *in, unsigned in_size, void *context)
{
    const struct tls_peer *peer = context;
    const char *wanted = peer->alpn;

    (void)ssl;
    if (wanted == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    for (unsigned at = 0; at < in_size; at += in[at] + 1u) {
        if (in[at] == (unsigned char)wanted[0] && memcmp(in + at, wanted, in[at] + 1u) == 0) {
            *out = in + at + 1;
            *out_size = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return peer->insists ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

static void show(SSL_CTX *tls, const struct paper *leaf)
{
    if (SSL_CTX_use_certificate(tls, leaf->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(tls, leaf->key) != 1)
        abort();
}

void tls_peer_init(struct tls_peer *peer, int version, enum tls_peer_wants wants)
{
    static const int modes[] = {
        [WANTS_NOTHING] = SSL_VERIFY_NONE,
        [WANTS_OPTIONALLY] = SSL_VERIFY_PEER,
        [WANTS_CERTIFICATE] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
    };
    struct paper leaf;

    memset(peer, 0, sizeof(*peer));
    peer->version = version;
    peer->wants = wants;
    peer->tls = SSL_CTX_new(TLS_server_method());
    if (peer->tls == NULL || SSL_CTX_set_min_proto_version(peer->tls, version) != 1 ||
        SSL_CTX_set_max_proto_version(peer->tls, version) != 1 ||
        SSL_CTX_set_session_id_context(peer->tls, (const unsigned char *)"peer", 4) != 1)
        abort();
    paper_make_leaf(&leaf, NULL, "peer");
    show(peer->tls, &leaf);
    paper_fini(&leaf);
    SSL_CTX_set_verify(peer->tls, modes[wants], NULL);
    SSL_CTX_set_alpn_select_cb(peer->tls, choose, peer);
}

void tls_peer_fini(struct tls_peer *peer)
{
    SSL_CTX_free(peer->tls);
}

void tls_peer_show(struct tls_peer *peer, const struct paper *leaf, const struct paper *authority)
{
    show(peer->tls, leaf);
    if (authority != NULL &&
        X509_STORE_add_cert(SSL_CTX_get_cert_store(peer->tls), authority->certificate) != 1)
        abort();
}

static char read_to_end(SSL *ssl)
{
    char unwanted[256];
    int size;

    do
        size = SSL_read(ssl, unwanted, sizeof(unwanted));
    while (size > 0);
    if (SSL_get_error(ssl, size) != SSL_ERROR_ZERO_RETURN)
        return 'e';
    return SSL_session_reused(ssl) == 1 ? 'r' : 'q';
}

static SSL *begin(const struct tls_peer *peer, int fd)
{
    static const int yes = 1;
    SSL *ssl = SSL_new(peer->tls);

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    ERR_clear_error();
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        abort();
    return ssl;
}

char tls_peer_serves(int fd, void *context)
{
    SSL *ssl = begin(context, fd);
    char letter = 'h';

    if (SSL_accept(ssl) == 1) {
        letter = read_to_end(ssl);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    return letter;
}

static bool is_request(const struct tls_peer *peer, SSL *ssl)
{
    char text[2048];
    size_t size = 0;

    while (size < sizeof(text) - 1) {
        int more = SSL_read(ssl, text + size, (int)(sizeof(text) - 1 - size));

        if (more <= 0)
            return false;
        size += (size_t)more;
        text[size] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL)
            break;
    }
    return peer->request == NULL || strncmp(text, peer->request, strlen(peer->request)) == 0;
}

/* False when the client does not want to hear it any more. */
static bool say(const struct tls_peer *peer, SSL *ssl)
{
    struct pollfd gone = {.fd = SSL_get_fd(ssl), .events = POLLIN};
    size_t piece = peer->drip_size > 0 ? peer->drip_size : 1;
    size_t step = peer->drip_ms == 0 ? peer->answer_size : piece;

    if (peer->pause_ms > 0 && poll(&gone, 1, (int)peer->pause_ms) != 0)
        return false;
    for (size_t at = 0; at < peer->answer_size; at += step) {
        size_t rest = peer->answer_size - at;

        if (SSL_write(ssl, peer->answer + at, (int)(rest < step ? rest : step)) <= 0)
            return false;
        if (peer->drip_ms > 0 && poll(&gone, 1, (int)peer->drip_ms) != 0)
            return false;
    }
    return true;
}

static void reset_at_close(SSL *ssl)
{
    static const struct linger reset = {.l_onoff = 1};

    setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

static char converse(const struct tls_peer *peer, SSL *ssl)
{
    char letter = 'x';

    if (!peer->is_silent && !is_request(peer, ssl))
        return letter;
    if (peer->resets) {
        reset_at_close(ssl);
        return letter;
    }
    letter = say(peer, ssl) ? 'a' : 'g';
    if (letter == 'a' && !peer->closes)
        letter = read_to_end(ssl);
    SSL_shutdown(ssl);
    return letter;
}

char tls_peer_answers(int fd, void *context)
{
    SSL *ssl = begin(context, fd);
    char letter = 'h';

    if (SSL_accept(ssl) == 1)
        letter = converse(context, ssl);
    SSL_free(ssl);
    return letter;
}

/* True when the client said goodbye. */
static bool do_then(const struct tls_peer *peer, SSL *ssl)
{
    usleep(peer->then_ms * 1000);
    if (peer->then_us > 0)
        usleep((unsigned)rand() % peer->then_us);
    switch (peer->then) {
    case THEN_CLOSES:
        SSL_shutdown(ssl);
        return false;
    case THEN_RESETS:
        reset_at_close(ssl);
        return false;
    case THEN_SPEAKS:
        if (SSL_write(ssl, "x", 1) <= 0)
            return false;
        /* fall through */
    default:
        return read_to_end(ssl) != 'e';
    }
}

static char answer_all(struct tls_peer *peer, SSL *ssl)
{
    int count = 0;

    while (peer->most_answers == 0 || count < (int)peer->most_answers) {
        struct tls_peer now = *peer;

        if (count > 0 && peer->next_answer != NULL) {
            now.answer = peer->next_answer;
            now.answer_size = strlen(now.answer);
        }
        if (!is_request(peer, ssl))
            return (char)((SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN ? '0' : 'a') + count);
        if (!say(&now, ssl))
            return (char)('a' + count);
        count++;
    }
    return (char)((do_then(peer, ssl) ? '0' : 'a') + count);
}

char tls_peer_keeps(int fd, void *context)
{
    SSL *ssl = begin(context, fd);
    char letter = 'h';

    if (SSL_accept(ssl) == 1)
        letter = answer_all(context, ssl);
    SSL_free(ssl);
    return letter;
}
