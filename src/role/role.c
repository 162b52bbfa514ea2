#include "role/role.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "channel/channel.h"

#include "role/role_life.h"

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

static void on_heartbeat(struct loop_timer *timer)
{
    struct role_life *life = CONTAINER_OF(timer, struct role_life, heartbeat);

    loop_timer_set(life->loop, timer, loop_now_ms(life->loop) + ROLE_HEARTBEAT_MS);
    life->ops->heartbeat(life->state);
}

int role_begin(struct role_life *life)
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
    if (loop_add(life->loop, &life->signals, LOOP_READ) == -1 || obey_watch(life) == -1)
        return birth_failed("cannot watch the master");
    if (!life->birth->is_successor && role_begin(life) == -1)
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

    spare_init(&life.spare);
    if (birth_check_off(&life) == 0 && start(&life) == 0) {
        live(&life);
        status = 0;
    }
    if (life.state != NULL)
        ops->stop(life.state);
    transaction_forget(&life.transaction);
    fd_close(&life.signals.fd);
    fd_close(&life.channel.fd);
    spare_give(&life.spare);
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
    transaction_keep_none(&life->transaction);
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
