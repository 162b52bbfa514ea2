#include "role/role.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "channel/channel.h"
#include "role/privileges.h"
#include "role/transaction.h"

/* Standard input, output and error, the four of a birth, and every listener. */
#define MAX_KEPT (8 + CONF_MAX_LISTENERS)

struct role_life {
    const struct role_birth *birth;
    const struct role_ops *ops;
    void *state;
    struct loop *loop;
    struct loop_watch signals;
    struct loop_watch channel;
    struct loop_timer heartbeat;
    struct role_terms terms;
    struct transaction transaction;
    bool listens; /* until role_close_listeners() */
    bool begun;
    bool finished;
    bool hurried;
};

/* ---- birth ---- */

/* Listeners of other roles are foreign: their places are empty in this child's terms. */
static void take_listeners(struct role_life *life)
{
    const struct role_birth *birth = life->birth;

    life->terms.epoch = birth->epoch;
    for (unsigned i = 0; i < birth->epoch->listener_count; i++)
        life->terms.listeners[i] =
            terms_own_listener(birth->role, birth->epoch, i) ? birth->listeners[i] : -1;
}

static int close_foreign(const struct role_life *life)
{
    const struct role_birth *birth = life->birth;
    int keep[MAX_KEPT];
    size_t count = 0;

    keep[count++] = birth->channel;
    keep[count++] = birth->log;
    keep[count++] = birth->look_event;
    keep[count++] = birth->health_event;
    for (unsigned i = 0; i < birth->epoch->listener_count; i++)
        keep[count++] = life->terms.listeners[i];
    return fd_close_others(STDERR_FILENO + 1, keep, count);
}

/*
 * The master's terminal and its reload are none of a child's business: HUP, INT and QUIT are
 * ignored. TERM and USR1 come as events.
 */
static int open_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE};
    sigset_t mask;

    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGUSR1);
    if (sigprocmask(SIG_SETMASK, &mask, NULL) == -1)
        return -1;
    return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void set_title(const struct role_birth *birth)
{
    char title[2 * CONF_NAME_SIZE];

    strcpy(title, birth->epoch->global.name);
    strcat(title, ": ");
    strcat(title, birth->name);
    process_set_title(title);
}

static int failed(const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    return -1;
}

/* The checklist. The board comes before the closing: it is mapped from inherited descriptors. */
static int be_born(struct role_life *life)
{
    const struct role_birth *birth = life->birth;

    log_to_fd(birth->log);
    log_set_name(birth->name);
    set_title(birth);
    if (board_enter(birth->board, birth->role, birth->slot) == -1)
        return failed("cannot map the board");
    take_listeners(life);
    if (close_foreign(life) == -1)
        return failed("cannot close inherited descriptors");
    life->signals.fd = open_signals();
    if (life->signals.fd == -1)
        return failed("cannot take signals");
    life->loop = loop_new();
    if (life->loop == NULL)
        return failed("cannot make an event loop");
    life->state = life->ops->prepare(birth);
    if (life->state == NULL)
        return -1;
    return privileges_give_up(&birth->epoch->global);
}

/* ---- life ---- */

static int begin(struct role_life *life);

static void on_signal(struct loop_watch *watch, unsigned events)
{
    struct role_life *life = CONTAINER_OF(watch, struct role_life, signals);
    struct signalfd_siginfo info;

    (void)events;
    while (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        switch (info.ssi_signo) {
        case SIGTERM:
            role_finish(life);
            break;
        case SIGUSR1:
            log_info("told to finish and leave");
            if (life->begun)
                life->ops->drain(life->state);
            else
                role_finish(life);
            break;
        default:
            break;
        }
    }
}

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
        if (begin(life) == -1)
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
    if (!life->begun)
        role_finish(life);
}

static void on_channel(struct loop_watch *watch, unsigned events)
{
    struct role_life *life = CONTAINER_OF(watch, struct role_life, channel);
    struct channel_message message;
    int fds[CHANNEL_MAX_FDS];
    int got = channel_receive(watch->fd, &message, fds);

    (void)events;
    if (got == 1)
        take_message(life, &message, fds);
    else if (got == 0)
        on_master_gone(life);
}

static void on_heartbeat(struct loop_timer *timer)
{
    struct role_life *life = CONTAINER_OF(timer, struct role_life, heartbeat);

    loop_timer_set(life->loop, timer, loop_now_ms(life->loop) + ROLE_HEARTBEAT_MS);
    life->ops->heartbeat(life->state);
}

/* The role itself begins to work. */
static int begin(struct role_life *life)
{
    if (life->begun)
        return 0;
    life->begun = true;
    life->heartbeat.fn = on_heartbeat;
    loop_timer_set(life->loop, &life->heartbeat, loop_now_ms(life->loop));
    return life->ops->start(life->state, life);
}

static int start(struct role_life *life)
{
    life->signals.fn = on_signal;
    life->channel = (struct loop_watch){.fn = on_channel, .fd = life->birth->channel};
    if (loop_add(life->loop, &life->signals, LOOP_READ) == -1 ||
        loop_add(life->loop, &life->channel, LOOP_READ) == -1)
        return failed("cannot watch the master");
    if (!life->birth->is_successor && begin(life) == -1)
        return -1;
    role_tell(life, CHANNEL_BORN);
    return 0;
}

static void live(struct role_life *life)
{
    while (!life->finished) {
        int most_ms = life->hurried ? 0 : -1;

        life->hurried = false;
        if (loop_turn(life->loop, most_ms) == -1) {
            log_error("event loop: %s", strerror(errno));
            return;
        }
        if (life->ops->turn != NULL && life->begun)
            life->ops->turn(life->state);
    }
}

int role_live(const struct role_birth *birth, const struct role_ops *ops)
{
    struct role_life life = {
        .birth = birth, .ops = ops, .signals = {.fd = -1}, .channel = {.fd = -1}, .listens = true};
    int status = ROLE_EXIT_SETUP;

    if (be_born(&life) == 0 && start(&life) == 0) {
        live(&life);
        status = 0;
    }
    if (life.state != NULL)
        ops->stop(life.state);
    transaction_forget(&life.transaction);
    fd_close(&life.signals.fd);
    fd_close(&life.channel.fd);
    loop_free(life.loop);
    return status;
}

/* ---- for the roles ---- */

struct loop *role_loop(const struct role_life *life)
{
    return life->loop;
}

const struct role_birth *role_birth(const struct role_life *life)
{
    return life->birth;
}

const struct epoch *role_epoch(const struct role_life *life)
{
    return life->terms.epoch;
}

const int *role_listeners(const struct role_life *life)
{
    return life->terms.listeners;
}

void role_close_listeners(struct role_life *life)
{
    life->listens = false;
    for (unsigned i = 0; i < life->terms.epoch->listener_count; i++)
        fd_close(&life->terms.listeners[i]);
}

void role_tell(const struct role_life *life, uint32_t channel_type)
{
    struct channel_message message = {.type = channel_type};

    if (life->channel.fd != -1 && channel_send(life->channel.fd, &message, NULL) == -1)
        log_warning("cannot tell the master: %s", strerror(errno));
}

void role_finish(struct role_life *life)
{
    life->finished = true;
}

void role_hurry(struct role_life *life)
{
    life->hurried = true;
}
