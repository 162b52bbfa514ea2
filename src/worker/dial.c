#include "worker/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "worker/bind_local.h"

/* ---- beginning ---- */

static int open_socket(const struct addr *address)
{
    const int on = 1;
    int family = address->family == ADDR_IPV4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    return fd;
}

/*
 * Where the client has sent already, the acknowledgement that ends the handshake waits for its
 * bytes and travels with them (tcp(7), TCP_QUICKACK): a packet less, and a server that is woken
 * once. Nothing would bring it along otherwise; so elsewhere it is sent at once.
 */
static void save_acknowledgement(const struct session *session)
{
    const int off = 0;
    int waiting = 0;

    if (ioctl(session->client.watch.fd, FIONREAD, &waiting) == 0 && waiting > 0)
        setsockopt(session->backend.watch.fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

int dial_open(struct session *session, const struct conf_service *service,
              const struct addr *address)
{
    struct worker *worker = session->worker;
    int *fd = &session->backend.watch.fd;
    struct sockaddr_storage sockaddr;
    socklen_t length = addr_to_sockaddr(address, &sockaddr);
    struct local_choice choice;

    local_choice_init(&choice, worker->epoch, service, address, &worker->rng);
    do {
        fd_close(fd);
        *fd = open_socket(address);
        if (*fd == -1)
            return -1;
        if (local_choice_bind(&choice, *fd) == -1)
            continue;
        save_acknowledgement(session);
        if (connect(*fd, (struct sockaddr *)&sockaddr, length) == 0 || errno == EINPROGRESS)
            return 0;
    } while (local_choice_has_next(&choice, errno));
    return -1;
}

/* ---- the outcome ---- */

/* Without the file every port might be one. */
void dial_init(struct worker *worker)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    unsigned first = 0;
    unsigned last = UINT16_MAX;

    if (file != NULL) {
        if (fscanf(file, "%u %u", &first, &last) != 2) {
            first = 0;
            last = UINT16_MAX;
        }
        fclose(file);
    }
    worker->local_port_first = (uint16_t)first;
    worker->local_port_last = (uint16_t)last;
}

/*
 * A connect to a port of this machine that nobody listens on can meet itself (simultaneous open of
 * RFC 9293): such a socket is its own peer, and no backend. Only a port that the kernel also gives
 * to outgoing connections can do that.
 */
static bool is_own_peer(const struct session *session, uint16_t port)
{
    int fd = session->backend.watch.fd;
    struct sockaddr_storage own;
    struct sockaddr_storage peer;
    socklen_t own_length = sizeof(own);
    socklen_t peer_length = sizeof(peer);
    struct addr address;

    if (getsockname(fd, (struct sockaddr *)&own, &own_length) == -1)
        return false;
    addr_from_sockaddr(&address, &own);
    return address.port == port && getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 &&
           own_length == peer_length && memcmp(&own, &peer, own_length) == 0;
}

static bool may_be_own_peer(const struct worker *worker, uint16_t port)
{
    return port >= worker->local_port_first && port <= worker->local_port_last;
}

/* No data can be pending yet, so SO_ERROR tells and destroys nothing; without one it is not asked.
 */
int dial_error(const struct session *session, uint16_t port, unsigned events)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if ((events & (LOOP_ERROR | LOOP_HUP)) != 0 &&
        getsockopt(session->backend.watch.fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
        return errno;
    if (error == 0 && may_be_own_peer(session->worker, port) && is_own_peer(session, port))
        return ECONNREFUSED;
    return error;
}
