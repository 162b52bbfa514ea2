#include "role/role_life.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "channel/channel.h"

static void answer(const struct role_life *life, uint32_t type, uint64_t transaction)
{
    struct channel_message message = {.type = type, .transaction = transaction};

    if (channel_send(life->channel.fd, &message, NULL) == -1)
        log_warning("cannot answer the master: %s", strerror(errno));
}

static void prepare(struct role_life *life, const struct channel_message *message, int *fds)
{
    int result =
        transaction_prepare(&life->transaction, &life->terms, life->birth->role, message, fds);

    answer(life, result == 0 ? CHANNEL_READY : CHANNEL_REFUSED, message->transaction);
}

/* From here on the new epoch is in force; what is only in the old one is closed. */
static void change_over(struct role_life *life)
{
    struct role_terms before = life->terms;
    struct role_change change = {.before = before.epoch};

    life->terms = life->transaction.terms;
    life->transaction.number = 0;
    change.after = life->terms.epoch;
    change.listeners = life->terms.listeners;
    if (!life->listens)
        role_close_listeners(life);
    log_set_level((enum log_level)change.after->global.log_level);
    if (life->ops->change != NULL)
        life->ops->change(life->state, &change);
    terms_leave(&before, &life->terms);
}

static void commit(struct role_life *life, const struct channel_message *message)
{
    if (life->transaction.number != message->transaction || message->transaction == 0)
        return;
    change_over(life);
    answer(life, CHANNEL_DONE, message->transaction);
}

static void take_message(struct role_life *life, const struct channel_message *message, int *fds)
{
    switch (message->type) {
    case CHANNEL_PREPARE:
        prepare(life, message, fds);
        return;
    case CHANNEL_ABORT:
        if (life->transaction.number == message->transaction)
            transaction_forget(&life->transaction);
        break;
    case CHANNEL_COMMIT:
        commit(life, message);
        break;
    case CHANNEL_BEGIN:
        if (role_begin(life) == -1)
            role_finish(life);
        break;
    default:
        log_warning("unknown message %u from the master", (unsigned)message->type);
        break;
    }
    for (uint32_t i = 0; i < message->fd_count; i++)
        fd_close(&fds[i]);
}

/*
 * A master that dies between the fork and the note of it on the board leaves a child that no other
 * master would find: it would go on by an old configuration for ever.
 */
static bool is_known(const struct role_life *life)
{
    const struct board_prefix *prefix = &board_master(life->birth->board)->prefix;
    pid_t own = getpid();

    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        if (atomic_load(&prefix->children[i].pid) == own)
            return true;
    }
    return false;
}

/*
 * Whoever serves goes on serving: the next master takes over. The one that is gone may have died
 * between its decision and the message that tells it: what is prepared is in force if the board
 * says so. A successor that has not begun has nobody to wait for any more.
 */
static void on_master_gone(struct role_life *life)
{
    uint64_t committed = atomic_load(&board_master(life->birth->board)->committed);

    loop_remove(life->loop, &life->channel);
    fd_close(&life->channel.fd);
    if (life->transaction.number != 0 && life->transaction.number == committed)
        change_over(life);
    transaction_forget(&life->transaction);
    if (!life->begun || !is_known(life))
        role_finish(life);
}

static void on_channel(struct loop_watch *watch, unsigned events)
{
    struct role_life *life = CONTAINER_OF(watch, struct role_life, channel);
    struct channel_message message;
    int fds[CHANNEL_MAX_FDS];
    int got;
    int error;

    (void)events;
    spare_give(&life->spare);
    got = channel_receive(watch->fd, &message, fds);
    error = errno;
    spare_take(&life->spare);
    if (got == -1 && error == EMFILE && message.type == CHANNEL_PREPARE) {
        log_warning("cannot take part in a reload: too few descriptors");
        answer(life, CHANNEL_REFUSED, message.transaction);
    } else if (got == 1) {
        take_message(life, &message, fds);
    } else if (got == 0) {
        on_master_gone(life);
    }
}

int obey_watch(struct role_life *life)
{
    spare_take(&life->spare);
    life->channel = (struct loop_watch){.fn = on_channel, .fd = life->birth->channel};
    return loop_add(life->loop, &life->channel, LOOP_READ);
}
