#include "role/transaction.h"

#include <errno.h>
#include <string.h>

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

/* New sockets come in the order of the epoch's listeners that are at none of the old addresses. */
static size_t take_listeners(struct transaction *transaction, const struct role_terms *now,
                             enum board_role role, const int *fds, size_t count)
{
    const struct epoch *epoch = transaction->terms.epoch;
    size_t used = 0;

    for (unsigned i = 0; i < epoch->listener_count; i++) {
        int *place = &transaction->terms.listeners[i];

        *place = -1;
        transaction->is_new[i] = false;
        if (!terms_own_listener(role, epoch, i))
            continue;
        *place = find_socket(now, &epoch_listener(epoch, i)->address);
        if (*place != -1 || used == count)
            continue;
        *place = fds[used++];
        transaction->is_new[i] = true;
    }
    return used;
}

int transaction_prepare(struct transaction *transaction, const struct role_terms *now,
                        enum board_role role, const struct channel_message *message, int *fds)
{
    size_t used;

    transaction_forget(transaction);
    if (message->fd_count == 0) {
        log_error("a reload without its epoch: refused");
        return -1;
    }
    transaction->terms.epoch = epoch_map(fds[0]);
    fd_close(&fds[0]);
    if (transaction->terms.epoch == NULL) {
        log_error("cannot map the new configuration: %s", strerror(errno));
        close_all(fds + 1, message->fd_count - 1);
        return -1;
    }
    transaction->number = message->transaction;
    used = take_listeners(transaction, now, role, fds + 1, message->fd_count - 1);
    if (used == message->fd_count - 1)
        return 0;
    log_error("%u sockets came that no listener wants", (unsigned)(message->fd_count - 1 - used));
    close_all(fds + 1 + used, message->fd_count - 1 - used);
    transaction_forget(transaction);
    return -1;
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
