#include "report/tunnel.h"

const char *tunnel_links_name(enum tunnel_links links)
{
    static const char *const names[] = {
        [TUNNEL_PARTIAL] = "partial", [TUNNEL_NONE] = "none", [TUNNEL_FULL] = "full"};

    return names[links];
}

enum tunnel_links tunnel_links(const struct snapshot_service *service,
                               const struct snapshot_client *client)
{
    unsigned wanted = 0;
    unsigned held = 0;

    for (size_t i = 0; i < service->backend_count; i++) {
        const struct snapshot_backend *backend = &service->backends[i];

        if (backend->status != STATUS_UP && backend->status != STATUS_SUSPECT)
            continue;
        wanted++;
        held += backend->ordinal < CONF_MAX_SPREAD && client->at[backend->ordinal] > 0;
    }
    if (held == 0)
        return TUNNEL_NONE;
    return held == wanted ? TUNNEL_FULL : TUNNEL_PARTIAL;
}

size_t tunnel_count(const struct snapshot_service *service, enum tunnel_links links)
{
    size_t count = 0;

    for (size_t i = 0; i < service->client_count; i++)
        count += tunnel_links(service, &service->clients[i]) == links;
    return count;
}
