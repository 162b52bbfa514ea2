#include "master/monitor.h"

#include <stdbool.h>

#include "base/mono.h"
#include "board/board_master.h"

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
    }
    for (unsigned i = 0; i < layout->services; i++) {
        struct board_service *service = board_my_service(board, i);

        if (atomic_load(&service->state) != BOARD_SLOT_FREE)
            keep_rate(&service->rate, &monitor->service_total[i], service_total(board, i),
                      active[i]);
    }
    atomic_store_explicit(&board_my_master(board)->heartbeat_ms, mono_ms(), memory_order_relaxed);
}
