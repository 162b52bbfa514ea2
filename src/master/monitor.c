#include "master/monitor.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "board/board_master.h"

/* From one look to the next. */
#define LOOK_MS 1000

static uint64_t read64(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void raise_to(_Atomic uint32_t *highest, uint32_t value)
{
    if (atomic_load_explicit(highest, memory_order_relaxed) < value)
        atomic_store_explicit(highest, value, memory_order_relaxed);
}

/* What has come since the last look, by the second. What workers write may fall all the same. */
static uint32_t rate_since(struct monitor_total *before, const struct monitor_total *now,
                           uint64_t elapsed_ms)
{
    uint64_t first = before->number == now->number ? before->total : 0;
    uint64_t come = now->total > first ? now->total - first : 0;

    *before = *now;
    if (come > UINT32_MAX)
        return UINT32_MAX;
    come = (come * 1000 + elapsed_ms / 2) / elapsed_ms;
    return come > UINT32_MAX ? UINT32_MAX : (uint32_t)come;
}

static void keep_rate(struct board_rate *rate, uint32_t per_second, uint32_t active)
{
    atomic_store_explicit(&rate->per_second, per_second, memory_order_relaxed);
    raise_to(&rate->per_second_max, per_second);
    raise_to(&rate->active_max, active);
}

static struct monitor_total backend_total(const struct board *board, unsigned slot)
{
    struct monitor_total now = {.number = read64(&board_backend(board, slot)->number)};

    for (unsigned w = 0; w < board_master(board)->layout.workers; w++) {
        if (board_worker(board, w) != NULL)
            now.total += read64(&board_worker_backend(board, w, slot)->total);
    }
    return now;
}

static struct monitor_total service_total(const struct board *board, unsigned slot)
{
    struct monitor_total now = {.number = read64(&board_service(board, slot)->number)};

    for (unsigned w = 0; w < board_master(board)->layout.workers; w++) {
        if (board_worker(board, w) != NULL)
            now.total += read64(&board_worker_service(board, w, slot)->accepted);
    }
    return now;
}

/* ---- how services stand ---- */

/* What one look finds of a service's backends. */
struct tally {
    uint32_t active;
    unsigned usable;
    unsigned unchecked;
};

static void count_backend(const struct board *board, unsigned slot, struct tally *tally)
{
    if (atomic_load(&board_backend(board, slot)->state) != BOARD_SLOT_USED ||
        board_admin(board, slot) != BOARD_ADMIN_READY)
        return;
    switch (board_health(board, slot)) {
    case BOARD_UP:
    case BOARD_SUSPECT:
        tally->usable++;
        break;
    case BOARD_UNCHECKED:
        tally->unchecked++;
        break;
    case BOARD_DOWN:
    case BOARD_BLOCKED:
        break;
    }
}

/* Whoever has not been asked yet may be there: then all is as it was. */
static enum board_standing standing_of(const struct board_service *service,
                                       const struct tally *tally)
{
    if (!service->enabled || atomic_load(&service->state) != BOARD_SLOT_USED)
        return BOARD_NEVER_SEEN;
    if (tally->usable > 0)
        return BOARD_SEEN_GOOD;
    if (tally->unchecked > 0)
        return atomic_load(&service->outage.standing);
    return BOARD_SEEN_DOWN;
}

/* The end of an outage is counted in where it was seen at once: else nobody knows when it was. */
static void add_down_time(struct board_outage *outage, enum board_standing now, uint64_t now_ms)
{
    uint64_t seen_ms = atomic_load(&outage->seen_ms);
    uint64_t gap_ms = now_ms > seen_ms ? now_ms - seen_ms : 0;

    if (atomic_load(&outage->standing) != BOARD_SEEN_DOWN || seen_ms == 0)
        return;
    if (now == BOARD_SEEN_DOWN || gap_ms < 2 * LOOK_MS)
        atomic_fetch_add(&outage->down_ms, gap_ms);
}

static void note_standing(struct board_service *service, const struct tally *tally, uint64_t now_ms)
{
    struct board_outage *outage = &service->outage;
    enum board_standing before = atomic_load(&outage->standing);
    enum board_standing now = standing_of(service, tally);

    add_down_time(outage, now, now_ms);
    atomic_store(&outage->seen_ms, now_ms);
    if (now == before)
        return;
    atomic_store(&outage->standing, now);
    if (before == BOARD_NEVER_SEEN || now == BOARD_NEVER_SEEN)
        return;
    atomic_store(&outage->changed_ms, now_ms);
    atomic_fetch_add(&outage->transitions, 1);
    atomic_fetch_add(&outage->went_down, now == BOARD_SEEN_DOWN);
}

/* The last check explains the state only where both say the same: two good ones may be needed. */
static bool explains(const struct board_check *check, enum board_health health)
{
    return check->code != CHECKED_NONE && (check->bad == 0) == (health == BOARD_UP);
}

/* ---- why a backend is as it is ---- */

/* The backend of that name in the service in that slot; BOARD_NO_SLOT = there is none. */
static unsigned find_namesake(const struct board *board, unsigned service, const char *name)
{
    for (unsigned i = 0; i < board_master(board)->layout.backends; i++) {
        const struct board_backend *backend = board_backend(board, i);

        if (atomic_load(&backend->state) == BOARD_SLOT_USED && backend->service == service &&
            strncmp(backend->name, name, sizeof(backend->name)) == 0)
            return i;
    }
    return BOARD_NO_SLOT;
}

/* What the backend in that slot requires; BOARD_NO_SLOT = nothing. */
static unsigned find_required(const struct board *board, unsigned slot)
{
    const struct board_backend *backend = board_backend(board, slot);
    uint32_t required = atomic_load(&board_service(board, backend->service)->required);

    return required > 0 && required <= CONF_MAX_SERVICES
               ? find_namesake(board, required - 1, backend->name)
               : BOARD_NO_SLOT;
}

/* ": kubeAPI/cp1 is in drain": the first on the way that blocks by itself. */
static void blame(const struct board *board, unsigned slot, char why[BOARD_EVENT_SIZE])
{
    for (unsigned steps = 0; steps < CONF_MAX_SERVICES; steps++) {
        enum board_admin_state admin;

        slot = find_required(board, slot);
        if (slot == BOARD_NO_SLOT)
            return;
        admin = board_admin(board, slot);
        if (admin == BOARD_ADMIN_READY && board_health(board, slot) != BOARD_DOWN)
            continue;
        snprintf(why, BOARD_EVENT_SIZE, ": %s/%s is %s%s",
                 board_service(board, board_backend(board, slot)->service)->name,
                 board_backend(board, slot)->name, admin == BOARD_ADMIN_READY ? "" : "in ",
                 admin == BOARD_ADMIN_READY ? "down" : board_admin_name(admin));
        return;
    }
}

/* Something other than a probe's result speaks against it: there are words alone. */
static bool has_words(const struct board_check *check, enum board_health health)
{
    return check->code == CHECKED_NONE && check->description[0] != '\0' &&
           (health == BOARD_SUSPECT || health == BOARD_DOWN);
}

/* ": L4CON connection refused", or what else is known; "" = nothing. */
static void find_cause(const struct board *board, unsigned slot, enum board_health health,
                       char why[BOARD_EVENT_SIZE])
{
    struct board_check check;

    *why = '\0';
    if (health == BOARD_BLOCKED) {
        blame(board, slot, why);
        return;
    }
    board_check_copy(board, slot, &check);
    if (explains(&check, health))
        snprintf(why, BOARD_EVENT_SIZE, ": %s %s", board_check_name(check.code), check.description);
    else if (has_words(&check, health))
        snprintf(why, BOARD_EVENT_SIZE, ": %s", check.description);
}

static void note_health(struct monitor *monitor, struct board *board, unsigned slot)
{
    enum board_health health = board_health(board, slot);
    const struct board_backend *backend = board_backend(board, slot);
    const char *service = board_service(board, backend->service)->name;
    char why[BOARD_EVENT_SIZE];

    if (monitor->health[slot] == health)
        return;
    monitor->health[slot] = (uint8_t)health;
    if (health == BOARD_UNCHECKED && board_admin(board, slot) == BOARD_ADMIN_MAINT)
        return;
    find_cause(board, slot, health, why);
    board_event(board, "%s/%s is %s%s", service, backend->name, board_health_name(health), why);
}

/* ---- all of it ---- */

void monitor_begin(struct monitor *monitor, const struct board *board)
{
    const struct board_layout *layout = &board_master(board)->layout;

    monitor->look_ms = mono_ms();
    for (unsigned i = 0; i < layout->backends; i++)
        monitor->backends[i] = backend_total(board, i);
    for (unsigned i = 0; i < layout->services; i++)
        monitor->services[i] = service_total(board, i);
}

static void look_at_backend(struct monitor *monitor, struct board *board, unsigned slot,
                            uint64_t elapsed_ms, struct tally *tally)
{
    struct board_backend *backend = board_my_backend(board, slot);
    struct monitor_total now = backend_total(board, slot);
    uint32_t active = board_active(board, slot);

    tally->active += active;
    count_backend(board, slot, tally);
    /* What is known of the last owner of the slot is not about this one. */
    if (monitor->backends[slot].number != now.number)
        monitor->health[slot] = BOARD_UNCHECKED;
    keep_rate(&backend->rate, rate_since(&monitor->backends[slot], &now, elapsed_ms), active);
    note_health(monitor, board, slot);
}

static void look_at_service(struct monitor *monitor, struct board *board, unsigned slot,
                            uint64_t elapsed_ms, const struct tally *tally)
{
    struct board_service *service = board_my_service(board, slot);
    struct monitor_total now = service_total(board, slot);

    keep_rate(&service->rate, rate_since(&monitor->services[slot], &now, elapsed_ms),
              tally->active);
    note_standing(service, tally, monitor->look_ms);
}

void monitor_look(struct monitor *monitor, struct board *board)
{
    const struct board_layout *layout = &board_master(board)->layout;
    struct tally tallies[CONF_MAX_SERVICES] = {{0}};
    uint64_t now_ms = mono_ms();
    uint64_t elapsed_ms = now_ms > monitor->look_ms ? now_ms - monitor->look_ms : 1;

    monitor->look_ms = now_ms;
    /* Before what they bring about. */
    acts_look(&monitor->acts, board, now_ms);
    for (unsigned i = 0; i < layout->backends; i++) {
        const struct board_backend *backend = board_backend(board, i);

        if (atomic_load(&backend->state) != BOARD_SLOT_FREE)
            look_at_backend(monitor, board, i, elapsed_ms, &tallies[backend->service]);
    }
    for (unsigned i = 0; i < layout->services; i++) {
        if (atomic_load(&board_service(board, i)->state) != BOARD_SLOT_FREE)
            look_at_service(monitor, board, i, elapsed_ms, &tallies[i]);
    }
    atomic_store_explicit(&board_my_master(board)->heartbeat_ms, now_ms, memory_order_relaxed);
}
