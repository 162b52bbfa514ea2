#include "role/role_life.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"

#include "role/privileges.h"

/* Standard input, output and error, the four of a birth, and every listener. */
#define MAX_KEPT (8 + CONF_MAX_LISTENERS)

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

void birth_ignore_terminal(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR2, SIGPIPE};

    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
}

/* The terminal's signals, and the one for a reload, are the master's. TERM and USR1 are events. */
static int open_signals(void)
{
    sigset_t mask;

    birth_ignore_terminal();
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGUSR1);
    if (sigprocmask(SIG_SETMASK, &mask, NULL) == -1)
        return -1;
    return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

void birth_speak(const char *instance, const char *name, int log)
{
    char title[2 * CONF_NAME_SIZE];

    if (log != -1)
        log_to_fd(log);
    log_set_name(name);
    snprintf(title, sizeof(title), "%s: %s", instance, name);
    process_set_title(title);
}

int birth_failed(const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    return -1;
}

/* The checklist. The board comes before the closing: it is mapped from inherited descriptors. */
int birth_check_off(struct role_life *life)
{
    const struct role_birth *birth = life->birth;

    birth_speak(birth->epoch->global.name, birth->name, birth->log);
    if (board_enter(birth->board, birth->role, birth->slot) == -1)
        return birth_failed("cannot map the board");
    take_listeners(life);
    if (close_foreign(life) == -1)
        return birth_failed("cannot close inherited descriptors");
    life->signals.fd = open_signals();
    if (life->signals.fd == -1)
        return birth_failed("cannot take signals");
    life->loop = loop_new();
    if (life->loop == NULL)
        return birth_failed("cannot make an event loop");
    life->state = life->ops->prepare(birth);
    if (life->state == NULL)
        return -1;
    return privileges_give_up(&birth->epoch->global);
}
