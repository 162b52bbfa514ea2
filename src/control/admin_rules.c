#include "control/admin.h"

#include <string.h>

#include "report/words.h"

/* Its backends are the controllers: etcd has a member on each of them. */
#define CONTROLLERS "kubeAPI"

bool admin_means(const struct admin_plan *plan, const struct snapshot_service *service,
                 const struct snapshot_backend *backend)
{
    return plan->controller != NULL && strcmp(backend->name, plan->controller) == 0 &&
           (plan->service == NULL || strcmp(service->name, plan->service) == 0);
}

static const struct snapshot_backend *find_meant(const struct admin_plan *plan,
                                                 const struct snapshot_service *service)
{
    for (size_t i = 0; i < service->backend_count; i++) {
        if (admin_means(plan, service, &service->backends[i]))
            return &service->backends[i];
    }
    return NULL;
}

unsigned admin_name_services(const struct admin_plan *plan, const struct snapshot *snapshot,
                             struct textbuf *out)
{
    size_t start = out->length;
    unsigned count = 0;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (find_meant(plan, &snapshot->services[i]) == NULL)
            continue;
        words_separate(out, start, ", ");
        words_safe(out, snapshot->services[i].name);
        count++;
    }
    return count;
}

/* ---- of use ---- */

/* What a backend of that name needs next, or NULL. */
static const struct snapshot_service *next_required(const struct snapshot *snapshot,
                                                    const struct snapshot_service *service,
                                                    const char *name)
{
    const struct snapshot_service *required = snapshot_service_in(snapshot, service->required);

    if (required == NULL || snapshot_backend_named(required, name) == NULL)
        return NULL;
    return required;
}

static bool is_alive(const struct snapshot_backend *backend)
{
    return backend->status == STATUS_UP || backend->status == STATUS_SUSPECT;
}

/* Whether an administrator holds one that it requires: the checker takes a moment to say so. */
static bool is_held_up(const struct snapshot *snapshot, const struct snapshot_service *service,
                       const char *name)
{
    for (size_t steps = 0; steps < snapshot->service_count; steps++) {
        service = next_required(snapshot, service, name);
        if (service == NULL)
            return false;
        if (snapshot_backend_named(service, name)->admin != BOARD_ADMIN_READY)
            return true;
    }
    return false;
}

/* Clients are served there: up or suspect, and no administrator has said otherwise. */
static bool is_usable(const struct snapshot *snapshot, const struct snapshot_service *service,
                      const struct snapshot_backend *backend)
{
    return backend->weight > 0 && is_alive(backend) &&
           !is_held_up(snapshot, service, backend->name);
}

/* ---- what the plan takes away ---- */

/* Whether it takes the controller out of that service: by its name, or by what it requires. */
static bool takes_out_of(const struct admin_plan *plan, const struct snapshot *snapshot,
                         const struct snapshot_service *service)
{
    for (size_t steps = 0; service != NULL && steps < snapshot->service_count; steps++) {
        if (find_meant(plan, service) != NULL)
            return true;
        service = next_required(snapshot, service, plan->controller);
    }
    return false;
}

static unsigned count_others_usable(const struct admin_plan *plan, const struct snapshot *snapshot,
                                    const struct snapshot_service *service)
{
    unsigned count = 0;

    for (size_t i = 0; service != NULL && i < service->backend_count; i++) {
        const struct snapshot_backend *backend = &service->backends[i];

        count +=
            strcmp(backend->name, plan->controller) != 0 && is_usable(snapshot, service, backend);
    }
    return count;
}

/* Controllers without a weight get no clients, and are members of etcd all the same. */
static unsigned count_others_alive(const struct admin_plan *plan,
                                   const struct snapshot_service *service)
{
    unsigned count = 0;

    for (size_t i = 0; service != NULL && i < service->backend_count; i++)
        count += strcmp(service->backends[i].name, plan->controller) != 0 &&
                 is_alive(&service->backends[i]);
    return count;
}

/* Whoever is of no use now takes nothing away by leaving. */
static bool takes_last(const struct admin_plan *plan, const struct snapshot *before,
                       const struct snapshot *now, const struct snapshot_service *service)
{
    const struct snapshot_backend *backend = snapshot_backend_named(service, plan->controller);

    return backend != NULL && takes_out_of(plan, before, service) &&
           is_usable(before, service, backend) &&
           count_others_usable(plan, now, snapshot_service_in(now, service->slot)) == 0;
}

/* How many controllers would be left where that is too few, else -1. */
static int too_few_left(const struct admin_plan *plan, const struct snapshot *now,
                        const struct snapshot_service *service)
{
    const struct snapshot_backend *meant = find_meant(plan, service);
    unsigned left;

    if (strcmp(service->name, CONTROLLERS) != 0 || meant == NULL || !is_alive(meant))
        return -1;
    left = count_others_alive(plan, snapshot_service_in(now, service->slot));
    return left < service->backend_count / 2 + 1 ? (int)left : -1;
}

static unsigned find_in_service(const struct admin_plan *plan, const struct snapshot *before,
                                const struct snapshot *now, const struct snapshot_service *service,
                                struct textbuf *out)
{
    unsigned all = (unsigned)service->backend_count;
    int left;

    if (takes_last(plan, before, now, service)) {
        textbuf_printf(out, "%s is the last one of %s that is up\n", plan->controller,
                       service->name);
        return 1;
    }
    left = too_few_left(plan, now, service);
    if (left == -1)
        return 0;
    textbuf_printf(out, "%d of %u controllers would be left, and etcd needs %u for its quorum\n",
                   left, all, all / 2 + 1);
    return 1;
}

unsigned admin_find_dangers(const struct admin_plan *plan, const struct snapshot *before,
                            const struct snapshot *now, struct textbuf *out)
{
    unsigned found = 0;

    if (plan->state == BOARD_ADMIN_READY || plan->controller == NULL)
        return 0;
    for (size_t i = 0; i < before->service_count; i++) {
        if (before->services[i].enabled)
            found += find_in_service(plan, before, now, &before->services[i], out);
    }
    return found;
}
