#include "board/board_master.h"

#include <stdio.h>
#include <string.h>

#include "board/board_map.h"

static uint64_t next_number(struct board *board)
{
    return ++board_my_master(board)->numbers;
}

/* ---- by identity ---- */

static unsigned find_service(struct board *board, const char *name, unsigned *free_slot)
{
    *free_slot = BOARD_NO_SLOT;
    for (unsigned i = 0; i < board->layout.services; i++) {
        const struct board_service *slot = board_my_service(board, i);

        if (atomic_load(&slot->state) == BOARD_SLOT_FREE) {
            if (*free_slot == BOARD_NO_SLOT)
                *free_slot = i;
        } else if (strcmp(slot->name, name) == 0) {
            return i;
        }
    }
    return BOARD_NO_SLOT;
}

static unsigned find_backend(struct board *board, unsigned service, const char *name,
                             unsigned *free_slot)
{
    *free_slot = BOARD_NO_SLOT;
    for (unsigned i = 0; i < board->layout.backends; i++) {
        const struct board_backend *slot = board_my_backend(board, i);

        if (atomic_load(&slot->state) == BOARD_SLOT_FREE) {
            if (*free_slot == BOARD_NO_SLOT)
                *free_slot = i;
        } else if (slot->service == service && strcmp(slot->name, name) == 0) {
            return i;
        }
    }
    return BOARD_NO_SLOT;
}

unsigned board_reserve_service(struct board *board, const char *name)
{
    unsigned free_slot;
    unsigned found = find_service(board, name, &free_slot);
    struct board_service *slot;

    if (found != BOARD_NO_SLOT || free_slot == BOARD_NO_SLOT)
        return found;
    slot = board_my_service(board, free_slot);
    snprintf(slot->name, sizeof(slot->name), "%s", name);
    memset(&slot->rate, 0, sizeof(slot->rate));
    memset(&slot->outage, 0, sizeof(slot->outage));
    atomic_store(&slot->number, next_number(board));
    atomic_store_explicit(&slot->state, BOARD_SLOT_RESERVED, memory_order_release);
    return free_slot;
}

/*
 * The lowest that no other backend of the service has, those included whose last sessions still go
 * on. Beyond CONF_MAX_SPREAD backends some share one: their sessions are told apart by nobody.
 */
static uint16_t free_ordinal(struct board *board, unsigned service, unsigned slot)
{
    uint32_t taken = 0;
    uint16_t ordinal = 0;

    for (unsigned i = 0; i < board->layout.backends; i++) {
        const struct board_backend *other = board_my_backend(board, i);

        if (i != slot && atomic_load(&other->state) != BOARD_SLOT_FREE && other->service == service)
            taken |= UINT32_C(1) << other->ordinal;
    }
    while (taken >> ordinal & 1)
        ordinal++;
    return ordinal < CONF_MAX_SPREAD ? ordinal : (uint16_t)(slot % CONF_MAX_SPREAD);
}

/* What was said about the last owner of a slot is not about the next one: about one of the same
 * name that a reload has taken away, and another one brings back, neither. */
static void forget_admin(struct board *board, unsigned slot)
{
    _Atomic uint64_t *word = board_writable(board, board_admin_word_at(board, slot));

    atomic_store_explicit(word, 0, memory_order_relaxed);
}

unsigned board_reserve_backend(struct board *board, unsigned service_slot, const char *name)
{
    unsigned free_slot;
    unsigned found = find_backend(board, service_slot, name, &free_slot);
    struct board_backend *slot;

    if (found != BOARD_NO_SLOT &&
        atomic_load(&board_my_backend(board, found)->state) == BOARD_SLOT_REMOVED)
        forget_admin(board, found);
    if (found != BOARD_NO_SLOT || free_slot == BOARD_NO_SLOT)
        return found;
    slot = board_my_backend(board, free_slot);
    snprintf(slot->name, sizeof(slot->name), "%s", name);
    slot->service = (uint16_t)service_slot;
    slot->ordinal = free_ordinal(board, service_slot, free_slot);
    memset(&slot->rate, 0, sizeof(slot->rate));
    atomic_store(&slot->number, next_number(board));
    atomic_fetch_add(&slot->life, 1);
    forget_admin(board, free_slot);
    atomic_store_explicit(&slot->state, BOARD_SLOT_RESERVED, memory_order_release);
    return free_slot;
}

void board_unreserve(struct board *board)
{
    for (unsigned i = 0; i < board->layout.services; i++) {
        uint32_t reserved = BOARD_SLOT_RESERVED;

        atomic_compare_exchange_strong(&board_my_service(board, i)->state, &reserved,
                                       BOARD_SLOT_FREE);
    }
    for (unsigned i = 0; i < board->layout.backends; i++) {
        uint32_t reserved = BOARD_SLOT_RESERVED;

        atomic_compare_exchange_strong(&board_my_backend(board, i)->state, &reserved,
                                       BOARD_SLOT_FREE);
    }
}

/* ---- what readers are shown ---- */

void board_publish_service(struct board *board, const struct conf_service *service)
{
    struct board_service *slot = board_my_service(board, service->slot);

    slot->enabled = service->enabled;
    slot->balance = service->balance;
    slot->check = service->check;
    atomic_store_explicit(&slot->state, BOARD_SLOT_USED, memory_order_release);
}

void board_publish_backend(struct board *board, unsigned service_slot,
                           const struct conf_backend *backend)
{
    struct board_backend *slot = board_my_backend(board, backend->slot);

    slot->service = (uint16_t)service_slot;
    atomic_store(&slot->weight, backend->weight);
    atomic_store(&slot->backup, backend->backup);
    atomic_store_explicit(&slot->state, BOARD_SLOT_USED, memory_order_release);
}

void board_publish_required(struct board *board, unsigned service_slot, unsigned required_slot)
{
    atomic_store(&board_my_service(board, service_slot)->required,
                 required_slot == BOARD_NO_SLOT ? 0 : required_slot + 1);
}

/* ---- what is no longer wanted ---- */

static void retire_backend(struct board *board, unsigned i, bool is_wanted)
{
    struct board_backend *slot = board_my_backend(board, i);

    if (atomic_load(&slot->state) == BOARD_SLOT_USED && !is_wanted)
        atomic_store(&slot->state, BOARD_SLOT_REMOVED);
    if (atomic_load(&slot->state) == BOARD_SLOT_REMOVED && board_active(board, i) == 0)
        atomic_store(&slot->state, BOARD_SLOT_FREE);
}

static bool has_backends(struct board *board, unsigned service)
{
    for (unsigned i = 0; i < board->layout.backends; i++) {
        const struct board_backend *slot = board_my_backend(board, i);

        if (atomic_load(&slot->state) != BOARD_SLOT_FREE && slot->service == service)
            return true;
    }
    return false;
}

/* Those included that no backend has any more, or not yet. */
static bool has_sessions(const struct board *board, unsigned service)
{
    for (unsigned worker = 0; worker < board->layout.workers; worker++) {
        if (board_worker(board, worker) != NULL &&
            atomic_load(&board_worker_service(board, worker, service)->sessions) != 0)
            return true;
    }
    return false;
}

static void retire_service(struct board *board, unsigned i, bool is_wanted)
{
    struct board_service *slot = board_my_service(board, i);

    if (atomic_load(&slot->state) == BOARD_SLOT_USED && !is_wanted)
        atomic_store(&slot->state, BOARD_SLOT_REMOVED);
    if (atomic_load(&slot->state) == BOARD_SLOT_REMOVED && !has_backends(board, i) &&
        !has_sessions(board, i))
        atomic_store(&slot->state, BOARD_SLOT_FREE);
}

void board_retire(struct board *board, const struct epoch *epoch)
{
    for (unsigned i = 0; i < board->layout.backends; i++)
        retire_backend(board, i, epoch_backend_by_slot(epoch, i) != NULL);
    for (unsigned i = 0; i < board->layout.services; i++)
        retire_service(board, i, epoch_service_by_slot(epoch, i) != NULL);
}

/* ---- addresses ---- */

static void store_words(_Atomic uint64_t *to, const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t word;

        memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
        atomic_store_explicit(&to[i], word, memory_order_relaxed);
    }
}

static void store_place(struct board_address *own, const char host[CONF_HOST_SIZE],
                        const struct addr *address)
{
    uint32_t next = atomic_load_explicit(&own->sequence, memory_order_relaxed) + 1;

    /* Who sees anything of this writing sees the end of the one before, and looks again. */
    atomic_thread_fence(memory_order_release);
    store_words(own->words[next % 2], address, BOARD_ADDRESS_WORDS);
    store_words(own->host[next % 2], host, BOARD_HOST_WORDS);
    atomic_store_explicit(&own->sequence, next, memory_order_release);
}

static bool has_address(const struct board *board, unsigned backend, const struct addr *address)
{
    struct addr now;
    bool is_one = board_backend_address(board, backend, &now) == 0;

    return is_one == (address->family != ADDR_NONE) && addr_equal(&now, address);
}

void board_set_place(struct board *board, unsigned backend, const char *host,
                     const struct addr *address)
{
    struct board_backend *slot = board_my_backend(board, backend);
    char host_before[CONF_HOST_SIZE];
    char padded[CONF_HOST_SIZE] = "";
    bool is_new = !has_address(board, backend, address);

    board_backend_host(board, backend, host_before);
    if (!is_new && strcmp(host_before, host) == 0)
        return;
    snprintf(padded, sizeof(padded), "%s", host);
    store_place(&slot->address, padded, address);
    if (is_new)
        atomic_fetch_add(&slot->life, 1);
}

void board_set_address(struct board *board, unsigned backend, const struct addr *address)
{
    char host[CONF_HOST_SIZE];

    board_backend_host(board, backend, host);
    board_set_place(board, backend, host, address);
}
