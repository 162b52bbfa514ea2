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

/* Clients are served there: up or suspect, and no administrator has said otherwise. */
static bool is_usable(const struct snapshot_backend *backend)
{
    return backend->weight > 0 &&
           (backend->status == STATUS_UP || backend->status == STATUS_SUSPECT);
}

static unsigned count_usable(const struct snapshot_service *service)
{
    unsigned count = 0;

    for (size_t i = 0; i < service->backend_count; i++)
        count += is_usable(&service->backends[i]);
    return count;
}

/* Whoever is of no use now takes nothing away by leaving. */
static unsigned find_in_service(const struct admin_plan *plan,
                                const struct snapshot_service *service, struct textbuf *out)
{
    const struct snapshot_backend *meant = find_meant(plan, service);
    unsigned all = (unsigned)service->backend_count;
    unsigned left;
    unsigned found = 0;

    if (!service->enabled || meant == NULL || !is_usable(meant))
        return 0;
    left = count_usable(service) - 1;
    if (left == 0) {
        textbuf_printf(out, "%s is the last one of %s that is up\n", meant->name, service->name);
        found++;
    }
    if (strcmp(service->name, CONTROLLERS) == 0 && left < all / 2 + 1) {
        textbuf_printf(out,
                       "%u of %u controllers would be left, and etcd needs %u for its quorum\n",
                       left, all, all / 2 + 1);
        found++;
    }
    return found;
}

unsigned admin_find_dangers(const struct admin_plan *plan, const struct snapshot *snapshot,
                            struct textbuf *out)
{
    unsigned found = 0;

    if (plan->state == BOARD_ADMIN_READY)
        return 0;
    for (size_t i = 0; i < snapshot->service_count; i++)
        found += find_in_service(plan, &snapshot->services[i], out);
    return found;
}
