#include "role/transaction.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"

bool terms_own_listener(enum board_role role, const struct epoch *epoch, unsigned index)
{
    bool is_stats = epoch_listener(epoch, index)->owner == CONF_STATS_OWNER;

    if (role == BOARD_ROLE_WORKER)
        return !is_stats;
    return role == BOARD_ROLE_STATS && is_stats;
}

static int find_socket(const struct role_terms *terms, const struct addr *address)
{
    for (unsigned i = 0; i < terms->epoch->listener_count; i++) {
        if (terms->listeners[i] != -1 &&
            addr_equal(&epoch_listener(terms->epoch, i)->address, address))
            return terms->listeners[i];
    }
    return -1;
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fd_close(&fds[i]);
}

static bool is_bound_to(int fd, const struct addr *address)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    struct addr bound;

    if (getsockname(fd, (struct sockaddr *)&name, &length) == -1)
        return false;
    addr_from_sockaddr(&bound, &name);
    return addr_equal(&bound, address);
}

/* Takes the one that is bound there out of the table; -1 when there is none. */
static int take_socket(int *fds, size_t count, const struct addr *address)
{
    for (size_t i = 0; i < count; i++) {
        int fd = fds[i];

        if (fd == -1 || !is_bound_to(fd, address))
            continue;
        fds[i] = -1;
        return fd;
    }
    return -1;
}

/*
 * A listener may have no socket at all, where this host lacks its family. So what came is told
 * apart by its address, and not by its place.
 */
static void take_listeners(struct transaction *transaction, const struct role_terms *now,
                           enum board_role role, int *fds, size_t count)
{
    const struct epoch *epoch = transaction->terms.epoch;

    for (unsigned i = 0; i < epoch->listener_count; i++) {
        const struct addr *address = &epoch_listener(epoch, i)->address;
        int *place = &transaction->terms.listeners[i];

        *place = -1;
        transaction->is_new[i] = false;
        if (!terms_own_listener(role, epoch, i))
            continue;
        *place = find_socket(now, address);
        if (*place != -1)
            continue;
        *place = take_socket(fds, count, address);
        transaction->is_new[i] = *place != -1;
    }
}

static size_t count_open(const int *fds, size_t count)
{
    size_t open = 0;

    for (size_t i = 0; i < count; i++)
        open += fds[i] != -1;
    return open;
}

int transaction_prepare(struct transaction *transaction, const struct role_terms *now,
                        enum board_role role, const struct channel_message *message, int *fds)
{
    size_t sockets = message->fd_count - 1;
    size_t left;

    transaction_forget(transaction);
    if (message->fd_count == 0) {
        log_error("a reload without its epoch: refused");
        return -1;
    }
    transaction->terms.epoch = epoch_map(fds[0]);
    fd_close(&fds[0]);
    if (transaction->terms.epoch == NULL) {
        log_error("cannot map the new configuration: %s", strerror(errno));
        close_all(fds + 1, sockets);
        return -1;
    }
    transaction->number = message->transaction;
    take_listeners(transaction, now, role, fds + 1, sockets);
    left = count_open(fds + 1, sockets);
    if (left == 0)
        return 0;
    log_error("%u sockets came that no listener wants", (unsigned)left);
    close_all(fds + 1, sockets);
    transaction_forget(transaction);
    return -1;
}

void transaction_keep_none(struct transaction *transaction)
{
    if (transaction->number == 0)
        return;
    for (unsigned i = 0; i < transaction->terms.epoch->listener_count; i++) {
        if (!transaction->is_new[i])
            transaction->terms.listeners[i] = -1;
    }
}

void transaction_forget(struct transaction *transaction)
{
    if (transaction->number == 0)
        return;
    for (unsigned i = 0; i < transaction->terms.epoch->listener_count; i++) {
        if (transaction->is_new[i])
            fd_close(&transaction->terms.listeners[i]);
    }
    epoch_unmap(transaction->terms.epoch);
    transaction->number = 0;
}

static bool has_socket(const struct role_terms *terms, int fd)
{
    for (unsigned i = 0; i < terms->epoch->listener_count; i++) {
        if (terms->listeners[i] == fd)
            return true;
    }
    return false;
}

void terms_leave(struct role_terms *before, const struct role_terms *after)
{
    for (unsigned i = 0; i < before->epoch->listener_count; i++) {
        if (before->listeners[i] != -1 && !has_socket(after, before->listeners[i]))
            fd_close(&before->listeners[i]);
    }
    epoch_unmap(before->epoch);
}
