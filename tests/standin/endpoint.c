#include "endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A port that is free on the first address may be taken on another one: then the next. */
#define FREE_ATTEMPTS 100

int endpoint_bind(const char *address, uint16_t port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *info = NULL;
    const int on = 1;
    char text[8];
    int fd;

    snprintf(text, sizeof(text), "%u", port);
    if (getaddrinfo(address, text, &hints, &info) != 0) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd != -1 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
                     bind(fd, info->ai_addr, info->ai_addrlen) == -1)) {
        int saved = errno;

        close(fd);
        errno = saved;
        fd = -1;
    }
    freeaddrinfo(info);
    return fd;
}

static uint16_t bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t length = sizeof(address);

    if (getsockname(fd, &address.any, &length) == -1)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* Whether nobody else listens there. The socket stays: no other port printed is the same. */
static bool take(const char *address, uint16_t wanted, uint16_t *port)
{
    int fd = endpoint_bind(address, wanted);

    if (fd == -1)
        return false;
    *port = bound_port(fd);
    return *port != 0 && listen(fd, 1) == 0;
}

static uint16_t take_everywhere(char *const *addresses, int address_count)
{
    for (int attempt = 0; attempt < FREE_ATTEMPTS; attempt++) {
        uint16_t port = 0;
        int taken = 0;

        while (taken < address_count && take(addresses[taken], port, &port))
            taken++;
        if (taken == address_count)
            return port;
    }
    return 0;
}

int endpoint_print_free(unsigned count, char *const *addresses, int address_count)
{
    for (unsigned i = 0; i < count; i++) {
        uint16_t port = take_everywhere(addresses, address_count);

        if (port == 0) {
            fprintf(stderr, "k0slb-standin: no free port: %s\n", strerror(errno));
            return -1;
        }
        printf("%u\n", port);
    }
    return 0;
}
