#include "master/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "board/board_master.h"
#include "master/children.h"
#include "master/master_state.h"
#include "master/reload_terms.h"
#include "master/slots.h"
#include "role/transaction.h"

/* Stands for what the board has no room for. */
static const char more_errors[] = "more mistakes: k0slbd -t names them all\n";

/* ---- preparing ---- */

static bool nobody_lags(const struct master *master)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        if (master->children[i].role != BOARD_ROLE_NONE && master->children[i].awaits != 0)
            return false;
    }
    return true;
}

/*
 * One that was stopped just after the decision obeys the epoch before, and may still give sessions
 * to what is in no other.
 */
static bool nobody_is_behind(const struct master *master)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        if (master->children[i].role != BOARD_ROLE_NONE && master->children[i].behind != 0)
            return false;
    }
    return true;
}

/* Whether a child of that role has the socket already: it listened for that role before. */
static bool has_socket(const struct master *master, enum board_role role, unsigned i)
{
    const struct reload *reload = &master->reload;

    if (reload->listeners.is_new[i])
        return false;
    for (unsigned k = 0; k < master->epoch->listener_count; k++) {
        if (terms_own_listener(role, master->epoch, k) &&
            addr_equal(&epoch_listener(master->epoch, k)->address,
                       &epoch_listener(reload->epoch, i)->address))
            return true;
    }
    return false;
}

/* The new epoch, and the sockets that this role is to have and has not. */
static size_t gather_fds(const struct master *master, enum board_role role, int *fds)
{
    const struct reload *reload = &master->reload;
    size_t count = 0;

    fds[count++] = reload->epoch_fd;
    for (unsigned i = 0; i < reload->listeners.count; i++) {
        if (reload->listeners.fds[i] != -1 && terms_own_listener(role, reload->epoch, i) &&
            !has_socket(master, role, i))
            fds[count++] = reload->listeners.fds[i];
    }
    return count;
}

static int ask(struct reload *reload, struct child *child)
{
    struct channel_message message = {.type = CHANNEL_PREPARE, .transaction = reload->transaction};
    int fds[CHANNEL_MAX_FDS];

    message.fd_count = (uint32_t)gather_fds(child->master, child->role, fds);
    if (channel_send(child->channel.fd, &message, fds) == 0) {
        child->awaits = reload->transaction;
        return 0;
    }
    if (errno == EPIPE || errno == ECONNRESET)
        return 0; /* it is dying: its successor is born with the outcome */
    textbuf_printf(&reload->errors, "cannot tell %s (pid %d) of it: %s\n", child->name,
                   (int)child->pid, strerror(errno));
    return -1;
}

/* Everyone who changes over; the checker is replaced instead. */
static bool takes_part(const struct child *child)
{
    return child->pid != 0 && child->channel.fd != -1 &&
           (child->role == BOARD_ROLE_WORKER || child->role == BOARD_ROLE_STATS);
}

static int ask_everyone(struct master *master)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        if (takes_part(&master->children[i]) && ask(&master->reload, &master->children[i]) == -1)
            return -1;
    }
    return 0;
}

static int add_successor(struct master *master)
{
    struct reload *reload = &master->reload;

    reload->successor = children_add_successor(master, reload->epoch);
    if (reload->successor == NULL) {
        textbuf_puts(&reload->errors, "cannot start a new checker\n");
        return -1;
    }
    reload->successor->awaits = reload->transaction;
    return 0;
}

/* ---- the outcome ---- */

static void publish_result(struct master *master, bool ok)
{
    struct board_master *board = board_my_master(master->board);
    const struct textbuf *errors = &master->reload.errors;

    snprintf(board->reload_errors, sizeof(board->reload_errors), "%s%s",
             ok || errors->data == NULL ? "" : errors->data,
             !ok && errors->truncated ? more_errors : "");
    atomic_store(&board->reload_ok, ok);
    atomic_store(&board->reload_ms, wall_ms());
    atomic_store(&board->epoch, master->epoch->number);
    atomic_fetch_add(&board->reloads_finished, 1);
}

static void end(struct master *master)
{
    struct reload *reload = &master->reload;

    loop_timer_stop(master->loop, &reload->deadline);
    fd_close(&reload->epoch_fd);
    reload->phase = RELOAD_NONE;
    reload->successor = NULL;
    reload->ended_ms = mono_ms();
    reload_resume(master);
}

static void tell(struct child *child, uint32_t type, uint64_t transaction)
{
    struct channel_message message = {.type = type, .transaction = transaction};

    if (child->channel.fd != -1 && channel_send(child->channel.fd, &message, NULL) == -1)
        log_warning("cannot tell %s (pid %d): %s", child->name, (int)child->pid, strerror(errno));
}

/* Nothing that runs has been touched: what was made for it goes away again. */
static void abort_it(struct master *master)
{
    struct reload *reload = &master->reload;
    char refusal[BOARD_EVENT_SIZE];

    for (unsigned i = 0; i < CHILD_MOST; i++) {
        struct child *child = &master->children[i];

        if (takes_part(child))
            tell(child, CHANNEL_ABORT, reload->transaction);
        child->awaits = 0;
    }
    if (reload->successor != NULL)
        child_dismiss(reload->successor);
    listeners_undo(&reload->listeners);
    listeners_publish(&master->listeners, master->epoch, master->board);
    epoch_unmap(reload->epoch);
    reload->epoch = NULL;
    board_unreserve(master->board);
    reload_log_end(master, false);
    reload_log_refusal(&reload->errors, refusal, sizeof(refusal));
    board_event(master->board, "%s", refusal);
    publish_result(master, false);
    end(master);
}

static void finish(struct master *master)
{
    if (nobody_is_behind(master))
        board_retire(master->board, master->epoch);
    /* Who stops has told its children so: nobody is to come after them. */
    if (master->state == MASTER_RUNNING)
        children_adjust(master);
    publish_result(master, true);
    reload_log_end(master, true);
    board_event(master->board, "reloaded: epoch %llu", (unsigned long long)master->epoch->number);
    end(master);
}

/* The master's own part of the change. */
static void change_over(struct master *master)
{
    struct reload *reload = &master->reload;

    listeners_replace(&master->listeners, &reload->listeners, reload->epoch);
    listeners_publish(&master->listeners, reload->epoch, master->board);
    epoch_unmap(master->epoch);
    master->epoch = reload->epoch;
    reload->epoch = NULL;
    reload->listeners.count = 0;
    renewal_settle(master, reload->mark);
    log_set_level((enum log_level)master->epoch->global.log_level);
    logger_change(&master->logger, sink_choose(&master->epoch->global, master->is_daemon));
}

static void begin_successor(struct master *master)
{
    struct child *successor = master->reload.successor;

    master->reload.successor = NULL;
    if (successor != NULL)
        child_begin(successor);
}

static void commit(struct master *master)
{
    struct reload *reload = &master->reload;

    resolver_change(master, reload->epoch);
    slots_publish(master->board, reload->epoch, &master->resolver.names);
    /* The decision: from here on nothing is undone. */
    atomic_store(&board_my_master(master->board)->committed, reload->transaction);
    reload->phase = RELOAD_CHANGING;
    loop_timer_set(master->loop, &reload->deadline, mono_ms() + RELOAD_READY_MS);
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        struct child *child = &master->children[i];

        if (!takes_part(child))
            continue;
        child->awaits = child->behind = reload->transaction;
        tell(child, CHANNEL_COMMIT, reload->transaction);
    }
    children_dismiss_checker(master);
    change_over(master);
}

/* ---- going on ---- */

/* Who is about to leave changes nothing any more. */
static int check_state(struct master *master)
{
    if (master->state == MASTER_RUNNING)
        return 0;
    textbuf_puts(&master->reload.errors, "this balancer is stopping\n");
    return -1;
}

static void commit_or_not(struct master *master)
{
    if (check_state(master) == 0)
        commit(master);
    else
        abort_it(master);
}

static void go_on(struct master *master)
{
    struct reload *reload = &master->reload;

    if (reload->phase == RELOAD_PREPARING && nobody_lags(master))
        commit_or_not(master);
    if (reload->phase != RELOAD_CHANGING || children_leaving_checker(master) != NULL)
        return;
    begin_successor(master);
    if (nobody_lags(master) || reload->is_late)
        finish(master);
}

static bool is_awaited(const struct child *child, const struct channel_message *message)
{
    if (message->type == CHANNEL_BORN)
        return child == child->master->reload.successor;
    if (child->awaits == 0 || message->transaction != child->awaits)
        return false;
    /* Before the decision it has to say whether it could; after it, that it has. */
    return (message->type == CHANNEL_DONE) == (child->master->reload.phase != RELOAD_PREPARING);
}

void reload_answered(struct child *child, const struct channel_message *message)
{
    struct master *master = child->master;

    if (message->type == CHANNEL_DONE && message->transaction == child->behind)
        child->behind = 0;
    if (!is_awaited(child, message)) {
        if (message->type != CHANNEL_BORN)
            log_notice("%s (pid %d) answers an earlier reload: ignored", child->name,
                       (int)child->pid);
        return;
    }
    child->awaits = 0;
    if (message->type != CHANNEL_REFUSED) {
        go_on(master);
    } else if (master->reload.phase == RELOAD_PREPARING) {
        textbuf_printf(&master->reload.errors, "%s (pid %d) cannot take it\n", child->name,
                       (int)child->pid);
        abort_it(master);
    }
}

void reload_child_gone(struct child *child)
{
    struct master *master = child->master;
    struct reload *reload = &master->reload;

    if (child == reload->successor) {
        reload->successor = NULL;
        if (reload->phase == RELOAD_PREPARING) {
            textbuf_puts(&reload->errors, "the new checker died\n");
            abort_it(master);
            return;
        }
    }
    go_on(master);
}

static void name_who_lags(const struct master *master, struct textbuf *out)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        const struct child *child = &master->children[i];

        if (child->role != BOARD_ROLE_NONE && child->awaits != 0)
            textbuf_printf(out, "%s (pid %d) did not answer within 2 s\n", child->name,
                           (int)child->pid);
    }
}

/* Before the decision whoever is late makes it fail; after it he only holds up the news. */
static void on_deadline(struct loop_timer *timer)
{
    struct reload *reload = CONTAINER_OF(timer, struct reload, deadline);
    struct master *master = CONTAINER_OF(reload, struct master, reload);
    struct child *checker = children_leaving_checker(master);

    name_who_lags(master, &reload->errors);
    if (reload->phase == RELOAD_PREPARING) {
        abort_it(master);
        return;
    }
    log_error_lines(reload->errors.data);
    reload->is_late = true;
    if (checker != NULL && kill(checker->pid, SIGKILL) == -1)
        log_error("cannot kill the old checker: %s", strerror(errno));
    go_on(master);
}

static int prepare(struct master *master)
{
    if (check_state(master) == -1 || reload_make_terms(master) == -1)
        return -1;
    loop_timer_set(master->loop, &master->reload.deadline, mono_ms() + RELOAD_READY_MS);
    return add_successor(master) == -1 ? -1 : ask_everyone(master);
}

static void begin(struct master *master)
{
    struct reload *reload = &master->reload;

    reload->phase = RELOAD_PREPARING;
    reload->again = false;
    reload->is_late = false;
    reload->transaction++;
    reload->epoch = NULL;
    reload->listeners.count = 0;
    textbuf_clear(&reload->errors);
    atomic_fetch_add(&board_my_master(master->board)->reloads_started, 1);
    if (nobody_is_behind(master))
        board_retire(master->board, master->epoch);
    reload_log_begin(master);
    if (prepare(master) == -1)
        abort_it(master);
}

static void on_pause(struct loop_timer *timer)
{
    struct reload *reload = CONTAINER_OF(timer, struct reload, pause);
    struct master *master = CONTAINER_OF(reload, struct master, reload);

    /* What is on its way calls reload_resume() when it is over. */
    if (!children_are_changing(master))
        begin(master);
}

void reload_resume(struct master *master)
{
    struct reload *reload = &master->reload;

    if (reload->again)
        loop_timer_set(master->loop, &reload->pause, reload->ended_ms + RELOAD_PAUSE_MS);
}

void reload_request(struct master *master)
{
    struct reload *reload = &master->reload;
    uint64_t earliest_ms = reload->ended_ms + RELOAD_PAUSE_MS;

    if (reload->again)
        return;
    if (!children_are_changing(master) && mono_ms() >= earliest_ms) {
        begin(master);
        return;
    }
    reload->again = true;
    if (!children_are_changing(master))
        reload_resume(master);
}

bool reload_is_active(const struct master *master)
{
    return master->reload.phase != RELOAD_NONE;
}

void reload_init(struct master *master)
{
    master->reload =
        (struct reload){.epoch_fd = -1, .deadline = {.fn = on_deadline}, .pause = {.fn = on_pause}};
    textbuf_init(&master->reload.errors, BOARD_ERRORS_SIZE - sizeof(more_errors));
}

void reload_fini(struct master *master)
{
    struct reload *reload = &master->reload;

    if (reload->epoch != NULL)
        listeners_undo(&reload->listeners);
    epoch_unmap(reload->epoch);
    fd_close(&reload->epoch_fd);
    textbuf_fini(&reload->errors);
}
