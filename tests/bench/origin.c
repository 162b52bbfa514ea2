#include "bench/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/loop.h"
#include "bench/places.h"

#define BACKLOG     4096
#define BUFFER_SIZE 4096

/* One listening socket or one connection. */
struct end {
    struct loop_watch watch;
    struct loop *loop;
};

static struct end *end_new(struct loop *loop, int fd, loop_watch_fn *fn)
{
    struct end *end = calloc(1, sizeof(*end));

    if (end == NULL)
        return NULL;
    end->loop = loop;
    end->watch.fd = fd;
    end->watch.fn = fn;
    if (loop_add(loop, &end->watch, LOOP_READ) == 0)
        return end;
    free(end);
    return NULL;
}

static void end_free(struct end *end)
{
    loop_forget(end->loop, &end->watch);
    fd_close(&end->watch.fd);
    free(end);
}

static void send_back(struct loop_watch *watch, unsigned events)
{
    struct end *end = CONTAINER_OF(watch, struct end, watch);
    char buffer[BUFFER_SIZE];
    ssize_t got = recv(watch->fd, buffer, sizeof(buffer), 0);

    (void)events;
    /* Messages are far smaller than a socket's buffer: what does not fit is a client's mistake. */
    if (got <= 0 || send(watch->fd, buffer, (size_t)got, MSG_NOSIGNAL) != got)
        end_free(end);
}

static void take(struct loop_watch *watch, unsigned events)
{
    struct end *end = CONTAINER_OF(watch, struct end, watch);
    int fd;

    (void)events;
    while ((fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
        if (end_new(end->loop, fd, send_back) == NULL)
            fd_close(&fd);
    }
}

static int listen_on(struct loop *loop, const struct addr *place)
{
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(place, &address);
    const int on = 1;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, (const struct sockaddr *)&address, length) == 0 && listen(fd, BACKLOG) == 0 &&
        end_new(loop, fd, take) != NULL)
        return 0;
    fd_close(&fd);
    return -1;
}

int origin_run(const struct addr *first, unsigned count)
{
    struct loop *loop = loop_new();

    if (loop == NULL)
        return -1;
    for (unsigned i = 0; i < count; i++) {
        struct addr place = places_nth(first, i);

        if (listen_on(loop, &place) == -1)
            return -1;
    }
    puts("ready");
    fflush(stdout);
    while (loop_turn(loop, -1) != -1)
        continue;
    return -1;
}
