#include "board/snapshot_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mono.h"

/* How long after the start a first bad result may come: the longest probe, with room to spare. */
#define FIRST_RESULT_SECONDS 15

/* ---- numbers ---- */

static void sum_service(const struct board *board, struct snapshot_service *out)
{
    for (unsigned worker = 0; worker < board_master(board)->layout.workers; worker++) {
        const struct board_service_counters *from;

        if (board_worker(board, worker) == NULL)
            continue;
        from = board_worker_service(board, worker, out->slot);
        out->accepted += atomic_load(&from->accepted);
        out->refused += atomic_load(&from->refused);
        out->denied += atomic_load(&from->denied);
        out->limited += atomic_load(&from->limited);
        out->sources_full += atomic_load(&from->sources_full);
    }
    out->counts.total = out->accepted;
    snapshot_copy_rate(&out->counts, &board_service(board, out->slot)->rate);
}

/* ---- services ---- */

static enum snapshot_service_status service_status(const struct snapshot_service *service)
{
    size_t up = 0;
    size_t suspect = 0;
    size_t put_aside = 0;

    if (!service->enabled)
        return SERVICE_DISABLED;
    for (size_t i = 0; i < service->backend_count; i++) {
        enum snapshot_status status = service->backends[i].status;

        up += status == STATUS_UP;
        suspect += status == STATUS_SUSPECT;
        put_aside += status == STATUS_DRAIN || status == STATUS_MAINT;
    }
    if (up > 0 && up + put_aside == service->backend_count)
        return SERVICE_UP;
    return up + suspect > 0 ? SERVICE_DEGRADED : SERVICE_DOWN;
}

/*
 * The first result decides a backend's health, so one that has been down ever since the start has
 * never had a good one.
 */
static bool was_never_good(const struct snapshot_backend *backend, uint64_t uptime_seconds)
{
    return backend->health == BOARD_DOWN && backend->counts.bytes_out == 0 &&
           backend->health_seconds + FIRST_RESULT_SECONDS >= uptime_seconds;
}

static bool is_never_good(const struct snapshot_service *service, uint64_t uptime_seconds)
{
    if (!service->enabled || service->check == CHECK_NONE || service->backend_count == 0)
        return false;
    for (size_t i = 0; i < service->backend_count; i++) {
        if (!was_never_good(&service->backends[i], uptime_seconds))
            return false;
    }
    return true;
}

int snapshot_copy_listeners(const struct board *board, unsigned service, struct addr **out,
                            size_t *count)
{
    const struct board_prefix *prefix = &board_master(board)->prefix;

    *out = calloc(BOARD_MAX_SOCKETS, sizeof(**out));
    if (*out == NULL)
        return -1;
    for (size_t i = 0; i < BOARD_MAX_SOCKETS; i++) {
        const struct board_socket *socket = &prefix->sockets[i];
        uint64_t inode = atomic_load(&socket->inode);

        if (inode == 0 || socket->service != service)
            continue;
        (*out)[*count] = socket->address;
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load(&socket->inode) == inode)
            (*count)++;
    }
    return 0;
}

static void copy_outage(const struct board_outage *outage, uint64_t uptime_seconds,
                        struct snapshot_service *out)
{
    uint64_t changed_ms = atomic_load(&outage->changed_ms);

    out->downtime_seconds = atomic_load(&outage->down_ms) / 1000;
    out->transitions = atomic_load(&outage->transitions);
    out->went_down = atomic_load(&outage->went_down);
    out->since_seconds =
        changed_ms == 0 ? uptime_seconds : snapshot_age_ms(mono_ms(), changed_ms) / 1000;
}

static unsigned required_of(const struct board_service *service)
{
    uint32_t required = atomic_load(&service->required);

    return required > 0 && required <= CONF_MAX_SERVICES ? required - 1 : BOARD_NO_SLOT;
}

static int copy_service(const struct board *board, unsigned slot, uint64_t uptime_seconds,
                        struct snapshot_service *out)
{
    const struct board_service *from = board_service(board, slot);

    snapshot_copy_text(out->name, from->name, sizeof(out->name));
    out->slot = slot;
    out->required = required_of(from);
    out->enabled = from->enabled != 0;
    out->balance = from->balance;
    out->check = from->check;
    if (snapshot_copy_listeners(board, slot, &out->listeners, &out->listener_count) == -1 ||
        snapshot_copy_backends(board, out, uptime_seconds) == -1 ||
        snapshot_copy_clients(board, out) == -1)
        return -1;
    copy_outage(&from->outage, uptime_seconds, out);
    sum_service(board, out);
    out->status = service_status(out);
    out->never_good = is_never_good(out, uptime_seconds);
    return 0;
}

int snapshot_copy_services(const struct board *board, struct snapshot *out)
{
    uint32_t slots = board_master(board)->layout.services;

    out->services = calloc(slots > 0 ? slots : 1, sizeof(*out->services));
    if (out->services == NULL)
        return -1;
    for (unsigned slot = 0; slot < slots; slot++) {
        if (atomic_load(&board_service(board, slot)->state) != BOARD_SLOT_USED)
            continue;
        /* Counted before it is filled, so that freeing finds what a failure leaves behind. */
        out->service_count++;
        if (copy_service(board, slot, out->uptime_seconds,
                         &out->services[out->service_count - 1]) == -1)
            return -1;
    }
    return 0;
}
