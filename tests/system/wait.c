#include "system/wait.h"

#include <string.h>
#include <time.h>

#include "base/mono.h"

void wait_a_moment(void)
{
    struct timespec moment = {.tv_nsec = 3 * 1000 * 1000};

    nanosleep(&moment, NULL);
}

/* A copy of the board, or NULL. */
static struct snapshot *look(struct instance *instance)
{
    if (instance->board == NULL)
        instance->board = board_open(instance->name);
    return instance->board != NULL ? snapshot_take(instance->board) : NULL;
}

static bool is_true_now(struct instance *instance, wait_fn *fn, const void *context)
{
    struct snapshot *snapshot = look(instance);
    bool result = snapshot != NULL && fn(snapshot, context);

    if (snapshot != NULL)
        snapshot_free(snapshot);
    return result;
}

bool wait_board(struct instance *instance, wait_fn *fn, const void *context, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (!is_true_now(instance, fn, context)) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

static bool is_serving(const struct snapshot *snapshot, const void *context)
{
    const struct instance *instance = context;
    unsigned running = 0;

    if (snapshot->pid != instance->pid)
        return false;
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        running += process->role == BOARD_ROLE_WORKER && strcmp(process->state, "running") == 0;
    }
    return snapshot->checks_done && running == snapshot->workers_wanted;
}

/* Left by an earlier master: the new one has not put its own there yet. */
static void forget_foreign_board(struct instance *instance)
{
    if (instance->board == NULL ||
        atomic_load(&board_master(instance->board)->prefix.master_pid) == instance->pid)
        return;
    board_close(instance->board);
    instance->board = NULL;
}

bool wait_serving(struct instance *instance, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (instance_wait_exit(instance, 0) == -1 && mono_ms() < deadline_ms) {
        if (is_true_now(instance, is_serving, instance))
            return true;
        forget_foreign_board(instance);
        wait_a_moment();
    }
    return false;
}

static const struct snapshot_backend *find_backend(const struct snapshot *snapshot,
                                                   const char *name)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t k = 0; k < service->backend_count; k++) {
            if (strcmp(service->backends[k].name, name) == 0)
                return &service->backends[k];
        }
    }
    return NULL;
}

struct wanted_status {
    const char *backend;
    enum snapshot_status status;
};

static bool has_status(const struct snapshot *snapshot, const void *context)
{
    const struct wanted_status *wanted = context;
    const struct snapshot_backend *backend = find_backend(snapshot, wanted->backend);

    return backend != NULL && backend->status == wanted->status;
}

bool wait_status(struct instance *instance, const char *backend, enum snapshot_status status,
                 unsigned within_ms)
{
    struct wanted_status wanted = {backend, status};

    return wait_board(instance, has_status, &wanted, within_ms);
}

struct wanted_check {
    const char *backend;
    uint64_t after_ms; /* wall clock */
};

static bool has_check(const struct snapshot *snapshot, const void *context)
{
    const struct wanted_check *wanted = context;
    const struct snapshot_backend *backend = find_backend(snapshot, wanted->backend);

    return backend != NULL && backend->check.at_ms > wanted->after_ms;
}

bool wait_checked_again(struct instance *instance, const char *backend, unsigned within_ms)
{
    struct wanted_check wanted = {backend, wall_ms()};

    return wait_board(instance, has_check, &wanted, within_ms);
}

static struct snapshot_counts sum_counts(const struct snapshot *snapshot)
{
    struct snapshot_counts sum = {.total = 0};

    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t k = 0; k < service->backend_count; k++) {
            sum.active += service->backends[k].counts.active;
            sum.total += service->backends[k].counts.total;
            sum.bytes_in += service->backends[k].counts.bytes_in;
            sum.bytes_out += service->backends[k].counts.bytes_out;
        }
    }
    return sum;
}

static bool has_active(const struct snapshot *snapshot, const void *context)
{
    const uint32_t *wanted = context;

    return sum_counts(snapshot).active == *wanted;
}

bool wait_active(struct instance *instance, uint32_t sessions, unsigned within_ms)
{
    return wait_board(instance, has_active, &sessions, within_ms);
}

struct wanted_child {
    const struct instance *instance;
    enum board_role role;
    unsigned slot;
    pid_t old;
};

static bool has_child(const struct snapshot *snapshot, const void *context)
{
    const struct wanted_child *wanted = context;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->role != wanted->role || process->pid == wanted->old || !process->alive)
            continue;
        if (wanted->role != BOARD_ROLE_WORKER ||
            (process->slot == wanted->slot && strcmp(process->state, "running") == 0))
            return true;
    }
    return false;
}

pid_t wait_child(struct instance *instance, enum board_role role, unsigned slot, pid_t old,
                 unsigned within_ms)
{
    struct wanted_child wanted = {instance, role, slot, old};

    if (!wait_board(instance, has_child, &wanted, within_ms))
        return -1;
    return instance_child(instance, role, slot);
}

static bool has_busy_worker(const struct snapshot *snapshot, const void *context)
{
    const char *state = context;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->role == BOARD_ROLE_WORKER && process->sessions > 0 &&
            strcmp(process->state, state) == 0)
            return true;
    }
    return false;
}

bool wait_busy_worker(struct instance *instance, const char *state, unsigned within_ms)
{
    return wait_board(instance, has_busy_worker, state, within_ms);
}

bool wait_log(const struct instance *instance, const char *text, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (!instance_log_has(instance, text)) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

bool wait_count(const _Atomic uint64_t *number, uint64_t least, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (atomic_load(number) < least) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

uint64_t wait_settled(const _Atomic uint64_t *number, unsigned quiet_ms, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;
    uint64_t last = atomic_load(number);
    uint64_t since = mono_ms();

    while (mono_ms() < deadline_ms && mono_ms() < since + quiet_ms) {
        uint64_t now = atomic_load(number);

        if (now != last)
            since = mono_ms();
        last = now;
        wait_a_moment();
    }
    return last;
}

struct snapshot_backend look_backend(struct instance *instance, const char *backend)
{
    struct snapshot_backend copy = {.name = ""};
    struct snapshot *snapshot = look(instance);

    if (snapshot != NULL && find_backend(snapshot, backend) != NULL)
        copy = *find_backend(snapshot, backend);
    if (snapshot != NULL)
        snapshot_free(snapshot);
    return copy;
}

struct snapshot_counts look_counts(struct instance *instance)
{
    struct snapshot_counts counts = {.total = 0};
    struct snapshot *snapshot = look(instance);

    if (snapshot != NULL) {
        counts = sum_counts(snapshot);
        snapshot_free(snapshot);
    }
    return counts;
}

uint64_t look_refused(struct instance *instance)
{
    uint64_t refused = 0;
    struct snapshot *snapshot = look(instance);

    if (snapshot != NULL) {
        for (size_t i = 0; i < snapshot->service_count; i++)
            refused += snapshot->services[i].refused;
        snapshot_free(snapshot);
    }
    return refused;
}
