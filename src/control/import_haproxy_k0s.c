#include "control/import_haproxy_service.h"

#include <string.h>
#include <strings.h>

/* As k0s's guide calls them. */
static const struct {
    const char *name;
    unsigned port;
} built_ins[HAPROXY_BUILT_INS] = {
    [HAPROXY_KUBE_API] = {"kubeAPI", 6443},
    [HAPROXY_KONNECTIVITY] = {"konnectivity", 8132},
    [HAPROXY_JOIN_API] = {"controllerJoinAPI", 9443},
};

const char *haproxy_built_in_name(enum haproxy_built_in built_in)
{
    return built_ins[built_in].name;
}

unsigned haproxy_built_in_port(enum haproxy_built_in built_in)
{
    return built_ins[built_in].port;
}

bool haproxy_is_k0s(const struct haproxy_service *service)
{
    return service->built_in != HAPROXY_BUILT_INS;
}

static bool is_value_same(const struct haproxy_value *a, const struct haproxy_value *b,
                          const char *fallback)
{
    const char *text_a = a->text != NULL ? a->text : fallback;
    const char *text_b = b->text != NULL ? b->text : fallback;

    return strcmp(text_a, text_b) == 0;
}

bool haproxy_server_is_at(const struct haproxy_server *a, const struct haproxy_server *b)
{
    if (a->address.family != ADDR_NONE && b->address.family != ADDR_NONE)
        return addr_same_ip(&a->address, &b->address);
    return strcasecmp(a->host, b->host) == 0;
}

bool haproxy_server_is_same(const struct haproxy_server *a, const struct haproxy_server *b)
{
    return haproxy_server_is_at(a, b) &&
           is_value_same(&a->values[HAPROXY_WEIGHT], &b->values[HAPROXY_WEIGHT], "1") &&
           is_value_same(&a->values[HAPROXY_BACKUP], &b->values[HAPROXY_BACKUP], "") &&
           is_value_same(&a->values[HAPROXY_DISABLED], &b->values[HAPROXY_DISABLED], "");
}

typedef bool same_fn(const struct haproxy_server *a, const struct haproxy_server *b);

static size_t count_same(const struct haproxy_server *server, const struct haproxy_proxy *back,
                         same_fn *is_same)
{
    size_t count = 0;

    for (size_t i = 0; i < back->server_count; i++)
        count += is_same(server, &back->servers[i]);
    return count;
}

/* Whether each server of the one has exactly one like it in the other. */
static bool has_same_servers(const struct haproxy_proxy *a, const struct haproxy_proxy *b,
                             same_fn *is_same)
{
    if (a->server_count != b->server_count)
        return false;
    for (size_t i = 0; i < a->server_count; i++) {
        if (count_same(&a->servers[i], b, is_same) != 1)
            return false;
    }
    return true;
}

static void call(struct haproxy_services *services, struct haproxy_service *service,
                 enum haproxy_built_in built_in)
{
    service->built_in = built_in;
    services->built_ins[built_in] = service;
    if (strcmp(service->name, built_ins[built_in].name) != 0)
        haproxy_note_at(services->file, HAPROXY_NO_PROXY, service->front->line,
                        "%s is the service %s", service->front->name, built_ins[built_in].name);
    strcpy(service->name, built_ins[built_in].name);
}

/* The guide's names mean the guide's services. */
static void find_by_name(struct haproxy_services *services, enum haproxy_built_in built_in)
{
    for (size_t i = 0; i < services->count; i++) {
        if (strcmp(services->list[i].name, built_ins[built_in].name) == 0) {
            call(services, &services->list[i], built_in);
            return;
        }
    }
}

/* So do its ports, of controllers that have an API. */
static void find_by_port(struct haproxy_services *services, enum haproxy_built_in built_in)
{
    const struct haproxy_service *api = services->built_ins[HAPROXY_KUBE_API];

    for (size_t i = 0; i < services->count && services->built_ins[built_in] == NULL; i++) {
        struct haproxy_service *service = &services->list[i];

        if (service->built_in == HAPROXY_BUILT_INS && service->port == built_ins[built_in].port &&
            (api == NULL || has_same_servers(api->back, service->back, haproxy_server_is_at)))
            call(services, service, built_in);
    }
}

/* At least two of them, each with one port, and the same machines behind. */
static bool has_controllers(const struct haproxy_services *services)
{
    const struct haproxy_service *api = services->built_ins[HAPROXY_KUBE_API];
    unsigned count = 0;

    if (api == NULL)
        return false;
    for (size_t i = 0; i < HAPROXY_BUILT_INS; i++) {
        const struct haproxy_service *service = services->built_ins[i];

        if (service == NULL)
            continue;
        if (service->port == 0 ||
            !has_same_servers(api->back, service->back, haproxy_server_is_same))
            return false;
        count++;
    }
    return count > 1;
}

void haproxy_services_recognise(struct haproxy_services *services)
{
    for (size_t i = 0; i < HAPROXY_BUILT_INS; i++)
        find_by_name(services, (enum haproxy_built_in)i);
    for (size_t i = 0; i < HAPROXY_BUILT_INS; i++) {
        if (i == HAPROXY_KUBE_API || services->built_ins[HAPROXY_KUBE_API] != NULL)
            find_by_port(services, (enum haproxy_built_in)i);
    }
    services->has_controllers = has_controllers(services);
    for (size_t i = 0; i < services->count; i++)
        haproxy_note_servers(services, &services->list[i]);
}
