#include "board/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "base/process.h"
#include "board/snapshot_parts.h"

/* A worker that shows no life for so long is stalled. */
#define STALLED_AFTER_MS 10000

/* ---- small things ---- */

void snapshot_copy_text(char *to, const char *from, size_t size)
{
    memcpy(to, from, size);
    to[size - 1] = '\0';
}

uint64_t snapshot_age_ms(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

/* ---- processes ---- */

/*
 * A worker is late only by what the master ran on without it: a machine that stood still for a
 * while stalls nobody.
 */
static uint64_t worker_age_ms(const struct snapshot *snapshot, uint64_t heartbeat)
{
    uint64_t age = snapshot_age_ms(mono_ms(), heartbeat);

    if (!snapshot->master_alive)
        return age;
    return snapshot_age_ms(age, snapshot->master_age_ms);
}

/* One that runs and has not shown life yet is still starting. */
static const char *worker_state(const struct snapshot *snapshot, const struct board_worker *worker)
{
    uint32_t state = atomic_load(&worker->state);
    uint64_t heartbeat = atomic_load(&worker->heartbeat_ms);

    if (state == BOARD_WORKER_DRAINING)
        return "draining";
    if (state != BOARD_WORKER_RUNNING || heartbeat == 0)
        return "starting";
    return worker_age_ms(snapshot, heartbeat) > STALLED_AFTER_MS ? "stalled" : "running";
}

static void describe_worker(const struct board *board, const struct snapshot *snapshot,
                            struct snapshot_process *out)
{
    const struct board_worker *worker = board_worker(board, out->slot);

    out->state = "starting";
    if (worker == NULL)
        return;
    out->state = worker_state(snapshot, worker);
    out->sessions = atomic_load(&worker->sessions);
}

/* Copies one entry; false when it is free, or was changed meanwhile. */
static bool copy_child(const struct board_child *from, struct snapshot_process *out)
{
    int32_t pid = atomic_load(&from->pid);
    uint64_t start_time = from->start_time;

    *out = (struct snapshot_process){
        .pid = pid, .role = from->role, .slot = from->slot, .orphan = from->orphan != 0};
    atomic_thread_fence(memory_order_acquire);
    if (pid <= 0 || atomic_load(&from->pid) != pid)
        return false;
    out->alive = process_is_alive(pid, start_time);
    return true;
}

static int copy_processes(const struct board *board, struct snapshot *out)
{
    const struct board_prefix *prefix = &board_master(board)->prefix;

    out->processes = calloc(BOARD_MAX_CHILDREN, sizeof(*out->processes));
    if (out->processes == NULL)
        return -1;
    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        struct snapshot_process *process = &out->processes[out->process_count];

        if (!copy_child(&prefix->children[i], process))
            continue;
        /* An orphan's region was on the board of its own master. */
        if (process->role == BOARD_ROLE_WORKER && !process->orphan)
            describe_worker(board, out, process);
        else if (process->role == BOARD_ROLE_WORKER)
            process->state = "draining";
        out->process_count++;
    }
    return 0;
}

/* ---- the rest ---- */

static bool copy_event(const struct board_event *from, uint64_t number, struct snapshot_event *out)
{
    if (atomic_load(&from->number) != number)
        return false;
    out->at_ms = from->at_ms;
    snapshot_copy_text(out->text, from->text, sizeof(out->text));
    atomic_thread_fence(memory_order_acquire);
    return atomic_load(&from->number) == number;
}

static int copy_events(const struct board_master *master, struct snapshot *out)
{
    uint64_t newest = atomic_load(&master->events);
    uint64_t oldest = newest > BOARD_MAX_EVENTS ? newest - BOARD_MAX_EVENTS + 1 : 1;

    out->events = calloc(BOARD_MAX_EVENTS, sizeof(*out->events));
    if (out->events == NULL)
        return -1;
    for (uint64_t number = oldest; number <= newest; number++) {
        const struct board_event *from = &master->event[(number - 1) % BOARD_MAX_EVENTS];

        if (copy_event(from, number, &out->events[out->event_count]))
            out->event_count++;
    }
    return 0;
}

/* The last reload's result is whole when no other one has finished meanwhile. */
static void copy_reload(const struct board_master *master, struct snapshot *out)
{
    for (int tries = 0; tries < 3; tries++) {
        uint64_t finished = atomic_load(&master->reloads_finished);

        out->reloads = finished;
        out->reload_ok = atomic_load(&master->reload_ok) != 0;
        out->reload_ms = atomic_load(&master->reload_ms);
        snapshot_copy_text(out->reload_errors, master->reload_errors, sizeof(out->reload_errors));
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load(&master->reloads_finished) == finished)
            break;
    }
    if (out->reload_ms == 0) {
        out->reload_ok = true;
        out->reload_ms = out->started_ms;
    }
}

static void copy_master(const struct board *board, struct snapshot *out)
{
    const struct board_master *master = board_master(board);
    const struct board_checker *checker = board_checker(board);
    uint64_t now = mono_ms();
    uint64_t beat = atomic_load(&master->heartbeat_ms);
    uint64_t checker_beat = atomic_load(&checker->heartbeat_ms);

    snapshot_copy_text(out->name, master->name, sizeof(out->name));
    snapshot_copy_text(out->version, master->version, sizeof(out->version));
    out->pid = atomic_load(&master->prefix.master_pid);
    out->master_alive = process_is_alive(out->pid, master->prefix.master_start_time);
    out->admin = board_admin_self(board);
    out->taken_ms = wall_ms();
    out->started_ms = master->started_ms;
    out->uptime_seconds = snapshot_age_ms(now, master->started_mono_ms) / 1000;
    out->epoch = atomic_load(&master->epoch);
    out->workers_wanted = atomic_load(&master->workers_wanted);
    out->checks_done = atomic_load(&master->checks_done) != 0;
    out->log_dropped = atomic_load(&master->log_dropped);
    out->stalls = atomic_load(&checker->stalls);
    out->slow_ignored = atomic_load(&checker->slow_ignored);
    out->checker_age_ms =
        snapshot_age_ms(now, checker_beat != 0 ? checker_beat : master->started_mono_ms);
    out->master_age_ms = snapshot_age_ms(now, beat != 0 ? beat : master->started_mono_ms);
    copy_reload(master, out);
}

static int copy_warnings(const struct board *board, struct snapshot *out)
{
    struct board_warnings *found = malloc(sizeof(*found));

    if (found == NULL)
        return -1;
    board_master_warning_copy(board, &out->warnings[0]);
    if (out->warnings[0].code[0] != '\0')
        out->warning_count = 1;
    board_warnings_copy(board, found);
    for (uint32_t i = 0; i < found->count; i++)
        out->warnings[out->warning_count++] = found->list[i];
    free(found);
    return 0;
}

struct snapshot *snapshot_take(const struct board *board)
{
    struct snapshot *out = calloc(1, sizeof(*out));

    if (out == NULL)
        return NULL;
    copy_master(board, out);
    if (snapshot_copy_listeners(board, BOARD_NO_SLOT, &out->stats_listeners,
                                &out->stats_listener_count) == -1 ||
        snapshot_copy_services(board, out) == -1 || copy_processes(board, out) == -1 ||
        copy_events(board_master(board), out) == -1 || copy_warnings(board, out) == -1) {
        snapshot_free(out);
        errno = ENOMEM;
        return NULL;
    }
    snapshot_name_blockers(out);
    return out;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    for (size_t i = 0; i < snapshot->service_count; i++) {
        free(snapshot->services[i].listeners);
        free(snapshot->services[i].backends);
        free(snapshot->services[i].clients);
    }
    free(snapshot->services);
    free(snapshot->stats_listeners);
    free(snapshot->processes);
    free(snapshot->events);
    free(snapshot);
}

const char *snapshot_status_name(enum snapshot_status status)
{
    static const char *const names[] = {
        [STATUS_MAINT] = "maint",
        [STATUS_DRAIN] = "drain",
        [STATUS_DOWN] = "down",
        [STATUS_BLOCKED] = "blocked",
        [STATUS_UNCHECKED] = "unchecked",
        [STATUS_SUSPECT] = "suspect",
        [STATUS_UP] = "up",
    };

    return status < ARRAY_LEN(names) ? names[status] : "unknown";
}

const char *snapshot_service_status_name(enum snapshot_service_status status)
{
    static const char *const names[] = {
        [SERVICE_DISABLED] = "disabled",
        [SERVICE_UP] = "up",
        [SERVICE_DEGRADED] = "degraded",
        [SERVICE_DOWN] = "down",
    };

    return status < ARRAY_LEN(names) ? names[status] : "unknown";
}
