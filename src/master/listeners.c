#include "master/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "board/board_master.h"
#include "master/port_holder.h"

static int set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * What accepted sockets inherit is set here, once, and costs no call for each of them. Without
 * quick acknowledgements that of a request travels with the answer to it.
 */
static int open_socket(const struct addr *address)
{
    int family = address->family == ADDR_IPV4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1 || set(fd, IPPROTO_TCP, TCP_NODELAY, 1) == -1 ||
        set(fd, SOL_SOCKET, SO_OOBINLINE, 1) == -1 || set(fd, IPPROTO_TCP, TCP_QUICKACK, 0) == -1 ||
        (family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == -1))
        fd_close(&fd);
    return fd;
}

/* An address that this machine does not have yet, but may get: a pair's floating one. */
static int bind_later_address(int fd, const struct sockaddr_storage *sockaddr, socklen_t length,
                              const char *text)
{
    if (set(fd, IPPROTO_IP, IP_FREEBIND, 1) == -1 ||
        bind(fd, (const struct sockaddr *)sockaddr, length) == -1)
        return -1;
    log_notice("%s is no address of this machine now: bound all the same", text);
    return 0;
}

static int bind_address(int fd, const struct conf_listener *listener)
{
    struct sockaddr_storage sockaddr;
    socklen_t length = addr_to_sockaddr(&listener->address, &sockaddr);
    char text[ADDR_TEXT_SIZE];

    if (bind(fd, (struct sockaddr *)&sockaddr, length) == 0)
        return 0;
    if (errno != EADDRNOTAVAIL || addr_is_any(&listener->address))
        return -1;
    return bind_later_address(fd, &sockaddr, length, addr_format(&listener->address, text));
}

/* Whoever floods the stats server with connections must not keep a monitor's SYN out. */
#define STATS_BACKLOG 4096

static uint32_t backlog_of(const struct epoch *epoch, const struct conf_listener *listener)
{
    if (listener->owner == CONF_STATS_OWNER)
        return STATS_BACKLOG;
    return epoch_service(epoch, listener->owner)->backlog;
}

static int open_one(const struct epoch *epoch, const struct conf_listener *listener)
{
    int fd = open_socket(&listener->address);

    if (fd == -1)
        return -1;
    if (bind_address(fd, listener) == -1 || listen(fd, (int)backlog_of(epoch, listener)) == -1)
        fd_close(&fd);
    return fd;
}

/* ---- what goes wrong ---- */

bool listeners_overlap(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && a->port == b->port && (addr_is_any(a) || addr_is_any(b));
}

static bool is_in_our_own_way(const struct addr *address, const struct listeners_before *before)
{
    for (unsigned i = 0; i < before->count; i++) {
        if (before->fds[i] != -1 && listeners_overlap(address, &before->addresses[i]))
            return true;
    }
    return false;
}

static void say_in_use(const struct addr *where, struct textbuf *errors)
{
    struct port_holder holder;
    bool is_controller;

    if (port_holder_find(where, &holder) == -1) {
        textbuf_puts(errors, "another program has it\n");
        return;
    }
    is_controller = strcmp(holder.name, "k0s") == 0 || strcmp(holder.name, "kube-apiserver") == 0;
    textbuf_printf(errors, "%s (pid %d) has it%s\n", holder.name, (int)holder.pid,
                   is_controller ? "; k0slb needs another machine than a controller's" : "");
}

static void say_failure(const struct epoch *epoch, const struct conf_listener *listener,
                        const struct listeners_before *before, struct textbuf *errors)
{
    int error = errno;
    char address[ADDR_TEXT_SIZE];

    textbuf_printf(errors, "cannot listen on %s for ", addr_format(&listener->address, address));
    if (listener->owner != CONF_STATS_OWNER)
        textbuf_printf(errors, "service %s: ", epoch_service(epoch, listener->owner)->name);
    else
        textbuf_puts(errors, "[stats]: ");
    if (error == EADDRINUSE && is_in_our_own_way(&listener->address, before))
        textbuf_puts(errors, "it overlaps a listener in force: needs two reloads, or a restart\n");
    else if (error == EADDRINUSE)
        say_in_use(&listener->address, errors);
    else if (error == EACCES)
        textbuf_puts(errors, "ports below 1024 need root\n");
    else
        textbuf_printf(errors, "%s\n", strerror(error));
}

/* A port written without a host is asked for in both families; a host may lack IPv6. */
static bool is_missing_family(const struct conf_listener *listener)
{
    return listener->both && listener->address.family == ADDR_IPV6 &&
           (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
}

/* The kernel cuts a longer queue silently. */
static void warn_of_short_queue(const struct epoch *epoch)
{
    FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
    unsigned most = 0;

    if (file == NULL)
        return;
    if (fscanf(file, "%u", &most) != 1)
        most = UINT32_MAX;
    fclose(file);
    for (unsigned i = 0; i < epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(epoch, i);

        if (service->enabled && service->backlog > most)
            log_warning("service %s: backlog %u is cut to net.core.somaxconn, %u", service->name,
                        (unsigned)service->backlog, most);
    }
}

void listeners_in_force(struct listeners_before *before, const struct listeners *listeners,
                        const struct epoch *epoch)
{
    *before = (struct listeners_before){.count = listeners->count};
    for (unsigned i = 0; i < listeners->count; i++) {
        before->addresses[i] = epoch_listener(epoch, i)->address;
        before->fds[i] = listeners->fds[i];
    }
}

static int keep(struct listeners_before *before, const struct addr *address)
{
    for (unsigned i = 0; i < before->count; i++) {
        if (before->fds[i] == -1 || !addr_equal(&before->addresses[i], address))
            continue;
        before->is_kept[i] = true;
        return before->fds[i];
    }
    return -1;
}

/* One listener of the epoch; false when it should be there and cannot. */
static bool provide(struct listeners *listeners, unsigned i, const struct epoch *epoch,
                    struct listeners_before *before)
{
    const struct conf_listener *listener = epoch_listener(epoch, i);

    listeners->is_new[i] = false;
    listeners->fds[i] = keep(before, &listener->address);
    if (listeners->fds[i] != -1)
        return true;
    listeners->fds[i] = open_one(epoch, listener);
    listeners->is_new[i] = listeners->fds[i] != -1;
    if (listeners->is_new[i])
        return true;
    if (!is_missing_family(listener))
        return false;
    log_notice("no IPv6 here: port %u is served on IPv4 alone", (unsigned)listener->address.port);
    return true;
}

int listeners_open(struct listeners *listeners, const struct epoch *epoch,
                   struct listeners_before *before, struct textbuf *errors)
{
    unsigned failures = 0;

    listeners->count = epoch->listener_count;
    for (unsigned i = 0; i < listeners->count; i++) {
        if (provide(listeners, i, epoch, before))
            continue;
        say_failure(epoch, epoch_listener(epoch, i), before, errors);
        failures++;
    }
    if (failures > 0) {
        listeners_undo(listeners);
        return -1;
    }
    warn_of_short_queue(epoch);
    return 0;
}

void listeners_undo(struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        if (!listeners->is_new[i])
            continue;
        /* A child that does not run may have it in a message that waits: nobody is to come there.
         */
        shutdown(listeners->fds[i], SHUT_RD);
        fd_close(&listeners->fds[i]);
    }
    listeners->count = 0;
}

static bool has_socket(const struct listeners *listeners, int fd)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        if (listeners->fds[i] == fd)
            return true;
    }
    return false;
}

void listeners_set_backlogs(const struct listeners *listeners, const struct epoch *epoch)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        if (listeners->fds[i] == -1 || listeners->is_new[i])
            continue;
        /* On a socket that listens already, listen(2) only changes the length of its queue. */
        if (listen(listeners->fds[i], (int)backlog_of(epoch, epoch_listener(epoch, i))) == -1)
            log_warning("cannot change a backlog: %s", strerror(errno));
    }
}

void listeners_replace(struct listeners *before, const struct listeners *after,
                       const struct epoch *epoch)
{
    for (unsigned i = 0; i < before->count; i++) {
        if (before->fds[i] != -1 && !has_socket(after, before->fds[i]))
            fd_close(&before->fds[i]);
    }
    *before = *after;
    listeners_set_backlogs(before, epoch);
}

/* Its inode, or 0 when there is no socket. */
static uint64_t note(const struct listeners *listeners, unsigned i, const struct epoch *epoch,
                     struct board *board)
{
    const struct conf_listener *listener = epoch_listener(epoch, i);
    unsigned slot = BOARD_NO_SLOT;
    struct stat status;

    if (listeners->fds[i] == -1 || fstat(listeners->fds[i], &status) == -1)
        return 0;
    if (listener->owner != CONF_STATS_OWNER)
        slot = epoch_service(epoch, listener->owner)->slot;
    board_add_socket(board, &listener->address, slot, status.st_ino);
    return status.st_ino;
}

void listeners_note_new(const struct listeners *listeners, const struct epoch *epoch,
                        struct board *board)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        if (listeners->is_new[i])
            (void)note(listeners, i, epoch, board);
    }
}

void listeners_publish(const struct listeners *listeners, const struct epoch *epoch,
                       struct board *board)
{
    uint64_t inodes[CONF_MAX_LISTENERS];

    for (unsigned i = 0; i < listeners->count; i++)
        inodes[i] = note(listeners, i, epoch, board);
    board_keep_sockets(board, inodes, listeners->count);
}

void listeners_close(struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++)
        fd_close(&listeners->fds[i]);
    listeners->count = 0;
}
