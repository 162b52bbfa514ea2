#include "master/children.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "board/board_master.h"
#include "channel/channel.h"

#include "master/master_state.h"

static struct child *take_place(struct master *master, enum board_role role, unsigned slot)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        struct child *child = &master->children[i];

        if (child->role != BOARD_ROLE_NONE)
            continue;
        *child = (struct child){.master = master,
                                .role = role,
                                .slot = slot,
                                .channel = {.fd = -1},
                                .respawn = {.fn = child_respawn}};
        if (role == BOARD_ROLE_WORKER)
            snprintf(child->name, sizeof(child->name), "worker %u", slot + 1);
        else
            snprintf(child->name, sizeof(child->name), "%s", board_role_name(role));
        return child;
    }
    return NULL;
}

static void add(struct master *master, enum board_role role, unsigned slot)
{
    struct child *child = take_place(master, role, slot);

    if (child != NULL)
        child_spawn(child, master->epoch);
    else
        log_error("no place for another %s", board_role_name(role));
}

struct child *children_add_successor(struct master *master, const struct epoch *epoch)
{
    struct child *child = take_place(master, BOARD_ROLE_CHECKER, 0);

    if (child == NULL)
        return NULL;
    child->is_successor = true;
    child_spawn(child, epoch);
    if (child->pid != 0)
        return child;
    loop_timer_stop(master->loop, &child->respawn);
    child->role = BOARD_ROLE_NONE;
    return NULL;
}

static void free_place(struct child *child)
{
    loop_timer_stop(child->master->loop, &child->respawn);
    child->role = BOARD_ROLE_NONE;
}

static void let_go(struct child *child, int signal)
{
    child->is_leaving = true;
    if (child->pid == 0)
        free_place(child);
    else if (kill(child->pid, signal) == -1)
        log_error("cannot signal %s: %s", child->name, strerror(errno));
}

void child_dismiss(struct child *child)
{
    let_go(child, SIGTERM);
}

static bool is_staying(const struct child *child, enum board_role role)
{
    return child->role == role && !child->is_leaving && !child->is_successor;
}

unsigned children_born(const struct master *master, enum board_role role)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CHILD_MOST; i++)
        count += is_staying(&master->children[i], role) && master->children[i].is_born;
    return count;
}

struct child *children_find(struct master *master, enum board_role role)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        if (is_staying(&master->children[i], role))
            return &master->children[i];
    }
    return NULL;
}

struct child *children_leaving_checker(struct master *master)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        struct child *child = &master->children[i];

        if (child->role == BOARD_ROLE_CHECKER && child->is_leaving && !child->is_successor)
            return child;
    }
    return NULL;
}

void children_dismiss_checker(struct master *master)
{
    struct child *checker = children_find(master, BOARD_ROLE_CHECKER);

    if (checker != NULL)
        child_dismiss(checker);
}

void child_begin(struct child *successor)
{
    const struct channel_message message = {.type = CHANNEL_BEGIN};

    successor->is_successor = false;
    if (successor->channel.fd != -1 && channel_send(successor->channel.fd, &message, NULL) == -1)
        log_warning("cannot tell %s (pid %d): %s", successor->name, (int)successor->pid,
                    strerror(errno));
}

bool children_are_changing(const struct master *master)
{
    return reload_is_active(master) || renewal_is_active(master);
}

static bool has_slot(const struct master *master, unsigned slot)
{
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        const struct child *child = &master->children[i];

        if (child->role == BOARD_ROLE_WORKER && child->slot == slot)
            return true;
    }
    return false;
}

static void add_worker(struct master *master)
{
    unsigned slot = 0;

    while (slot < board_master(master->board)->layout.workers && has_slot(master, slot))
        slot++;
    if (slot < board_master(master->board)->layout.workers)
        add(master, BOARD_ROLE_WORKER, slot);
    else
        log_warning("workers that are leaving have every slot: one less than wanted");
}

static struct child *last_worker(struct master *master)
{
    struct child *last = NULL;

    for (unsigned i = 0; i < CHILD_MOST; i++) {
        struct child *child = &master->children[i];

        if (is_staying(child, BOARD_ROLE_WORKER) && (last == NULL || child->slot > last->slot))
            last = child;
    }
    return last;
}

static unsigned staying_workers(const struct master *master)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CHILD_MOST; i++)
        count += is_staying(&master->children[i], BOARD_ROLE_WORKER);
    return count;
}

int children_make_room(struct master *master, unsigned workers)
{
    unsigned slots = board_master(master->board)->layout.workers;
    unsigned staying = staying_workers(master);

    for (unsigned slot = 0; slot < slots && staying < workers; slot++) {
        if (has_slot(master, slot))
            continue;
        if (board_allocate_worker(master->board, slot) == -1)
            return -1;
        staying++;
    }
    return 0;
}

/* The oldest workers stay: they have the most, and the longest, sessions. */
static void adjust_workers(struct master *master)
{
    unsigned wanted = master->epoch->global.workers;
    unsigned staying = staying_workers(master);

    for (; staying > wanted; staying--)
        let_go(last_worker(master), SIGUSR1);
    for (; staying < wanted; staying++)
        add_worker(master);
}

static bool has_stats(const struct epoch *epoch)
{
    for (unsigned i = 0; i < epoch->listener_count; i++) {
        if (epoch_listener(epoch, i)->owner == CONF_STATS_OWNER)
            return true;
    }
    return false;
}

void children_adjust(struct master *master)
{
    struct child *stats = children_find(master, BOARD_ROLE_STATS);

    if (children_find(master, BOARD_ROLE_CHECKER) == NULL)
        add(master, BOARD_ROLE_CHECKER, 0);
    adjust_workers(master);
    if (stats == NULL && has_stats(master->epoch))
        add(master, BOARD_ROLE_STATS, 0);
    else if (stats != NULL && !has_stats(master->epoch))
        child_dismiss(stats);
    atomic_store(&board_my_master(master->board)->workers_wanted, master->epoch->global.workers);
}
