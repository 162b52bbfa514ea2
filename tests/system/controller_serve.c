#include "system/controller_serve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/mono.h"

#define STACK_SIZE  (512 * 1024)
#define HEAD_SIZE   4096
#define DRIP_MS     1000
#define DRIP_TLS_MS 400
#define BRAG_SIZE   (256 * 1024)

/* What /readyz of an API server says without its etcd. */
#define READYZ_BODY                                                                                \
    "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[+]informer-sync ok\n"                \
    "readyz check failed\n"

struct server {
    const struct controller *controller;
    struct controller_port *port;
    int fd;
    SSL_CTX *contexts[CONTROLLER_LEAF_COUNT];
};

struct visit {
    struct server *server;
    struct controller_port *port;
    int fd;
    SSL *ssl;
    int manner; /* as ordered when it came */
    int protocol;
    bool has_asked;
    bool fails; /* of those that an order lets fail */
};

/* ---- the frame ---- */

static void set_up_thread(pthread_attr_t *attributes)
{
    if (pthread_attr_init(attributes) != 0 ||
        pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED) != 0 ||
        pthread_attr_setstacksize(attributes, STACK_SIZE) != 0)
        abort();
}

/* Nothing more is expected: waits until the client leaves. */
static void wait_for_end(int fd)
{
    char unwanted[1024];

    while (recv(fd, unwanted, sizeof(unwanted), 0) > 0)
        ;
}

/* Waits so long, or until the client says or does anything. False when it did. */
static bool wait_in_quiet(int fd, int within_ms)
{
    struct pollfd change = {.fd = fd, .events = POLLIN};

    return poll(&change, 1, within_ms) == 0;
}

/* ---- without TLS ---- */

static void drip_tls(int fd)
{
    static const unsigned char record[] = {22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3};
    size_t at = 0;

    /* The client's hello stays unread: only its leaving is looked for. */
    do {
        unsigned char byte = at < sizeof(record) ? record[at] : 0;
        struct pollfd gone = {.fd = fd, .events = POLLRDHUP};

        at++;
        if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || poll(&gone, 1, DRIP_TLS_MS) != 0)
            return;
    } while (at < 100);
}

static void reset(int fd)
{
    static const struct linger none = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

/* True when that manner has no handshake, and all has been said. */
static bool refuse_tls(int fd, int manner)
{
    static const char other[] = "220 this is not what you are looking for\r\n";
    char hello[4096];

    if (manner < CONTROLLER_DRIPS_TLS)
        return false;
    if (manner == CONTROLLER_DRIPS_TLS) {
        drip_tls(fd);
        return true;
    }
    if (recv(fd, hello, sizeof(hello), 0) <= 0)
        return true;
    if (manner == CONTROLLER_IS_NO_TLS && send(fd, other, strlen(other), MSG_NOSIGNAL) > 0)
        wait_for_end(fd);
    else if (manner == CONTROLLER_RESETS_TLS)
        reset(fd);
    else if (manner == CONTROLLER_STALLS_TLS)
        wait_for_end(fd);
    return true;
}

/* ---- with TLS ---- */

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                  const unsigned char *in, unsigned in_size, void *context)
{
    static const char *const names[] = {
        [CONTROLLER_HTTP] = "\10http/1.1",
        [CONTROLLER_H2] = "\2h2",
    };
    const struct visit *visit = SSL_get_app_data(ssl);
    int protocol = visit->protocol;

    (void)context;
    if (visit->manner == CONTROLLER_ALERTS)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    if (protocol == CONTROLLER_NO_ALPN)
        return SSL_TLSEXT_ERR_NOACK;
    for (unsigned at = 0; at < in_size; at += in[at] + 1u) {
        if (in[at] == (unsigned char)names[protocol][0] &&
            memcmp(in + at, names[protocol], in[at] + 1u) == 0) {
            *out = in + at + 1;
            *out_size = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_TICKET_RETURN take_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                     size_t name_size, SSL_TICKET_STATUS status, void *context)
{
    const struct controller_port *port = context;

    (void)ssl, (void)session, (void)name, (void)name_size;
    if (status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW)
        return atomic_load(&port->forgets) ? SSL_TICKET_RETURN_IGNORE_RENEW
                                           : SSL_TICKET_RETURN_USE_RENEW;
    return SSL_TICKET_RETURN_IGNORE_RENEW;
}

static int accept_any(int verified, X509_STORE_CTX *store)
{
    (void)verified, (void)store;
    return 1;
}

static SSL_CTX *make_context(struct controller_port *port, const struct paper *leaf)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_use_certificate(context, leaf->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, leaf->key) != 1 ||
        SSL_CTX_set_session_id_context(context, (const unsigned char *)"k0s", 3) != 1 ||
        SSL_CTX_set_session_ticket_cb(context, NULL, take_ticket, port) != 1)
        abort();
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose, NULL);
    return context;
}

static bool write_all(struct visit *visit, const char *data, size_t size)
{
    ERR_clear_error();
    return SSL_write(visit->ssl, data, (int)size) > 0;
}

/* The answer as its port's manner wants it. False when the client does not want to hear it. */
static bool say(struct visit *visit, const char *data, size_t size)
{
    int delay_ms = atomic_load(&visit->port->delay_ms);
    int drip_ms = atomic_load(&visit->port->drip_ms);
    int drip_size = atomic_load(&visit->port->drip_size);
    size_t step = drip_size > 0 ? (size_t)drip_size : 1;

    if (delay_ms > 0 && !wait_in_quiet(visit->fd, delay_ms))
        return false;
    if (visit->manner != CONTROLLER_DRIPS)
        return write_all(visit, data, size);
    for (size_t at = 0; at < size; at += step) {
        if (!write_all(visit, data + at, size - at < step ? size - at : step) ||
            !wait_in_quiet(visit->fd, drip_ms > 0 ? drip_ms : DRIP_MS))
            return false;
    }
    return true;
}

/* The client has ended the connection, as SSL_read() said: counts how. */
static void count_end(struct visit *visit, int got)
{
    if (SSL_get_error(visit->ssl, got) == SSL_ERROR_ZERO_RETURN) {
        atomic_fetch_add(&visit->port->quiet, 1);
        SSL_shutdown(visit->ssl);
    } else {
        atomic_fetch_add(&visit->port->rude, 1);
    }
}

static void read_to_end(struct visit *visit)
{
    char unwanted[1024];
    int got;

    do {
        ERR_clear_error();
        got = SSL_read(visit->ssl, unwanted, sizeof(unwanted));
    } while (got > 0);
    count_end(visit, got);
}

/* ---- h2 ---- */

static void serve_h2(struct visit *visit)
{
    static const char settings[] = "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\144";
    static const char ping[] = "\0\0\10\6\0\0\0\0\0pingpong";
    bool babbles = visit->manner == CONTROLLER_BABBLES;

    if (say(visit, babbles ? ping : settings, babbles ? sizeof(ping) - 1 : sizeof(settings) - 1) &&
        visit->manner == CONTROLLER_LEAVES)
        return;
    read_to_end(visit);
}

/* ---- HTTP ---- */

/* Reads up to the empty line. False when the client leaves before. */
static bool read_head(struct visit *visit, char *head)
{
    size_t size = 0;

    while (size < HEAD_SIZE - 1) {
        int got;

        ERR_clear_error();
        got = SSL_read(visit->ssl, head + size, (int)(HEAD_SIZE - 1 - size));
        if (got <= 0) {
            count_end(visit, got);
            return false;
        }
        size += (size_t)got;
        head[size] = '\0';
        if (strstr(head, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static bool has_shown_certificate(const struct visit *visit)
{
    X509 *certificate = SSL_get_peer_certificate(visit->ssl);

    X509_free(certificate);
    return certificate != NULL;
}

static int status_for(const struct visit *visit)
{
    int known = atomic_load(&visit->port->known_status);

    if (visit->fails)
        return 500;
    return known != 0 && has_shown_certificate(visit) ? known : atomic_load(&visit->port->status);
}

/* What is said to a request; its status in *status. */
static const char *choose_body(const struct visit *visit, const char *head, int *status)
{
    static const char keys[] = "GET /openid/v1/jwks ";

    *status = status_for(visit);
    if (*status == 500)
        return READYZ_BODY;
    if (*status != 200 || strncmp(head, keys, strlen(keys)) != 0)
        return "ok";
    if (visit->port->keys[0] != '\0')
        return visit->port->keys;
    *status = 403;
    return "Forbidden";
}

/* Writes the whole answer; returns its size. */
static size_t write_answer(const struct visit *visit, const char *head, char *out, size_t size)
{
    int status;
    const char *body = choose_body(visit, head, &status);
    char date[64];
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return (size_t)snprintf(out, size,
                            "HTTP/1.1 %d Whatever\r\nDate: %s\r\nX-Controller: %s\r\n"
                            "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                            status, date, visit->server->controller->name, strlen(body),
                            strncmp(head, "HEAD ", 5) == 0 ? "" : body);
}

/* A head that has no end. */
static void brag(struct visit *visit)
{
    static const char start[] = "HTTP/1.1 200 OK\r\n";
    static const char line[] = "X-More: and more and more and more and more and more and more\r\n";

    if (!write_all(visit, start, strlen(start)))
        return;
    for (size_t sent = 0; sent < BRAG_SIZE; sent += strlen(line)) {
        if (!write_all(visit, line, strlen(line)))
            return;
    }
    read_to_end(visit);
}

static void count_question(struct controller_port *port)
{
    uint64_t number = atomic_fetch_add(&port->questions, 1);

    atomic_store(&port->asked_ms[number % CONTROLLER_VISITS], mono_ms());
}

static void count_request(struct visit *visit, const char *head)
{
    struct controller_port *port = visit->port;

    atomic_fetch_add(&port->requests, 1);
    if (visit->has_asked)
        count_question(port);
    visit->has_asked = true;
    if (strstr(head, " /client ") != NULL || strstr(head, " /watch ") != NULL)
        return;
    atomic_fetch_add(&port->probes, 1);
    if (port->probe[0] != '\0' && strncmp(head, port->probe, strlen(port->probe)) != 0)
        atomic_fetch_add(&port->others, 1);
}

/* One request. False when the connection is not to go on. */
static bool answer_request(struct visit *visit, const char *head)
{
    static const char nonsense[] = "SSH-2.0-nothing of the kind\r\n\r\n";
    char answer[1024];
    size_t size;

    switch (visit->manner) {
    case CONTROLLER_LEAVES:
        SSL_shutdown(visit->ssl);
        return false;
    case CONTROLLER_BRAGS:
        brag(visit);
        return false;
    case CONTROLLER_BABBLES:
        return say(visit, nonsense, strlen(nonsense));
    default:
        size = write_answer(visit, head, answer, sizeof(answer));
        return say(visit, answer, size);
    }
}

/* A process that hangs does so for those who were there before, too. */
static bool hangs(const struct visit *visit)
{
    int manner = atomic_load(&visit->port->manner);

    return manner == CONTROLLER_STALLS_TLS || manner == CONTROLLER_IS_SILENT;
}

static void serve_http(struct visit *visit)
{
    char head[HEAD_SIZE];

    while (read_head(visit, head)) {
        if (hangs(visit)) {
            read_to_end(visit);
            return;
        }
        count_request(visit, head);
        if (!answer_request(visit, head))
            return;
    }
}

/* ---- a connection ---- */

/* Whether this is one of the addresses that fail by order. */
static bool is_chosen_to_fail(const struct visit *visit)
{
    struct sockaddr_in own;
    socklen_t size = sizeof(own);

    return atomic_load(&visit->port->some_fail) &&
           getsockname(visit->fd, (struct sockaddr *)&own, &size) == 0 &&
           (ntohl(own.sin_addr.s_addr) & 0xff) % 10 == 0;
}

static void shake(struct visit *visit)
{
    struct controller_port *port = visit->port;

    visit->ssl = SSL_new(visit->server->contexts[atomic_load(&port->leaf)]);
    if (visit->ssl == NULL || SSL_set_fd(visit->ssl, visit->fd) != 1 ||
        SSL_set_app_data(visit->ssl, visit) != 1)
        abort();
    SSL_set_verify(visit->ssl, atomic_load(&port->asks) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                   accept_any);
    ERR_clear_error();
    if (SSL_accept(visit->ssl) != 1) {
        atomic_fetch_add(&port->broken, 1);
        return;
    }
    atomic_fetch_add(SSL_session_reused(visit->ssl) == 1 ? &port->resumed : &port->full, 1);
    if (has_shown_certificate(visit))
        atomic_fetch_add(&port->shown, 1);
    if (visit->manner == CONTROLLER_IS_SILENT)
        read_to_end(visit);
    else if (visit->protocol == CONTROLLER_H2)
        serve_h2(visit);
    else
        serve_http(visit);
}

static void *serve_visit(void *context)
{
    static const int yes = 1;
    struct visit *visit = context;

    visit->manner = atomic_load(&visit->port->manner);
    visit->protocol = atomic_load(&visit->port->protocol);
    visit->fails = is_chosen_to_fail(visit);
    if (!refuse_tls(visit->fd, visit->manner)) {
        (void)setsockopt(visit->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        shake(visit);
        SSL_free(visit->ssl);
    }
    close(visit->fd);
    free(visit);
    return NULL;
}

static void *accept_visits(void *context)
{
    struct server *server = context;
    struct pollfd ready = {.fd = server->fd, .events = POLLIN};
    pthread_attr_t attributes;

    set_up_thread(&attributes);
    for (;;) {
        struct visit *visit = calloc(1, sizeof(*visit));
        pthread_t thread;

        if (visit == NULL)
            abort();
        visit->server = server;
        visit->port = server->port;
        do
            visit->fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
        while (visit->fd == -1 && poll(&ready, 1, -1) >= -1);
        atomic_fetch_add(&visit->port->accepted, 1);
        count_question(visit->port);
        if (pthread_create(&thread, &attributes, serve_visit, visit) != 0)
            abort();
    }
    return NULL;
}

noreturn void controller_serve(const struct controller *controller, const int *fds)
{
    static struct server servers[CONTROLLER_PORTS];
    pthread_attr_t attributes;

    signal(SIGPIPE, SIG_IGN);
    set_up_thread(&attributes);
    for (unsigned i = 0; i < controller->port_count; i++) {
        struct server *server = &servers[i];
        pthread_t thread;

        server->controller = controller;
        server->port = &controller->ports[i];
        server->fd = fds[i];
        for (int k = 0; k < CONTROLLER_LEAF_COUNT; k++)
            server->contexts[k] = make_context(server->port, &controller->papers->leaves[k]);
        if (pthread_create(&thread, &attributes, accept_visits, server) != 0)
            abort();
    }
    for (;;)
        pause();
}
