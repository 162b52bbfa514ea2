#include "board/snapshot_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mono.h"

/* ---- numbers ---- */

static void add_backend_counts(const struct board *board, unsigned worker, unsigned slot,
                               struct snapshot_backend *out)
{
    const struct board_backend_counters *from = board_worker_backend(board, worker, slot);

    out->counts.total += atomic_load(&from->total);
    out->counts.bytes_in += atomic_load(&from->bytes_in);
    out->counts.bytes_out += atomic_load(&from->bytes_out);
    out->connect_errors += atomic_load(&from->connect_errors);
    out->local_errors += atomic_load(&from->local_errors);
    out->retries += atomic_load(&from->retries);
    out->replays += atomic_load(&from->replays);
    out->resets += atomic_load(&from->resets);
    for (size_t i = 0; i < BOARD_END_COUNT; i++)
        out->ends[i] += atomic_load(&from->ends[i]);
    for (size_t i = 0; i < BOARD_HISTOGRAM; i++)
        out->connect_time[i] += atomic_load(&from->connect_time[i]);
    out->counts.active += board_worker_active(board, worker, slot);
}

void snapshot_copy_rate(struct snapshot_counts *out, const struct board_rate *rate)
{
    out->per_second = atomic_load(&rate->per_second);
    out->per_second_max = atomic_load(&rate->per_second_max);
    out->active_max = atomic_load(&rate->active_max);
    if (out->active_max < out->active)
        out->active_max = out->active;
}

static void sum_backend(const struct board *board, unsigned slot, struct snapshot_backend *out)
{
    for (unsigned worker = 0; worker < board_master(board)->layout.workers; worker++) {
        if (board_worker(board, worker) != NULL)
            add_backend_counts(board, worker, slot, out);
    }
    snapshot_copy_rate(&out->counts, &board_backend(board, slot)->rate);
}

/* ---- backends ---- */

/* What the checker's region holds is not ours to trust: a wild value is no result. */
static enum board_health known_health(enum board_health health)
{
    return health <= BOARD_BLOCKED ? health : BOARD_UNCHECKED;
}

static void copy_check(const struct board *board, unsigned slot, struct board_check *out)
{
    board_check_copy(board, slot, out);
    if (out->code > CHECKED_L7STS)
        out->code = CHECKED_NONE;
}

static enum snapshot_status backend_status(enum board_admin_state admin, enum board_health health)
{
    if (admin == BOARD_ADMIN_MAINT)
        return STATUS_MAINT;
    if (admin == BOARD_ADMIN_DRAIN)
        return STATUS_DRAIN;
    switch (health) {
    case BOARD_UP:
        return STATUS_UP;
    case BOARD_SUSPECT:
        return STATUS_SUSPECT;
    case BOARD_DOWN:
        return STATUS_DOWN;
    case BOARD_BLOCKED:
        return STATUS_BLOCKED;
    case BOARD_UNCHECKED:
        break;
    }
    return STATUS_UNCHECKED;
}

/*
 * For how long an administrator has held it; without one, for how long it is in its health, but
 * since he let it go at most. One that was down in his hands has been down all the same.
 */
static uint64_t status_seconds(const struct board *board, const struct snapshot_backend *backend)
{
    struct board_admin_act act = board_admin_act(board, backend->slot);
    uint64_t said_seconds;

    if (act.since_ms == 0 || backend->status == STATUS_DOWN)
        return backend->health_seconds;
    said_seconds = snapshot_age_ms(wall_ms(), act.since_ms) / 1000;
    if (act.state == BOARD_ADMIN_READY && backend->health_seconds < said_seconds)
        return backend->health_seconds;
    return said_seconds;
}

/* A time that is not over runs on until now. */
static void copy_history(const struct board *board, unsigned slot, struct snapshot_backend *out)
{
    struct board_history history;
    uint64_t down_ms;

    board_history_copy(board, slot, &history);
    down_ms = history.down_ms;
    if (history.down_since_ms != 0)
        down_ms += snapshot_age_ms(mono_ms(), history.down_since_ms);
    out->downtime_seconds = down_ms / 1000;
    out->transitions = history.transitions;
    out->went_down = history.went_down;
    out->checks_failed = history.checks_failed;
}

static void copy_backend(const struct board *board, unsigned slot, uint64_t uptime_seconds,
                         struct snapshot_backend *out)
{
    const struct board_backend *from = board_backend(board, slot);
    uint64_t since = board_health_since(board, slot);

    snapshot_copy_text(out->name, from->name, sizeof(out->name));
    board_backend_host(board, slot, out->host);
    if (board_backend_address(board, slot, &out->address) == -1)
        out->address = (struct addr){.family = ADDR_NONE, .port = out->address.port};
    out->slot = slot;
    out->ordinal = from->ordinal % CONF_MAX_SPREAD;
    out->weight = atomic_load(&from->weight);
    out->backup = atomic_load(&from->backup) != 0;
    out->health = known_health(board_probed_health(board, slot));
    out->admin = board_admin(board, slot);
    out->status = backend_status(out->admin, known_health(board_health(board, slot)));
    out->ready_verified =
        out->health == BOARD_UP && (board_health_marks(board, slot) & BOARD_MARK_VERIFIED) != 0;
    out->health_seconds = since == 0 ? uptime_seconds : snapshot_age_ms(mono_ms(), since) / 1000;
    out->since_seconds = status_seconds(board, out);
    copy_check(board, slot, &out->check);
    copy_history(board, slot, out);
    (void)board_certificate_copy(board, slot, &out->certificate);
    sum_backend(board, slot, out);
}

/* Whether the slot belongs to the service; `state` is what else it has to be. */
static bool is_backend_of(const struct board *board, unsigned slot, unsigned service,
                          uint32_t state)
{
    const struct board_backend *backend = board_backend(board, slot);

    return atomic_load(&backend->state) == state && backend->service == service;
}

static size_t count_backends(const struct board *board, unsigned service)
{
    size_t count = 0;

    for (unsigned slot = 0; slot < board_master(board)->layout.backends; slot++)
        count += is_backend_of(board, slot, service, BOARD_SLOT_USED);
    return count;
}

static void add_to_service(struct snapshot_service *service, const struct snapshot_backend *backend)
{
    struct snapshot_sums *sums = &service->sums;

    service->counts.bytes_in += backend->counts.bytes_in;
    service->counts.bytes_out += backend->counts.bytes_out;
    service->counts.active += backend->counts.active;
    sums->sessions += backend->counts.total;
    sums->connect_errors += backend->connect_errors;
    sums->local_errors += backend->local_errors;
    sums->resets += backend->resets;
    sums->retries += backend->retries;
    sums->replays += backend->replays;
    for (size_t i = 0; i < BOARD_END_COUNT; i++)
        sums->ends[i] += backend->ends[i];
    for (size_t i = 0; i < BOARD_HISTOGRAM; i++)
        sums->connect_time[i] += backend->connect_time[i];
}

/* What removed backends have moved stays in their service's totals, which may never fall. */
static void add_removed_backends(const struct board *board, struct snapshot_service *service)
{
    for (unsigned slot = 0; slot < board_master(board)->layout.backends; slot++) {
        struct snapshot_backend removed = {.slot = slot};

        if (!is_backend_of(board, slot, service->slot, BOARD_SLOT_REMOVED))
            continue;
        sum_backend(board, slot, &removed);
        add_to_service(service, &removed);
    }
}

int snapshot_copy_backends(const struct board *board, struct snapshot_service *service,
                           uint64_t uptime_seconds)
{
    size_t room = count_backends(board, service->slot);

    service->backends = calloc(room > 0 ? room : 1, sizeof(*service->backends));
    if (service->backends == NULL)
        return -1;
    for (unsigned slot = 0; slot < board_master(board)->layout.backends; slot++) {
        struct snapshot_backend *backend = &service->backends[service->backend_count];

        if (service->backend_count == room)
            break;
        if (!is_backend_of(board, slot, service->slot, BOARD_SLOT_USED))
            continue;
        copy_backend(board, slot, uptime_seconds, backend);
        add_to_service(service, backend);
        service->backend_count++;
    }
    add_removed_backends(board, service);
    return 0;
}
