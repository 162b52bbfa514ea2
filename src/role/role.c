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
    bool finished;
    bool hurried;
};

/* ---- birth ---- */

/* A worker inherits the services' sockets, the stats process its own, the checker none. */
static bool owns_listener(const struct role_birth *birth, unsigned index)
{
    bool is_stats = epoch_listener(birth->epoch, index)->owner == CONF_STATS_OWNER;

    if (birth->role == BOARD_ROLE_WORKER)
        return !is_stats;
    return birth->role == BOARD_ROLE_STATS && is_stats;
}

static int close_foreign(const struct role_birth *birth)
{
    int keep[MAX_KEPT];
    size_t count = 0;

    keep[count++] = birth->channel;
    keep[count++] = birth->log;
    keep[count++] = birth->look_event;
    keep[count++] = birth->health_event;
    for (unsigned i = 0; i < birth->epoch->listener_count; i++) {
        if (owns_listener(birth, i))
            keep[count++] = birth->listeners[i];
    }
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

static int give_up_root(const struct role_birth *birth)
{
    const struct conf_global *global = &birth->epoch->global;

    if (!global->change_user)
        return privileges_lock();
    return privileges_drop(global->uid, global->gid);
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
    if (close_foreign(birth) == -1)
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
    return give_up_root(birth);
}

/* ---- life ---- */

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
            life->ops->drain(life->state);
            break;
        default:
            break;
        }
    }
}

static void on_channel(struct loop_watch *watch, unsigned events)
{
    struct role_life *life = CONTAINER_OF(watch, struct role_life, channel);
    struct channel_message message;
    int fds[CHANNEL_MAX_FDS];
    int got = channel_receive(watch->fd, &message, fds);

    (void)events;
    if (got == 0) {
        log_error("the master is gone");
        role_finish(life);
        return;
    }
    if (got == -1)
        return;
    for (uint32_t i = 0; i < message.fd_count; i++)
        fd_close(&fds[i]);
    log_warning("unknown message %u from the master", (unsigned)message.type);
}

static void on_heartbeat(struct loop_timer *timer)
{
    struct role_life *life = CONTAINER_OF(timer, struct role_life, heartbeat);

    loop_timer_set(life->loop, timer, loop_now_ms(life->loop) + ROLE_HEARTBEAT_MS);
    life->ops->heartbeat(life->state);
}

static int start(struct role_life *life)
{
    life->signals.fn = on_signal;
    life->channel = (struct loop_watch){.fn = on_channel, .fd = life->birth->channel};
    life->heartbeat.fn = on_heartbeat;
    if (loop_add(life->loop, &life->signals, LOOP_READ) == -1 ||
        loop_add(life->loop, &life->channel, LOOP_READ) == -1)
        return failed("cannot watch the master");
    loop_timer_set(life->loop, &life->heartbeat, loop_now_ms(life->loop));
    if (life->ops->start(life->state, life) == -1)
        return -1;
    role_tell(life, CHANNEL_READY);
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
        if (life->ops->turn != NULL)
            life->ops->turn(life->state);
    }
}

int role_live(const struct role_birth *birth, const struct role_ops *ops)
{
    struct role_life life = {.birth = birth, .ops = ops, .signals = {.fd = -1}};
    int status = ROLE_EXIT_SETUP;

    if (be_born(&life) == 0 && start(&life) == 0) {
        live(&life);
        status = 0;
    }
    if (life.state != NULL)
        ops->stop(life.state);
    fd_close(&life.signals.fd);
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

void role_tell(const struct role_life *life, uint32_t channel_type)
{
    struct channel_message message = {.type = channel_type};

    if (channel_send(life->birth->channel, &message, NULL) == -1)
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
