#include "board/snapshot_parts.h"

#include <stdio.h>

/* "is down", "is in drain"; NULL for one that blocks nobody by itself. */
static const char *words_of(enum snapshot_status status)
{
    switch (status) {
    case STATUS_MAINT:
        return "is in maint";
    case STATUS_DRAIN:
        return "is in drain";
    case STATUS_DOWN:
        return "is down";
    default:
        return NULL;
    }
}

/* What is required may be blocked itself: the first on the way that is not. */
static void name_blocker(const struct snapshot *snapshot, const struct snapshot_service *service,
                         struct snapshot_backend *out)
{
    for (size_t steps = 0; steps < snapshot->service_count; steps++) {
        const struct snapshot_backend *required;

        service = snapshot_service_in(snapshot, service->required);
        required = service == NULL ? NULL : snapshot_backend_named(service, out->name);
        if (required == NULL)
            return;
        if (words_of(required->status) != NULL) {
            snprintf(out->blocked_by, sizeof(out->blocked_by), "%s/%s %s", service->name,
                     required->name, words_of(required->status));
            return;
        }
    }
}

void snapshot_name_blockers(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t k = 0; k < service->backend_count; k++) {
            if (service->backends[k].status == STATUS_BLOCKED)
                name_blocker(snapshot, service, &service->backends[k]);
        }
    }
}
