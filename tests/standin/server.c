#include "server.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "endpoint.h"

#define BACKLOG     1024
#define STACK_SIZE  (512 * 1024)
#define HANDSHAKE_S 30

struct connection {
    const struct server *server;
    struct stream stream;
};

/* Takes the port's protocol when the client offers it; Go, too, ends the handshake otherwise. */
static int choose_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length,
                       const unsigned char *offered, unsigned offered_length, void *data)
{
    const struct port_ops *ops = data;
    size_t length = strlen(ops->alpn);

    (void)ssl;
    for (unsigned i = 0; i < offered_length; i += offered[i] + 1U) {
        if (offered[i] != length || memcmp(offered + i + 1, ops->alpn, length) != 0)
            continue;
        *chosen = offered + i + 1;
        *chosen_length = offered[i];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A client certificate is asked for; whoever has signed it, the handshake goes on. */
static int accept_any(int verified, X509_STORE_CTX *store)
{
    (void)verified;
    (void)store;
    return 1;
}

/* OpenSSL wants a plain pointer for what it only hands back; the table itself is constant. */
static void *callback_data(const struct port_ops *ops)
{
    void *data;

    memcpy(&data, &ops, sizeof(data));
    return data;
}

static SSL_CTX *make_context(const struct port_ops *ops)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"k0s", 3) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, callback_data(ops));
    if (ops->asks_certificate)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any);
    return ctx;
}

static int listen_on(const struct server *server)
{
    int fd = endpoint_bind(server->address, server->port);

    if (fd != -1 && listen(fd, BACKLOG) == -1) {
        int saved = errno;

        close(fd);
        errno = saved;
        fd = -1;
    }
    return fd;
}

int server_open(struct server *server, const struct authority *authority, const char *const *names,
                size_t name_count)
{
    const struct authority_request request = {
        .common_name = server->ops->common_name,
        .unit = server->controller,
        .address = server->address,
        .names = names,
        .name_count = name_count,
    };

    server->fd = listen_on(server);
    if (server->fd == -1) {
        fprintf(stderr, "k0slb-standin: %s: cannot listen on %s port %u: %s\n", server->controller,
                server->address, server->port, strerror(errno));
        return -1;
    }
    server->ctx = make_context(server->ops);
    if (server->ctx == NULL) {
        fprintf(stderr, "k0slb-standin: %s: no TLS: %s\n", server->controller,
                ERR_reason_error_string(ERR_peek_last_error()));
        return -1;
    }
    if (server->ops->asks_certificate && authority_trust(authority, server->ctx) == -1)
        return -1;
    if (server->like != NULL)
        return authority_share(server->like->ctx, server->ctx);
    return authority_issue(authority, &request, server->ctx);
}

static void set_receive_timeout(int fd, int seconds)
{
    const struct timeval timeout = {.tv_sec = seconds};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

static void log_handshake(const struct connection *connection)
{
    unsigned long code = ERR_peek_last_error();

    fprintf(stderr, "%s: http: TLS handshake error from %s: %s\n", connection->stream.controller,
            connection->stream.peer, code != 0 ? ERR_reason_error_string(code) : "EOF");
}

static void serve_connection(struct connection *connection)
{
    const struct port_ops *ops = connection->server->ops;
    struct stream *stream = &connection->stream;

    stream->ssl = SSL_new(connection->server->ctx);
    if (stream->ssl == NULL || SSL_set_fd(stream->ssl, stream->fd) != 1)
        return;
    set_receive_timeout(stream->fd, HANDSHAKE_S);
    ERR_clear_error();
    if (SSL_accept(stream->ssl) != 1) {
        if (ops->logs_handshakes)
            log_handshake(connection);
        return;
    }
    set_receive_timeout(stream->fd, ops->idle_s);
    ops->serve(stream);
    stream_finish(stream);
}

static void *connection_main(void *data)
{
    struct connection *connection = data;

    serve_connection(connection);
    SSL_free(connection->stream.ssl);
    close(connection->stream.fd);
    free(connection);
    return NULL;
}

static void name_peer(struct stream *stream, const struct sockaddr *address, socklen_t length)
{
    char host[48];
    char port[8];

    if (getnameinfo(address, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(stream->peer, sizeof(stream->peer), strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
             port);
}

/* A thread of its own, which nobody waits for. */
static bool start_thread(void *(*function)(void *), void *data)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool started;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    started = pthread_create(&thread, &attributes, function, data) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

static void take_connection(const struct server *server, int fd, const struct sockaddr *address,
                            socklen_t length)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection != NULL) {
        connection->server = server;
        connection->stream.fd = fd;
        connection->stream.controller = server->controller;
        name_peer(&connection->stream, address, length);
        if (start_thread(connection_main, connection))
            return;
    }
    free(connection);
    close(fd);
}

static void *accept_main(void *data)
{
    const struct server *server = data;

    for (;;) {
        struct sockaddr_storage address;
        socklen_t length = sizeof(address);
        int fd = accept4(server->fd, (struct sockaddr *)&address, &length, SOCK_CLOEXEC);

        if (fd != -1)
            take_connection(server, fd, (struct sockaddr *)&address, length);
        else if (errno != EINTR && errno != ECONNABORTED)
            usleep(10000); /* no descriptors: the connection stays in the queue */
    }
    return NULL;
}

int server_start(struct server *server)
{
    if (start_thread(accept_main, server))
        return 0;
    fprintf(stderr, "k0slb-standin: %s: cannot start a thread\n", server->controller);
    return -1;
}
