#include "board/snapshot_parts.h"

#include <stdlib.h>
#include <string.h>

#include "board/board_sources.h"

/*
 * A client may stand in the table of each worker. They are found again by places in an index, which
 * is at most half full: what has no place so far from its own is left out, whatever a worker wrote.
 */
#define MOST_STEPS 64

struct gathering {
    struct snapshot_service *service;
    uint32_t *index; /* 1 + number of a client; 0 = free */
    size_t mask;     /* places in the index - 1 */
    size_t room;     /* clients at most */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The client's own entry, or a new one; NULL when there is no room. */
static struct snapshot_client *place_for(struct gathering *gathering,
                                         const struct board_source_entry *entry)
{
    struct snapshot_service *service = gathering->service;

    for (size_t step = 0; step < MOST_STEPS; step++) {
        uint32_t *place = &gathering->index[(entry->hash + step) & gathering->mask];
        struct snapshot_client *client;

        if (*place == 0 && service->client_count == gathering->room)
            return NULL;
        if (*place == 0) {
            client = &service->clients[service->client_count++];
            client->address = entry->client;
            *place = (uint32_t)service->client_count;
            return client;
        }
        client = &service->clients[*place - 1];
        if (addr_equal(&client->address, &entry->client))
            return client;
    }
    return NULL;
}

static void add_entry(struct gathering *gathering, const struct board_source_entry *entry)
{
    struct snapshot_client *client = place_for(gathering, entry);

    if (client == NULL) {
        gathering->service->clients_left_out++;
        return;
    }
    for (unsigned i = 0; i < CONF_MAX_SPREAD; i++) {
        client->at[i] += entry->counts.at[i];
        client->total += entry->counts.at[i];
    }
}

static void gather_from(const struct board *board, unsigned worker, struct gathering *gathering)
{
    const unsigned slot = gathering->service->slot;
    uint32_t source = 0;

    while ((source = board_sources_next(board, worker, slot, source)) != 0) {
        struct board_source_entry entry;

        if (board_source_copy(board, worker, source, slot, &entry))
            add_entry(gathering, &entry);
    }
}

static void gather(const struct board *board, struct gathering *gathering)
{
    for (unsigned worker = 0; worker < board_master(board)->layout.workers; worker++)
        gather_from(board, worker, gathering);
}

/* IPv4 first; then as the bytes go. */
static int compare(const void *a, const void *b)
{
    const struct addr *one = &((const struct snapshot_client *)a)->address;
    const struct addr *other = &((const struct snapshot_client *)b)->address;
    int order = memcmp(one->ip, other->ip, sizeof(one->ip));

    if (one->family != other->family)
        return one->family < other->family ? -1 : 1;
    if (order != 0)
        return order;
    return (one->scope > other->scope) - (one->scope < other->scope);
}

/* How many clients there may be at all, as far as they are told apart. */
static size_t count_entries(const struct board *board)
{
    size_t entries = 0;

    for (unsigned worker = 0; worker < board_master(board)->layout.workers; worker++)
        entries += board_sources_fresh(board, worker);
    return least(entries, SNAPSHOT_MOST_CLIENTS);
}

int snapshot_copy_clients(const struct board *board, struct snapshot_service *service)
{
    struct gathering gathering = {.service = service, .mask = 1};

    if (!service->enabled || service->balance != BALANCE_SOURCE_SPREAD)
        return 0;
    gathering.room = count_entries(board);
    if (gathering.room == 0)
        return 0;
    while (gathering.mask + 1 < 2 * gathering.room)
        gathering.mask = 2 * gathering.mask + 1;
    service->clients = calloc(gathering.room, sizeof(*service->clients));
    gathering.index = calloc(gathering.mask + 1, sizeof(*gathering.index));
    if (service->clients == NULL || gathering.index == NULL) {
        free(gathering.index);
        return -1;
    }
    gather(board, &gathering);
    free(gathering.index);
    qsort(service->clients, service->client_count, sizeof(*service->clients), compare);
    return 0;
}
