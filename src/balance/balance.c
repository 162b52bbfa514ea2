#include "balance/balance.h"

#include <string.h>

#include "balance/slow_start.h"
#include "base/defs.h"
#include "board/board_sources.h"

/* The classes of backends, the best first; each is split into primaries and backups. */
enum {
    CLASS_GOOD,
    CLASS_SUSPECT,
    CLASS_UNCHECKED,
    CLASS_OWN,  /* the client itself */
    CLASS_DOWN, /* only for all_down = try */
    CLASS_NEVER,
};

/* By enum conf_balance. */
static const struct balance_ops *const algorithms[] = {
    [BALANCE_LEASTCONN] = &balance_least_conn,
    [BALANCE_ROUNDROBIN] = &balance_round_robin,
    [BALANCE_RANDOM] = &balance_random,
    [BALANCE_SOURCE] = &balance_source_hash,
    [BALANCE_SOURCE_SPREAD] = &balance_source_spread,
};

static bool was_tried(const struct balance_request *request, unsigned slot)
{
    for (size_t i = 0; i < request->tried_count; i++) {
        if (request->tried[i] == slot)
            return true;
    }
    return false;
}

/* Health is of an address, so only a backend that has no health, or a bad one, may have none. */
static bool is_nowhere(const struct balance_request *request, unsigned slot)
{
    struct addr address;

    return board_backend_address(request->board, slot, &address) == -1;
}

/* Whether a controller that is a client of this service must not get to itself. */
static bool keeps_own_last(const struct conf_service *service)
{
    return strcmp(service->name, "kubeAPI") == 0 || strcmp(service->name, "controllerJoinAPI") == 0;
}

static bool is_own(const struct balance_request *request, unsigned slot)
{
    struct addr address;

    return keeps_own_last(request->service) &&
           board_backend_address(request->board, slot, &address) == 0 &&
           addr_same_ip(&address, request->client);
}

static unsigned class_of(const struct balance_request *request, const struct conf_backend *backend)
{
    static const unsigned classes[] = {
        [BOARD_UNCHECKED] = CLASS_UNCHECKED, [BOARD_UP] = CLASS_GOOD,
        [BOARD_SUSPECT] = CLASS_SUSPECT,     [BOARD_DOWN] = CLASS_DOWN,
        [BOARD_BLOCKED] = CLASS_DOWN,
    };
    enum board_health health = board_health(request->board, backend->slot);
    unsigned class;

    if (backend->weight == 0 || was_tried(request, backend->slot) ||
        board_admin(request->board, backend->slot) != BOARD_ADMIN_READY)
        return CLASS_NEVER;
    class = health < ARRAY_LEN(classes) ? classes[health] : CLASS_UNCHECKED;
    if (class == CLASS_GOOD && request->is_avoided(request->context, backend->slot))
        class = CLASS_SUSPECT;
    if (class == CLASS_DOWN && request->service->all_down == ALL_DOWN_REFUSE)
        class = CLASS_NEVER;
    if (class < CLASS_OWN && is_own(request, backend->slot))
        class = CLASS_OWN;
    if (class >= CLASS_UNCHECKED && is_nowhere(request, backend->slot))
        class = CLASS_NEVER;
    return class;
}

/* Keeps the backends of the best class found; returns how many. */
static size_t gather(const struct balance_request *request, struct balance_candidate *candidates)
{
    const struct conf_service *service = request->service;
    unsigned best = 2 * CLASS_NEVER;
    size_t count = 0;

    for (unsigned i = 0; i < service->backend_count; i++) {
        unsigned index = service->first_backend + i;
        const struct conf_backend *backend = epoch_backend(request->epoch, index);
        unsigned class = 2 * class_of(request, backend) + (backend->backup ? 1 : 0);

        if (class >= 2 * CLASS_NEVER || class > best)
            continue;
        if (class < best)
            count = 0;
        best = class;
        candidates[count++] =
            (struct balance_candidate){.backend = (uint16_t)index, .weight = backend->weight};
    }
    return count;
}

static void read_active(const struct balance_request *request, struct balance_candidate *candidates,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned slot = epoch_backend(request->epoch, candidates[i].backend)->slot;

        candidates[i].active = board_active(request->board, slot);
    }
}

static void read_sources(const struct balance_request *request,
                         struct balance_candidate *candidates, size_t count)
{
    struct board_source_counts counts;

    board_source_counts(request->board, request->service->slot, request->client, &counts);
    for (size_t i = 0; i < count; i++) {
        unsigned slot = epoch_backend(request->epoch, candidates[i].backend)->slot;
        unsigned ordinal = board_backend(request->board, slot)->ordinal;

        candidates[i].active = counts.at[ordinal % CONF_MAX_SPREAD];
    }
}

static void read_identity(const struct balance_request *request,
                          struct balance_candidate *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = epoch_backend(request->epoch, candidates[i].backend)->name;

        candidates[i].identity = balance_hash(name, strlen(name));
    }
}

uint64_t balance_hash(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static const struct balance_ops *algorithm_for(const struct balance_request *request)
{
    const struct balance_ops *ops = algorithms[request->service->balance];

    return ops->reads_sources && request->client_is_untold ? &balance_least_conn : ops;
}

int balance_choose(const struct balance_request *request)
{
    const struct balance_ops *ops = algorithm_for(request);
    struct balance_candidate candidates[CONF_MAX_BACKENDS];
    struct balance_chance chance = {.rng = request->rng, .client = request->client};
    size_t count = gather(request, candidates);

    if (count == 0)
        return -1;
    if (ops->reads_identity)
        read_identity(request, candidates, count);
    count = slow_start_hold_back(request, ops, candidates, count);
    if (ops->reads_active)
        read_active(request, candidates, count);
    if (ops->reads_sources)
        read_sources(request, candidates, count);
    if (ops->takes_ticket)
        chance.ticket = request->take_ticket(request->context, request->service->slot);
    return candidates[ops->pick(candidates, count, &chance)].backend;
}
