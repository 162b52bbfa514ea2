#include "master/monitor.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mono.h"
#include "base/strnum.h"
#include "board/board_master.h"

/* Room for "SERVICE/BACKEND". */
#define PLACE_SIZE (2 * CONF_NAME_SIZE)

static uint64_t read64(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void raise_to(_Atomic uint32_t *highest, uint32_t value)
{
    if (atomic_load_explicit(highest, memory_order_relaxed) < value)
        atomic_store_explicit(highest, value, memory_order_relaxed);
}

static void keep_rate(struct board_rate *rate, uint64_t *before, uint64_t total, uint32_t active)
{
    /* A total below the last one is a new owner's of the slot. */
    uint32_t per_second = (uint32_t)(total < *before ? total : total - *before);

    *before = total;
    atomic_store_explicit(&rate->per_second, per_second, memory_order_relaxed);
    raise_to(&rate->per_second_max, per_second);
    raise_to(&rate->active_max, active);
}

static uint64_t backend_total(const struct board *board, unsigned slot)
{
    uint64_t sum = 0;

    for (unsigned w = 0; w < board_master(board)->layout.workers; w++) {
        if (board_worker(board, w) != NULL)
            sum += read64(&board_worker_backend(board, w, slot)->total);
    }
    return sum;
}

static uint64_t service_total(const struct board *board, unsigned slot)
{
    uint64_t sum = 0;

    for (unsigned w = 0; w < board_master(board)->layout.workers; w++) {
        if (board_worker(board, w) != NULL)
            sum += read64(&board_worker_service(board, w, slot)->accepted);
    }
    return sum;
}

/* The last check explains the state only where both say the same: two good ones may be needed. */
static bool explains(const struct board_check *check, enum board_health health)
{
    return check->code != CHECKED_NONE && (check->bad == 0) == (health == BOARD_UP);
}

static void note_health(struct monitor *monitor, struct board *board, unsigned slot)
{
    enum board_health health = board_health(board, slot);
    const struct board_backend *backend = board_backend(board, slot);
    const char *service = board_service(board, backend->service)->name;
    struct board_check check;

    if (monitor->health[slot] == health)
        return;
    monitor->health[slot] = (uint8_t)health;
    board_check_copy(board, slot, &check);
    if (explains(&check, health))
        board_event(board, "%s/%s is %s: %s %s", service, backend->name, board_health_name(health),
                    board_check_name(check.code), check.description);
    else
        board_event(board, "%s/%s is %s", service, backend->name, board_health_name(health));
}

/* ---- what administrators say ---- */

/* "kubeAPI/cp1", or the balancer itself. */
static void name_place(const struct board *board, unsigned slot, char place[PLACE_SIZE])
{
    const struct board_backend *backend;

    if (slot == BOARD_SELF) {
        snprintf(place, PLACE_SIZE, "this balancer");
        return;
    }
    backend = board_backend(board, slot);
    snprintf(place, PLACE_SIZE, "%s/%s", board_service(board, backend->service)->name,
             backend->name);
}

static void log_act(const struct board *board, unsigned slot, const struct board_admin_act *act,
                    const char *over, const char *uid)
{
    const struct board_backend *backend;

    if (slot == BOARD_SELF) {
        log_notice("admin: self state=%s uid=%s", board_admin_name(act->state), uid);
        return;
    }
    backend = board_backend(board, slot);
    log_notice("admin: service=%s backend=%s state=%s%s%s uid=%s",
               board_service(board, backend->service)->name, backend->name,
               board_admin_name(act->state), *over != '\0' ? " over=" : "", over, uid);
}

/* One that was said to an earlier master is no act; that it holds is worth an event. */
static void tell_act(struct board *board, unsigned slot, const struct board_admin_act *act)
{
    bool is_new = act->since_ms >= board_master(board)->started_ms;
    char over[STRNUM_DURATION_SIZE] = "";
    char place[PLACE_SIZE];
    char uid[12] = "?";

    name_place(board, slot, place);
    if (act->has_uid)
        snprintf(uid, sizeof(uid), "%u", (unsigned)act->uid);
    if (act->over_ms > 0)
        strnum_format_duration(act->over_ms, over);
    if (is_new) {
        board_event(board, "%s: %s%s%s by uid %s", place, board_admin_name(act->state),
                    *over != '\0' ? " over " : "", over, uid);
        log_act(board, slot, act, over, uid);
    } else if (act->state != BOARD_ADMIN_READY) {
        board_event(board, "%s: still in %s, said to an earlier start by uid %s", place,
                    board_admin_name(act->state), uid);
    }
}

/* A word of nobody is that of a slot which has another owner now. */
static void note_admin(uint64_t *seen, struct board *board, unsigned slot)
{
    uint64_t word = board_admin_word(board, slot);
    struct board_admin_act act;

    if (word == *seen)
        return;
    *seen = word;
    act = board_admin_act(board, slot);
    if (act.since_ms != 0)
        tell_act(board, slot, &act);
}

void monitor_look(struct monitor *monitor, struct board *board)
{
    const struct board_layout *layout = &board_master(board)->layout;
    uint32_t active[CONF_MAX_SERVICES] = {0};

    for (unsigned i = 0; i < layout->backends; i++) {
        struct board_backend *backend = board_my_backend(board, i);
        uint32_t now;

        if (atomic_load(&backend->state) == BOARD_SLOT_FREE)
            continue;
        now = board_active(board, i);
        active[backend->service] += now;
        keep_rate(&backend->rate, &monitor->backend_total[i], backend_total(board, i), now);
        note_health(monitor, board, i);
        note_admin(&monitor->admin[i], board, i);
    }
    note_admin(&monitor->admin_self, board, BOARD_SELF);
    for (unsigned i = 0; i < layout->services; i++) {
        struct board_service *service = board_my_service(board, i);

        if (atomic_load(&service->state) != BOARD_SLOT_FREE)
            keep_rate(&service->rate, &monitor->service_total[i], service_total(board, i),
                      active[i]);
    }
    atomic_store_explicit(&board_my_master(board)->heartbeat_ms, mono_ms(), memory_order_relaxed);
}
