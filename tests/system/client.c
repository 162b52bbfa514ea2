#include "system/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mono.h"

#define SWARM_MAX 64

static uint64_t new_id(void)
{
    static _Atomic uint64_t last;

    return atomic_fetch_add(&last, 1) + 1;
}

static int wait_for(const struct client *client, short events, unsigned within_ms)
{
    struct pollfd watched = {.fd = client->fd, .events = events};

    return poll(&watched, 1, (int)within_ms) == 1 ? 0 : -1;
}

/* Waits for the end of a non-blocking connect(2). */
static int finish_connect(struct client *client)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if (wait_for(client, POLLOUT, CLIENT_PATIENCE_MS) == -1) {
        errno = ETIMEDOUT;
        return -1;
    }
    if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* A client with a socket of that family. */
static int make(struct client *client, enum addr_family family)
{
    int one = 1;

    memset(client, 0, sizeof(*client));
    client->id = new_id();
    client->fd = socket(family == ADDR_IPV4 ? AF_INET : AF_INET6,
                        SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd == -1)
        return -1;
    return setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int connect_to(struct client *client, const struct addr *address)
{
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(address, &name);

    if (connect(client->fd, (struct sockaddr *)&name, length) == -1 &&
        (errno != EINPROGRESS || finish_connect(client) == -1)) {
        fd_close(&client->fd);
        return -1;
    }
    return 0;
}

int client_open_sized(struct client *client, const struct addr *address, int receive_buffer)
{
    if (make(client, (enum addr_family)address->family) == -1)
        return -1;
    if (receive_buffer > 0)
        (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(int));
    return connect_to(client, address);
}

int client_open_from(struct client *client, const struct addr *from, const struct addr *address)
{
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(from, &name);
    int one = 1;

    if (make(client, (enum addr_family)address->family) == -1)
        return -1;
    (void)setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (bind(client->fd, (struct sockaddr *)&name, length) == 0)
        return connect_to(client, address);
    fd_close(&client->fd);
    return -1;
}

int client_open(struct client *client, const struct addr *address)
{
    return client_open_sized(client, address, 0);
}

void client_close(struct client *client)
{
    fd_close(&client->fd);
}

void client_reset(struct client *client)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    fd_close(&client->fd);
}

/* Each message is a tagged stream of its own; an echo returns the same. */
static int exchange_message(const struct client *client, size_t to_send, size_t to_get,
                            unsigned within_ms)
{
    uint64_t id = client->id + (client->messages << 32);
    struct exchange exchange = {
        .out = {.id = id},
        .in = {.id = id, .known = true},
        .to_send = to_send,
        .to_get = to_get,
    };

    if (exchange_run(&exchange, client->fd, -1, mono_ms() + within_ms) == -1)
        return -1;
    return exchange.in.bad ? -1 : 0;
}

int client_echo(struct client *client, size_t size)
{
    client->messages++;
    return exchange_message(client, size, size, CLIENT_PATIENCE_MS);
}

int client_try_echo(struct client *client, unsigned within_ms)
{
    client->messages++;
    return exchange_message(client, TAGGED_BLOCK, TAGGED_BLOCK, within_ms);
}

int client_finish_echo(struct client *client)
{
    return exchange_message(client, 0, TAGGED_BLOCK, CLIENT_PATIENCE_MS);
}

int client_visit(const struct addr *address)
{
    struct client client;
    int result;

    if (client_open(&client, address) == -1)
        return -1;
    result = client_echo(&client, 48);
    client_close(&client);
    return result;
}

unsigned client_visit_many(const struct addr *address, unsigned count)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < count; i++)
        failed += client_visit(address) == -1;
    return failed;
}

enum client_end client_next(struct client *client, unsigned within_ms)
{
    char byte;
    ssize_t got;

    if (wait_for(client, POLLIN, within_ms) == -1)
        return CLIENT_STILL_OPEN;
    got = recv(client->fd, &byte, 1, 0);
    if (got == -1)
        return errno == EAGAIN ? CLIENT_STILL_OPEN : CLIENT_RESET;
    return got == 0 ? CLIENT_FIN : CLIENT_DATA;
}

enum client_end client_knock(const struct addr *address)
{
    struct client client;
    enum client_end end;

    if (client_open(&client, address) == -1)
        return errno == ECONNRESET ? CLIENT_RESET : CLIENT_STILL_OPEN;
    end = client_next(&client, CLIENT_PATIENCE_MS);
    client_close(&client);
    return end;
}

int client_fin(struct client *client)
{
    return shutdown(client->fd, SHUT_WR);
}

int64_t client_exchange(struct client *client, uint64_t to_send)
{
    struct exchange exchange = {
        .out = {.id = client->id},
        .in = {.id = TAGGED_ANSWER(client->id), .known = true},
        .to_send = to_send,
        .to_get = EXCHANGE_UNTIL_EOF,
        .fin = true,
    };

    if (exchange_run(&exchange, client->fd, -1, mono_ms() + 3 * CLIENT_PATIENCE_MS) == -1)
        return -1;
    return exchange.in.bad ? -1 : (int64_t)exchange.in.offset;
}

struct swimmer {
    const struct addr *address;
    uint64_t to_send;
    int64_t received;
    pthread_t thread;
};

static void *swim(void *argument)
{
    struct swimmer *swimmer = argument;
    struct client client;

    swimmer->received = -1;
    if (client_open(&client, swimmer->address) == -1)
        return NULL;
    swimmer->received = client_exchange(&client, swimmer->to_send);
    client_close(&client);
    return NULL;
}

unsigned client_swarm(const struct addr *address, unsigned count, uint64_t to_send,
                      uint64_t *received)
{
    struct swimmer swimmers[SWARM_MAX];
    unsigned started = 0;
    unsigned failed = 0;

    *received = 0;
    for (; started < count && started < SWARM_MAX; started++) {
        swimmers[started] = (struct swimmer){.address = address, .to_send = to_send};
        if (pthread_create(&swimmers[started].thread, NULL, swim, &swimmers[started]) != 0)
            break;
    }
    for (unsigned i = 0; i < started; i++) {
        pthread_join(swimmers[i].thread, NULL);
        if (swimmers[i].received == -1)
            failed++;
        else
            *received += (uint64_t)swimmers[i].received;
    }
    return failed + (count - started);
}
