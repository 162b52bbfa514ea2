#include "system/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

#define PATIENCE_MS  30000
#define STACK_SIZE   (512 * 1024)
#define PEER_BACKLOG 1024

uint64_t peer_deadline(void)
{
    return mono_ms() + PATIENCE_MS;
}

void peer_count(struct peer_session *session)
{
    if (session->counted)
        return;
    session->counted = true;
    atomic_fetch_add(&session->peer->served, 1);
}

int listen_at(struct addr *address, int backlog)
{
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(address, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;

    if (fd == -1)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1 ||
        bind(fd, (struct sockaddr *)&name, length) == -1 || listen(fd, backlog) == -1)
        goto fail;
    length = sizeof(name);
    if (getsockname(fd, (struct sockaddr *)&name, &length) == -1)
        goto fail;
    addr_from_sockaddr(address, &name);
    return fd;
fail:
    fd_close(&fd);
    return -1;
}

static bool is_stopped(const struct peer *peer)
{
    struct pollfd stop = {.fd = peer->stop_fd, .events = POLLIN};

    return poll(&stop, 1, 0) == 1;
}

static void end_session(struct peer_session *session)
{
    struct peer *peer = session->peer;
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    if (session->reset || is_stopped(peer))
        (void)setsockopt(session->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    fd_close(&session->fd);
    free(session);
    pthread_mutex_lock(&peer->lock);
    if (--peer->sessions == 0)
        pthread_cond_signal(&peer->idle);
    pthread_mutex_unlock(&peer->lock);
}

static void *session_main(void *argument)
{
    struct peer_session *session = argument;

    session->peer->script(session);
    end_session(session);
    return NULL;
}

static void start_session(struct peer *peer, int fd)
{
    struct peer_session *session = calloc(1, sizeof(*session));
    pthread_attr_t attributes;
    pthread_t thread;

    if (session == NULL) {
        fd_close(&fd);
        return;
    }
    session->peer = peer;
    session->fd = fd;
    pthread_mutex_lock(&peer->lock);
    peer->sessions++;
    pthread_mutex_unlock(&peer->lock);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (pthread_create(&thread, &attributes, session_main, session) != 0)
        end_session(session);
    pthread_attr_destroy(&attributes);
}

static void *acceptor_main(void *argument)
{
    struct peer *peer = argument;
    struct pollfd watched[2] = {{.fd = peer->listen_fd, .events = POLLIN},
                                {.fd = peer->stop_fd, .events = POLLIN}};

    while (poll(watched, 2, -1) != -1 || errno == EINTR) {
        int fd;

        if (watched[1].revents != 0 || (watched[0].revents & POLLHUP) != 0)
            break;
        fd = accept4(peer->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd != -1)
            start_session(peer, fd);
    }
    return NULL;
}

int peer_reopen(struct peer *peer)
{
    peer->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (peer->stop_fd == -1)
        return -1;
    peer->listen_fd = listen_at(&peer->address, PEER_BACKLOG);
    if (peer->listen_fd == -1)
        goto fail;
    errno = pthread_create(&peer->acceptor, NULL, acceptor_main, peer);
    if (errno == 0)
        return 0;
fail:
    fd_close(&peer->listen_fd);
    fd_close(&peer->stop_fd);
    return -1;
}

int peer_open_at(struct peer *peer, const struct addr *address, peer_script *script,
                 uint64_t amount)
{
    memset(peer, 0, sizeof(*peer));
    peer->address = *address;
    peer->script = script;
    peer->amount = amount;
    peer->listen_fd = -1;
    peer->stop_fd = -1;
    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->idle, NULL);
    return peer_reopen(peer);
}

int peer_open(struct peer *peer, peer_script *script, uint64_t amount)
{
    struct addr address = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};

    return peer_open_at(peer, &address, script, amount);
}

/* The acceptor is told that the socket listens no more, and ends. */
void peer_shut(struct peer *peer)
{
    (void)shutdown(peer->listen_fd, SHUT_RDWR);
}

void peer_close(struct peer *peer)
{
    if (peer->listen_fd == -1)
        return;
    (void)eventfd_write(peer->stop_fd, 1);
    pthread_join(peer->acceptor, NULL);
    fd_close(&peer->listen_fd);
    pthread_mutex_lock(&peer->lock);
    while (peer->sessions > 0)
        pthread_cond_wait(&peer->idle, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
    fd_close(&peer->stop_fd);
}

/* Whether a new connection gets an answer; it stays open either way, in *fd. */
static bool is_answered(const struct addr *address, int *fd)
{
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(address, &name);
    struct pollfd connecting = {.events = POLLOUT};

    *fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd == -1 || connect(*fd, (struct sockaddr *)&name, length) == 0)
        return true;
    connecting.fd = *fd;
    return poll(&connecting, 1, 100) == 1;
}

int blackhole_open(struct blackhole *hole)
{
    bool answered = true;

    memset(hole, 0, sizeof(*hole));
    memset(hole->fill_fd, 0xff, sizeof(hole->fill_fd));
    hole->address = (struct addr){.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};
    hole->listen_fd = listen_at(&hole->address, 0);
    if (hole->listen_fd == -1)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(hole->fill_fd) && answered; i++)
        answered = is_answered(&hole->address, &hole->fill_fd[i]);
    if (!answered)
        return 0;
    blackhole_close(hole);
    return -1;
}

void blackhole_close(struct blackhole *hole)
{
    for (size_t i = 0; i < ARRAY_LEN(hole->fill_fd); i++)
        fd_close(&hole->fill_fd[i]);
    fd_close(&hole->listen_fd);
}
