#include "report/haproxy.h"

#include <stdio.h>

#include "base/defs.h"

char *haproxy_backend_name(const struct snapshot_service *service, char text[HAPROXY_NAME_SIZE])
{
    snprintf(text, HAPROXY_NAME_SIZE, "%s_backend", service->name);
    return text;
}

const struct conf_service *haproxy_conf(const struct epoch *epoch,
                                        const struct snapshot_service *service)
{
    return epoch != NULL ? epoch_service_by_slot(epoch, service->slot) : NULL;
}

enum haproxy_state haproxy_state(const struct snapshot_backend *backend)
{
    switch (backend->status) {
    case STATUS_MAINT:
        return HAPROXY_MAINT;
    case STATUS_DRAIN:
        return HAPROXY_DRAIN;
    case STATUS_BLOCKED:
        return HAPROXY_NOLB;
    case STATUS_SUSPECT:
    case STATUS_UP:
        return HAPROXY_UP;
    case STATUS_UNCHECKED:
    case STATUS_DOWN:
        break;
    }
    return HAPROXY_DOWN;
}

const char *haproxy_state_name(enum haproxy_state state)
{
    static const char *const names[HAPROXY_STATES] = {
        [HAPROXY_DOWN] = "DOWN",   [HAPROXY_UP] = "UP",     [HAPROXY_MAINT] = "MAINT",
        [HAPROXY_DRAIN] = "DRAIN", [HAPROXY_NOLB] = "NOLB",
    };

    return names[state];
}

const char *haproxy_status(const struct snapshot_service *service,
                           const struct snapshot_backend *backend)
{
    enum haproxy_state state = haproxy_state(backend);

    if (state == HAPROXY_UP && service->check == CHECK_NONE)
        return "no check";
    if (backend->status == STATUS_SUSPECT)
        return backend->check.bad > 1 ? "UP 1/3" : "UP 2/3";
    if (backend->status == STATUS_DOWN && backend->check.good > 0)
        return "DOWN 1/2";
    return haproxy_state_name(state);
}

const char *haproxy_check(const struct snapshot_service *service,
                          const struct snapshot_backend *backend)
{
    if (service->check == CHECK_NONE || backend->status == STATUS_MAINT)
        return "";
    if (backend->check.code == CHECKED_NONE)
        return "INI";
    return board_check_name(backend->check.code);
}

struct haproxy_usable haproxy_usable(const struct snapshot_service *service)
{
    struct haproxy_usable usable = {0};
    unsigned weights[2] = {0}; /* active, backup */

    for (size_t i = 0; i < service->backend_count; i++) {
        const struct snapshot_backend *backend = &service->backends[i];

        if (haproxy_state(backend) != HAPROXY_UP || backend->weight == 0)
            continue;
        usable.active += !backend->backup;
        usable.backup += backend->backup;
        weights[backend->backup] += backend->weight;
    }
    usable.weight = weights[usable.active == 0];
    return usable;
}

bool haproxy_is_up(const struct snapshot_service *service)
{
    struct haproxy_usable usable = haproxy_usable(service);

    return usable.active + usable.backup > 0;
}

uint64_t haproxy_client_aborts(const uint64_t ends[BOARD_END_COUNT])
{
    return ends[BOARD_END_CLIENT_RESET] + ends[BOARD_END_DEAD_CLIENT];
}

uint64_t haproxy_server_aborts(const uint64_t ends[BOARD_END_COUNT])
{
    return ends[BOARD_END_BACKEND_RESET] + ends[BOARD_END_DEAD_BACKEND];
}
