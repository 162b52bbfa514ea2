#include "master/renewal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "advice/advice.h"
#include "base/log.h"
#include "base/mono.h"
#include "board/board_master.h"
#include "master/children.h"
#include "master/master_state.h"
#include "master/trial_run.h"
#include "probe/keyring.h"

#define CODE "credentials-stale"

#define REMEDY                                                                                     \
    "mend the file, or make all of them anew, " ADVICE_IMPORT "; it is noticed within 10 s"

/* ---- the warning ---- */

/* What the checker has instead. */
static const char *instead(const struct renewal *renewal)
{
    return renewal->lacks_files ? "the checker asks without it"
                                : "what was read before stays in force";
}

static void warn(struct master *master, const char *reason)
{
    struct renewal *renewal = &master->renewal;
    struct board_warning warning = {.code = "credentials-stale", .remedy = REMEDY};
    struct keyvalue line;

    if (strcmp(reason, renewal->reason) == 0 && renewal->lacks_files == renewal->said_lacks)
        return;
    renewal->said_lacks = renewal->lacks_files;
    snprintf(renewal->reason, sizeof(renewal->reason), "%s", reason);
    keyvalue_begin(&line, "warning");
    keyvalue_word(&line, "code", warning.code);
    keyvalue_word(&line, "state", "raised");
    keyvalue_quote(&line, "remedy", "%s", warning.remedy);
    log_event(LOG_LEVEL_WARNING, &line, "%s: %s; %s", warning.code, reason, instead(renewal));
    board_event(master->board, "%.120s; %s", reason, instead(renewal));
    snprintf(warning.text, sizeof(warning.text), "%.200s; %s", reason, instead(renewal));
    board_set_master_warning(master->board, &warning);
}

static void say_good(void)
{
    struct keyvalue line;

    keyvalue_begin(&line, "warning");
    keyvalue_word(&line, "code", CODE);
    keyvalue_word(&line, "state", "over");
    keyvalue_word(&line, "remedy", NULL);
    log_event(LOG_LEVEL_NOTICE, &line, CODE " is over: certificates and keys are good again");
}

static void forget_warning(struct master *master)
{
    struct renewal *renewal = &master->renewal;

    renewal->bad_mark = 0;
    if (renewal->reason[0] == '\0')
        return;
    renewal->reason[0] = '\0';
    say_good();
    board_event(master->board, "certificates and keys are good again");
    board_set_master_warning(master->board, NULL);
}

/* Files that come one after the other do not fit in between: twice the same is no such moment. */
static void note_bad(struct master *master, uint64_t mark, const char *reason)
{
    if (master->renewal.bad_mark == mark)
        warn(master, reason);
    master->renewal.bad_mark = mark;
}

/* ---- replacing the checker ---- */

static void end(struct master *master)
{
    struct renewal *renewal = &master->renewal;

    loop_timer_stop(master->loop, &renewal->deadline);
    renewal->phase = RENEWAL_NONE;
    renewal->successor = NULL;
    /* Without its successor, the checker is an ordinary child that is missing. */
    if (master->state == MASTER_RUNNING)
        children_adjust(master);
    reload_resume(master);
}

static void give_up(struct master *master, const char *why)
{
    struct renewal *renewal = &master->renewal;

    if (renewal->successor != NULL)
        child_dismiss(renewal->successor);
    note_bad(master, renewal->next_mark, why);
    end(master);
}

static void say_replacing(const char *result, const char *words)
{
    struct keyvalue line;

    keyvalue_begin(&line, "credentials");
    keyvalue_word(&line, "result", result);
    log_event(LOG_LEVEL_NOTICE, &line, "%s", words);
}

static void replace(struct master *master, uint64_t mark)
{
    struct renewal *renewal = &master->renewal;

    say_replacing("begun", "certificates or keys have changed: replacing the checker");
    renewal->next_mark = mark;
    renewal->phase = RENEWAL_PREPARING;
    renewal->successor = children_add_successor(master, master->epoch);
    if (renewal->successor == NULL)
        give_up(master, "the changed certificates and keys: no new checker can be started");
    else
        loop_timer_set(master->loop, &renewal->deadline, mono_ms() + RELOAD_READY_MS);
}

/* The old checker has ended, so nobody else writes its part of the board. */
static void go_on(struct master *master)
{
    struct renewal *renewal = &master->renewal;

    if (renewal->phase != RENEWAL_CHANGING || children_leaving_checker(master) != NULL)
        return;
    if (renewal->successor != NULL) {
        child_begin(renewal->successor);
        renewal->mark = renewal->next_mark;
        renewal->lacks_files = false;
        say_replacing("ok", "a new checker has the changed certificates and keys");
        board_event(master->board, "certificates or keys have changed: the checker has them");
        forget_warning(master);
    }
    end(master);
}

void renewal_born(struct child *child)
{
    struct master *master = child->master;
    struct renewal *renewal = &master->renewal;

    if (renewal->phase != RENEWAL_PREPARING || child != renewal->successor)
        return;
    if (master->state != MASTER_RUNNING) {
        give_up(master, "this balancer is stopping");
        return;
    }
    renewal->phase = RENEWAL_CHANGING;
    loop_timer_set(master->loop, &renewal->deadline, mono_ms() + RELOAD_READY_MS);
    children_dismiss_checker(master);
    go_on(master);
}

void renewal_child_gone(struct child *child)
{
    struct master *master = child->master;
    struct renewal *renewal = &master->renewal;

    if (child == renewal->successor) {
        renewal->successor = NULL;
        if (renewal->phase == RENEWAL_PREPARING) {
            give_up(master, "the changed certificates and keys: the new checker died");
            return;
        }
    }
    go_on(master);
}

static void on_deadline(struct loop_timer *timer)
{
    struct renewal *renewal = CONTAINER_OF(timer, struct renewal, deadline);
    struct master *master = CONTAINER_OF(renewal, struct master, renewal);
    struct child *old = children_leaving_checker(master);

    if (renewal->phase == RENEWAL_PREPARING)
        give_up(master, "the changed certificates and keys: the new checker is not ready in 2 s");
    else if (old != NULL && kill(old->pid, SIGKILL) == -1)
        log_error("cannot kill the old checker: %s", strerror(errno));
}

/* ---- looking ---- */

/* A checker without its files is better replaced by one with those that have ended meanwhile. */
static void look_at(struct master *master, uint64_t mark)
{
    struct renewal *renewal = &master->renewal;
    bool is_other = mark != renewal->mark;
    struct trial_fault fault;

    if (!is_other && !renewal->lacks_files)
        forget_warning(master);
    else if (trial_run_epoch(master->epoch, master->logger.pipe_write, is_other, &fault) == 0)
        replace(master, mark);
    else
        note_bad(master, mark, fault.reason);
}

static void on_due(struct loop_timer *timer)
{
    struct renewal *renewal = CONTAINER_OF(timer, struct renewal, due);
    struct master *master = CONTAINER_OF(renewal, struct master, renewal);
    struct keyring_wants wants = keyring_wants_of_epoch(master->epoch);

    loop_timer_set(master->loop, timer, mono_ms() + RENEWAL_LOOK_MS);
    if (master->state != MASTER_RUNNING || children_are_changing(master))
        return;
    if (keyring_wants_any(&wants))
        look_at(master, keyring_mark(&wants));
}

/* ---- from outside ---- */

void renewal_begin(struct master *master)
{
    struct renewal *renewal = &master->renewal;

    renewal->due.fn = on_due;
    renewal->deadline.fn = on_deadline;
    loop_timer_set(master->loop, &renewal->due, mono_ms() + RENEWAL_LOOK_MS);
}

bool renewal_is_active(const struct master *master)
{
    return master->renewal.phase != RENEWAL_NONE;
}

void renewal_expect(struct master *master, const struct epoch *epoch)
{
    struct keyring_wants wants = keyring_wants_of_epoch(epoch);

    master->renewal.mark = keyring_mark(&wants);
    master->renewal.lacks_files = false;
}

void renewal_lacks_files(const struct child *child)
{
    /* Of a successor nothing like it is believed: it does not begin without. */
    if (child->role == BOARD_ROLE_CHECKER && !child->is_successor)
        child->master->renewal.lacks_files = true;
}

void renewal_settle(struct master *master, uint64_t mark)
{
    master->renewal.mark = mark;
    master->renewal.lacks_files = false;
    forget_warning(master);
}
