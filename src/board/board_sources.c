#include "board/board_sources.h"

#include <string.h>

#include "board/board_map.h"

/* Whose sessions: what stands in an entry. */
struct key {
    uint32_t owner; /* 1 + service slot */
    uint32_t ip[4];
    uint32_t scope;
};

#define OWNER_MASK 0xffffu
#define OWNER_STEP 0x10000u

/* A worker's table in this process's mapping. */
struct table {
    const struct board_source_table *top;
    const _Atomic uint32_t *heads;
    const struct board_source *entries; /* entry n is entries[n - 1] */
    uint32_t size;
};

/* A place in a chain, where a search has ended: `at` is an entry or 0. */
struct place {
    uint32_t at;
    uint32_t before; /* 0 = the chain's head */
    uint32_t steps;
};

static uint32_t load(const _Atomic uint32_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* ---- keys ---- */

/* ::ffff:0:0/96 */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static struct key key_of(unsigned service, const struct addr *client)
{
    struct key key = {.owner = service + 1, .scope = client->scope};
    uint8_t ip[16];

    memcpy(ip, mapped, sizeof(mapped));
    if (client->family == ADDR_IPV4)
        memcpy(ip + sizeof(mapped), client->ip, 4);
    else
        memcpy(ip, client->ip, sizeof(ip));
    memcpy(key.ip, ip, sizeof(ip));
    return key;
}

/* The last step of splitmix64: every bit of the result depends on every bit of the number. */
static uint64_t mix(uint64_t number)
{
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

static uint64_t hash_of(const struct board *board, const struct key *key)
{
    uint64_t hash = mix(board_master(board)->source_seed ^ key->owner);

    hash = mix(hash ^ ((uint64_t)key->ip[0] << 32 | key->ip[1]));
    hash = mix(hash ^ ((uint64_t)key->ip[2] << 32 | key->ip[3]));
    return mix(hash ^ key->scope);
}

static uint32_t chain_of(const struct board *board, const struct key *key)
{
    return (uint32_t)((hash_of(board, key) >> 32) * board->layout.sources >> 32);
}

static bool has_key(const struct board_source *entry, uint32_t owner, const struct key *key)
{
    return (owner & OWNER_MASK) == key->owner && load(&entry->scope) == key->scope &&
           load(&entry->ip[3]) == key->ip[3] && load(&entry->ip[2]) == key->ip[2] &&
           load(&entry->ip[1]) == key->ip[1] && load(&entry->ip[0]) == key->ip[0];
}

/* ---- a table ---- */

static bool open_table(const struct board *board, unsigned worker, struct table *table)
{
    uint64_t exists =
        atomic_load_explicit(&board_master(board)->table_exists, memory_order_acquire);
    const char *at =
        board->all + board_worker_at(&board->layout, worker) + board->layout.sources_at;

    if (!(exists >> worker & 1))
        return false;
    table->top = (const void *)at;
    at += sizeof(*table->top);
    table->heads = (const void *)at;
    table->size = board->layout.sources;
    at += table->size * sizeof(*table->heads);
    table->entries = (const void *)at;
    return true;
}

/* Another process may write meanwhile: nothing that is read decides how long this takes. */
static struct place find(const struct board *board, const struct table *table,
                         const struct key *key)
{
    struct place place = {
        .at = atomic_load_explicit(&table->heads[chain_of(board, key)], memory_order_acquire)};

    while (place.at != 0 && place.steps < BOARD_CHAIN_MOST) {
        const struct board_source *entry;

        if (place.at > table->size)
            break;
        entry = &table->entries[place.at - 1];
        if (has_key(entry, atomic_load_explicit(&entry->owner, memory_order_acquire), key))
            return place;
        place.before = place.at;
        place.at = atomic_load_explicit(&entry->next, memory_order_acquire);
        place.steps++;
    }
    place.at = 0;
    return place;
}

/* ---- the writer ---- */

static unsigned own_worker(const struct board *board)
{
    return (unsigned)((board->mine_at - board->layout.worker_at) / board->layout.worker_size);
}

static struct board_source *my_entry(const struct board *board, const struct table *table,
                                     uint32_t source)
{
    return board_mine(board, &table->entries[source - 1]);
}

/* An entry that is in no chain, or 0. */
static uint32_t take_free(const struct board *board, const struct table *table)
{
    struct board_source_table *top = board_mine(board, table->top);
    uint32_t source = load(&top->free);

    if (source != 0)
        store(&top->free, load(&my_entry(board, table, source)->next));
    else if (load(&top->fresh) < table->size)
        store(&top->fresh, source = load(&top->fresh) + 1);
    if (source != 0)
        store(&top->used, load(&top->used) + 1);
    return source;
}

/* Who sees the entry in its chain sees the whole of it. */
static uint32_t insert(const struct board *board, const struct table *table, const struct key *key)
{
    _Atomic uint32_t *head = board_mine(board, &table->heads[chain_of(board, key)]);
    uint32_t source = take_free(board, table);
    struct board_source *entry;

    if (source == 0)
        return BOARD_NO_SOURCE;
    entry = my_entry(board, table, source);
    for (unsigned i = 0; i < ARRAY_LEN(entry->ip); i++)
        store(&entry->ip[i], key->ip[i]);
    store(&entry->scope, key->scope);
    store(&entry->next, load(head));
    atomic_store_explicit(&entry->owner,
                          (load(&entry->owner) & ~OWNER_MASK) + OWNER_STEP + key->owner,
                          memory_order_release);
    atomic_store_explicit(head, source, memory_order_release);
    return source;
}

static void remove_entry(const struct board *board, const struct table *table, uint32_t source)
{
    struct board_source_table *top = board_mine(board, table->top);
    struct board_source *entry = my_entry(board, table, source);
    struct key key = {.owner = load(&entry->owner) & OWNER_MASK, .scope = load(&entry->scope)};
    struct place place;

    for (unsigned i = 0; i < ARRAY_LEN(key.ip); i++)
        key.ip[i] = load(&entry->ip[i]);
    place = find(board, table, &key);
    if (place.before == 0)
        store(board_mine(board, &table->heads[chain_of(board, &key)]), load(&entry->next));
    else
        store(&my_entry(board, table, place.before)->next, load(&entry->next));
    /* A reader that stands here goes on among the free ones, and ends there. */
    store(&entry->owner, load(&entry->owner) & ~OWNER_MASK);
    atomic_thread_fence(memory_order_release);
    store(&entry->next, load(&top->free));
    store(&top->free, source);
    store(&top->used, load(&top->used) - 1);
}

static _Atomic uint16_t *sessions_at(const struct board *board, struct board_source *entry,
                                     unsigned backend)
{
    return &entry->sessions[board_backend(board, backend)->ordinal % CONF_MAX_SPREAD];
}

static bool counts_nothing(const struct board_source *entry)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < CONF_MAX_SPREAD; i++)
        sum |= atomic_load_explicit(&entry->sessions[i], memory_order_relaxed);
    return sum == 0;
}

uint32_t board_source_begin(struct board *board, unsigned service, const struct addr *client,
                            unsigned backend)
{
    struct key key = key_of(service, client);
    struct place place;
    struct table table;
    _Atomic uint16_t *sessions;
    uint16_t before;

    if (!open_table(board, own_worker(board), &table))
        return BOARD_NO_SOURCE;
    place = find(board, &table, &key);
    if (place.at == 0 && place.steps < BOARD_CHAIN_MOST)
        place.at = insert(board, &table, &key);
    if (place.at == 0)
        return BOARD_NO_SOURCE;
    sessions = sessions_at(board, my_entry(board, &table, place.at), backend);
    before = atomic_load_explicit(sessions, memory_order_relaxed);
    if (before == UINT16_MAX)
        return BOARD_NO_SOURCE;
    atomic_store_explicit(sessions, (uint16_t)(before + 1), memory_order_release);
    return place.at;
}

void board_source_end(struct board *board, uint32_t source, unsigned backend)
{
    struct board_source *entry;
    _Atomic uint16_t *sessions;
    struct table table;

    if (source == BOARD_NO_SOURCE || !open_table(board, own_worker(board), &table))
        return;
    entry = my_entry(board, &table, source);
    sessions = sessions_at(board, entry, backend);
    atomic_store_explicit(sessions,
                          (uint16_t)(atomic_load_explicit(sessions, memory_order_relaxed) - 1),
                          memory_order_release);
    if (counts_nothing(entry))
        remove_entry(board, &table, source);
}

bool board_source_fits(const struct board *board, unsigned service, const struct addr *client)
{
    struct key key = key_of(service, client);
    struct table table;

    if (!open_table(board, own_worker(board), &table) || load(&table.top->used) < table.size)
        return true;
    return find(board, &table, &key).at != 0;
}

bool board_sources_have_room(const struct board *board)
{
    struct table table;

    return !open_table(board, own_worker(board), &table) ||
           load(&table.top->used) <= table.size - table.size / 8;
}

/* ---- everybody ---- */

/* An entry that has changed hands while it was read counts for nobody. */
static bool add_counts(const struct board_source *entry, const struct key *key,
                       struct board_source_counts *counts)
{
    uint32_t owner = atomic_load_explicit(&entry->owner, memory_order_acquire);
    uint16_t sessions[CONF_MAX_SPREAD];

    for (unsigned i = 0; i < CONF_MAX_SPREAD; i++)
        sessions[i] = atomic_load_explicit(&entry->sessions[i], memory_order_acquire);
    if (!has_key(entry, owner, key))
        return false;
    atomic_thread_fence(memory_order_acquire);
    if (load(&entry->owner) != owner)
        return false;
    for (unsigned i = 0; i < CONF_MAX_SPREAD; i++)
        counts->at[i] += sessions[i];
    return true;
}

void board_source_counts(const struct board *board, unsigned service, const struct addr *client,
                         struct board_source_counts *counts)
{
    struct key key = key_of(service, client);
    struct place place;
    struct table table;

    memset(counts, 0, sizeof(*counts));
    for (unsigned worker = 0; worker < board->layout.workers; worker++) {
        if (!open_table(board, worker, &table))
            continue;
        place = find(board, &table, &key);
        if (place.at != 0)
            (void)add_counts(&table.entries[place.at - 1], &key, counts);
    }
}

uint32_t board_source_total(const struct board *board, unsigned service, const struct addr *client)
{
    struct board_source_counts counts;
    uint32_t total = 0;

    board_source_counts(board, service, client, &counts);
    for (unsigned i = 0; i < CONF_MAX_SPREAD; i++)
        total += counts.at[i];
    return total;
}

/* ---- whole tables ---- */

static uint32_t fresh_of(const struct table *table)
{
    uint32_t fresh = load(&table->top->fresh);

    return fresh < table->size ? fresh : table->size;
}

uint32_t board_sources_fresh(const struct board *board, unsigned worker)
{
    struct table table;

    return open_table(board, worker, &table) ? fresh_of(&table) : 0;
}

uint32_t board_sources_next(const struct board *board, unsigned worker, unsigned service,
                            uint32_t source)
{
    struct table table;
    uint32_t fresh;

    if (!open_table(board, worker, &table) || load(&table.top->used) == 0)
        return 0;
    fresh = fresh_of(&table);
    for (; source < fresh; source++) {
        if ((load(&table.entries[source].owner) & OWNER_MASK) == service + 1)
            return source + 1;
    }
    return 0;
}

static struct addr client_of(const struct key *key)
{
    struct addr client = {.family = ADDR_IPV6, .scope = key->scope};

    memcpy(client.ip, key->ip, sizeof(client.ip));
    if (memcmp(client.ip, mapped, sizeof(mapped)) != 0)
        return client;
    client = (struct addr){.family = ADDR_IPV4};
    memcpy(client.ip, (const char *)key->ip + sizeof(mapped), 4);
    return client;
}

bool board_source_copy(const struct board *board, unsigned worker, uint32_t source,
                       unsigned service, struct board_source_entry *out)
{
    const struct board_source *entry;
    struct key key = {.owner = service + 1};
    struct table table;

    if (!open_table(board, worker, &table) || source == 0 || source > table.size)
        return false;
    entry = &table.entries[source - 1];
    if ((atomic_load_explicit(&entry->owner, memory_order_acquire) & OWNER_MASK) != key.owner ||
        counts_nothing(entry))
        return false;
    for (unsigned i = 0; i < ARRAY_LEN(key.ip); i++)
        key.ip[i] = load(&entry->ip[i]);
    key.scope = load(&entry->scope);
    out->client = client_of(&key);
    out->hash = hash_of(board, &key);
    memset(&out->counts, 0, sizeof(out->counts));
    return add_counts(entry, &key, &out->counts);
}
