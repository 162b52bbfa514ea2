#include "master/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "base/process.h"
#include "board/board_master.h"
#include "channel/channel.h"
#include "checker/checker.h"
#include "master/children.h"
#include "master/master_state.h"
#include "master/process_log.h"
#include "role/helper.h"
#include "role/role.h"
#include "stats/stats.h"
#include "worker/worker.h"

/* What a role is, by enum board_role. */
static const struct role_ops *const roles[] = {
    [BOARD_ROLE_WORKER] = &worker_ops,
    [BOARD_ROLE_CHECKER] = &checker_ops,
    [BOARD_ROLE_STATS] = &stats_ops,
};

/* ---- messages ---- */

static bool everyone_is_born(const struct master *master)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        const struct child *child = &master->children[i];

        if (child->role != BOARD_ROLE_NONE && !child->is_born)
            return false;
    }
    return true;
}

static void say_probed(void)
{
    struct keyvalue line;

    keyvalue_begin(&line, "probed");
    log_event(LOG_LEVEL_NOTICE, &line, "every backend has been probed once");
}

static void take_message(struct child *child, const struct channel_message *message)
{
    struct master *master = child->master;

    switch (message->type) {
    case CHANNEL_BORN:
        child->is_born = true;
        if (everyone_is_born(master))
            takeover_release(&master->takeover);
        reload_answered(child, message);
        renewal_born(child);
        announce_look(master);
        break;
    case CHANNEL_READY:
    case CHANNEL_REFUSED:
    case CHANNEL_DONE:
        reload_answered(child, message);
        break;
    case CHANNEL_LACKS_FILES:
        renewal_lacks_files(child);
        break;
    case CHANNEL_CHECKS_DONE:
        if (child->role != BOARD_ROLE_CHECKER)
            break;
        if (!atomic_exchange(&board_my_master(master->board)->checks_done, 1))
            say_probed();
        announce_look(master);
        break;
    default:
        log_warning("%s sent an unknown message", child->name);
        break;
    }
}

static void on_channel(struct loop_watch *watch, unsigned events)
{
    struct child *child = CONTAINER_OF(watch, struct child, channel);
    struct channel_message message;
    int fds[CHANNEL_MAX_FDS];
    int got = channel_receive(watch->fd, &message, fds);

    (void)events;
    if (got == 1) {
        for (uint32_t i = 0; i < message.fd_count; i++)
            fd_close(&fds[i]);
        take_message(child, &message);
    } else if (got == 0) {
        /* It is ending; SIGCHLD tells the rest. */
        loop_remove(child->master->loop, watch);
        fd_close(&watch->fd);
    }
}

/* ---- the fork ---- */

static void become(struct child *child, int channel, const struct epoch *epoch) NORETURN;

static void become(struct child *child, int channel, const struct epoch *epoch)
{
    struct master *master = child->master;
    struct role_birth birth = {
        .role = child->role,
        .slot = child->slot,
        .epoch = epoch,
        .board = master->board,
        .listeners = master->listeners.fds,
        .channel = channel,
        .log = master->logger.pipe_write,
        .look_event = master->look_event,
        .health_event = master->health_event,
        .is_successor = child->is_successor,
    };

    memcpy(birth.name, child->name, sizeof(birth.name));
    _exit(role_live(&birth, roles[child->role]));
}

/* A fork that has to wait for the end of a reload is looked at again after so long. */
#define RETRY_DURING_RELOAD_MS 20

static void retry_later(struct child *child, uint64_t delay_ms)
{
    loop_timer_set(child->master->loop, &child->respawn, mono_ms() + delay_ms);
}

static void fail_spawn(struct child *child, const char *what)
{
    struct process_log line = process_log_of(child, "unstarted");
    uint64_t delay_ms = backoff_delay(&child->backoff, 0, false) + BACKOFF_FIRST_MS;

    line.restart_ms = (int64_t)delay_ms;
    process_log_say(LOG_LEVEL_ERROR, &line, "cannot start %s: %s: %s", child->name, what,
                    strerror(errno));
    retry_later(child, delay_ms);
}

static void settle(struct child *child, pid_t pid, int channel)
{
    struct master *master = child->master;

    child->pid = pid;
    child->start_time = process_start_time(pid);
    child->forked_ms = mono_ms();
    child->channel = (struct loop_watch){.fn = on_channel, .fd = channel};
    board_add_child(master->board, pid, child->start_time, child->role, child->slot);
    if (loop_add(master->loop, &child->channel, LOOP_READ) == -1)
        log_error("cannot watch %s: %s", child->name, strerror(errno));
}

void child_spawn(struct child *child, const struct epoch *epoch)
{
    struct master *master = child->master;
    int ends[2];
    pid_t pid;

    if (child->role == BOARD_ROLE_WORKER &&
        board_allocate_worker(master->board, child->slot) == -1) {
        fail_spawn(child, "its region of the board");
        return;
    }
    if (channel_open(ends) == -1) {
        fail_spawn(child, "its channel");
        return;
    }
    if (child->role == BOARD_ROLE_CHECKER && !child->is_successor)
        renewal_expect(master, epoch);
    pid = fork();
    if (pid == 0)
        become(child, ends[1], epoch);
    fd_close(&ends[1]);
    if (pid == -1) {
        fd_close(&ends[0]);
        fail_spawn(child, "fork");
        return;
    }
    settle(child, pid, ends[0]);
}

pid_t children_fork_helper(const struct helper_birth *birth)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(helper_live(birth));
    return pid;
}

void child_respawn(struct loop_timer *timer)
{
    struct child *child = CONTAINER_OF(timer, struct child, respawn);

    if (child->master->state != MASTER_RUNNING || child->pid != 0)
        return;
    /* Nobody is born into the middle of a reload. */
    if (children_are_changing(child->master))
        retry_later(child, RETRY_DURING_RELOAD_MS);
    else
        child_spawn(child, child->master->epoch);
}

/* ---- the end ---- */

/* Another one comes in its place after so long, or PROCESS_LOG_NONE. */
static void say_end(const struct child *child, int status, int64_t restart_ms)
{
    bool is_killed = WIFSIGNALED(status);
    struct process_log what = process_log_of(child, is_killed ? "killed" : "ended");

    what.restart_ms = restart_ms;
    if (is_killed) {
        what.signal = WTERMSIG(status);
        process_log_say(LOG_LEVEL_ERROR, &what, "%s (pid %d) was killed by signal %d", child->name,
                        (int)child->pid, WTERMSIG(status));
        board_event(child->master->board, "%s (pid %d) was killed by signal %d", child->name,
                    (int)child->pid, WTERMSIG(status));
        return;
    }
    what.exit = WEXITSTATUS(status);
    process_log_say(LOG_LEVEL_NOTICE, &what, "%s (pid %d) ended with status %d", child->name,
                    (int)child->pid, WEXITSTATUS(status));
    board_event(child->master->board, "%s (pid %d) ended with status %d", child->name,
                (int)child->pid, WEXITSTATUS(status));
}

static void bury(struct child *child, int status)
{
    struct master *master = child->master;
    bool setup_failed = WIFEXITED(status) && WEXITSTATUS(status) == ROLE_EXIT_SETUP;
    bool leaves_room = child->role == BOARD_ROLE_WORKER && child->is_leaving;
    bool has_next = master->state == MASTER_RUNNING && !child->is_leaving && !child->is_successor;
    uint64_t lived_ms = mono_ms() - child->forked_ms;
    uint64_t restart_ms = has_next ? backoff_delay(&child->backoff, lived_ms, setup_failed) : 0;

    if (master->state == MASTER_RUNNING && !child->is_leaving)
        say_end(child, status, has_next ? (int64_t)restart_ms : PROCESS_LOG_NONE);
    board_remove_child(master->board, child->pid);
    if (child->role == BOARD_ROLE_WORKER)
        board_clear_worker(master->board, child->slot);
    if (child->channel.fd != -1) {
        loop_remove(master->loop, &child->channel);
        fd_close(&child->channel.fd);
    }
    child->pid = 0;
    child->is_born = false;
    child->awaits = 0;
    child->behind = 0;
    if (child->is_leaving || child->is_successor)
        child->role = BOARD_ROLE_NONE;
    else if (has_next)
        retry_later(child, restart_ms);
    reload_child_gone(child);
    renewal_child_gone(child);
    /* There may have been no slot for all who are wanted. */
    if (leaves_room && master->state == MASTER_RUNNING && !children_are_changing(master))
        children_adjust(master);
}

void children_reap(struct master *master)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (unsigned i = 0; i < CHILD_MOST; i++) {
            if (master->children[i].pid == pid)
                bury(&master->children[i], status);
        }
        resolver_reaped(master, pid);
    }
}

void children_signal(struct master *master, enum board_role role, int signal)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        struct child *child = &master->children[i];

        if (child->pid == 0 || (role != BOARD_ROLE_NONE && role != child->role))
            continue;
        /* Not reaped yet, so the pid is still this child's. */
        if (kill(child->pid, signal) == -1 && errno != ESRCH)
            log_error("cannot signal %s: %s", child->name, strerror(errno));
    }
}

unsigned children_living(const struct master *master, enum board_role role)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CHILD_MOST; i++) {
        const struct child *child = &master->children[i];

        count += child->pid != 0 && (role == BOARD_ROLE_NONE || role == child->role);
    }
    return count;
}
