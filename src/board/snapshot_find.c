#include "board/snapshot.h"

#include <string.h>

struct snapshot_service *snapshot_service_in(const struct snapshot *snapshot, unsigned slot)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].slot == slot)
            return &snapshot->services[i];
    }
    return NULL;
}

struct snapshot_service *snapshot_service_named(const struct snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (strcmp(snapshot->services[i].name, name) == 0)
            return &snapshot->services[i];
    }
    return NULL;
}

struct snapshot_backend *snapshot_backend_named(const struct snapshot_service *service,
                                                const char *name)
{
    for (size_t i = 0; i < service->backend_count; i++) {
        if (strcmp(service->backends[i].name, name) == 0)
            return &service->backends[i];
    }
    return NULL;
}
