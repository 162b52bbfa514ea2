#include "board/board_carry.h"

#include <string.h>

#include "board/board_history.h"
#include "board/board_map.h"
#include "board/board_master.h"

/* Everything behind `number` in a struct of counters is an array of such numbers, up to `size`. */
static void add_counters(void *sum, const void *more, size_t size)
{
    _Atomic uint64_t *to = sum;
    const _Atomic uint64_t *from = more;

    for (size_t i = 1; i < size / sizeof(*to); i++)
        atomic_fetch_add_explicit(&to[i], atomic_load_explicit(&from[i], memory_order_relaxed),
                                  memory_order_relaxed);
}

static const char *first_worker(const struct board *board)
{
    return board->all + board_worker_at(&board->layout, 0);
}

/* ---- by name ---- */

static unsigned find_service(const struct board *board, const char *name)
{
    for (unsigned i = 0; i < board->layout.services; i++) {
        const struct board_service *slot = board_service(board, i);

        if (atomic_load(&slot->state) == BOARD_SLOT_USED && strcmp(slot->name, name) == 0)
            return i;
    }
    return BOARD_NO_SLOT;
}

static unsigned find_backend(const struct board *board, unsigned service, const char *name)
{
    for (unsigned i = 0; i < board->layout.backends; i++) {
        const struct board_backend *slot = board_backend(board, i);

        if (atomic_load(&slot->state) == BOARD_SLOT_USED && slot->service == service &&
            strcmp(slot->name, name) == 0)
            return i;
    }
    return BOARD_NO_SLOT;
}

/* ---- what is carried ---- */

static void carry_service_totals(struct board *board, unsigned slot, const struct board *before,
                                 unsigned old)
{
    const size_t gauges = offsetof(struct board_service_counters, sessions);
    struct board_service_counters *sum =
        board_writable(board, &board_region_services(&board->layout, first_worker(board))[slot]);

    atomic_store(&sum->number, atomic_load(&board_service(board, slot)->number));
    for (unsigned w = 0; w < before->layout.workers; w++) {
        if (board_worker(before, w) != NULL)
            add_counters(sum, board_worker_service(before, w, old), gauges);
    }
}

static void carry_backend_totals(struct board *board, unsigned slot, const struct board *before,
                                 unsigned old)
{
    struct board_backend_counters *sum =
        board_writable(board, &board_region_backends(&board->layout, first_worker(board))[slot]);

    atomic_store(&sum->number, atomic_load(&board_backend(board, slot)->number));
    for (unsigned w = 0; w < before->layout.workers; w++) {
        if (board_worker(before, w) != NULL)
            add_counters(sum, board_worker_backend(before, w, old), sizeof(*sum));
    }
    /* Evidence is no counter; a new checker has seen none. */
    atomic_store(&sum->evidence, 0);
}

/* The highest values; the master has looked at the new ones before it counts the first second. */
static void carry_rate(struct board_rate *rate, const struct board_rate *before)
{
    atomic_store(&rate->per_second_max, atomic_load(&before->per_second_max));
    atomic_store(&rate->active_max, atomic_load(&before->active_max));
}

static void carry_outage(struct board_outage *outage, const struct board_outage *before)
{
    atomic_store(&outage->down_ms, atomic_load(&before->down_ms));
    atomic_store(&outage->seen_ms, atomic_load(&before->seen_ms));
    atomic_store(&outage->changed_ms, atomic_load(&before->changed_ms));
    atomic_store(&outage->standing, atomic_load(&before->standing));
    atomic_store(&outage->transitions, atomic_load(&before->transitions));
    atomic_store(&outage->went_down, atomic_load(&before->went_down));
}

static bool is_moved(const struct board *board, unsigned slot, const struct board *before,
                     unsigned old)
{
    struct addr now;
    struct addr then;

    return board_backend_address(board, slot, &now) == -1 ||
           board_backend_address(before, old, &then) == -1 || !addr_equal(&now, &then);
}

static void carry_health(struct board *board, unsigned slot, const struct board *before,
                         unsigned old)
{
    _Atomic uint64_t *word = board_writable(board, &board_health_words(board)[slot]);
    struct board_check_record *record = board_writable(board, &board_checks(board)[slot]);
    uint64_t life = atomic_load(&board_backend(board, slot)->life);

    if (is_moved(board, slot, before, old))
        return;
    /* What is to be closed is for the new checker to say again. */
    atomic_store(word, board_health_since(before, old) << 16 | (life & 0xff) << 8 |
                           (uint64_t)board_probed_health(before, old) |
                           (board_health_marks(before, old) & ~(unsigned)BOARD_MARK_CLOSE));
    board_check_copy(before, old, &record->copies[0]);
    record->copies[0].life = (uint32_t)life;
}

static void carry_backends(struct board *board, unsigned service, const struct board *before,
                           unsigned old_service)
{
    for (unsigned slot = 0; slot < board->layout.backends; slot++) {
        const struct board_backend *backend = board_backend(board, slot);
        unsigned old;

        if (atomic_load(&backend->state) != BOARD_SLOT_USED || backend->service != service)
            continue;
        old = find_backend(before, old_service, backend->name);
        if (old == BOARD_NO_SLOT)
            continue;
        carry_backend_totals(board, slot, before, old);
        carry_health(board, slot, before, old);
        carry_rate(&board_my_backend(board, slot)->rate, &board_backend(before, old)->rate);
        board_carry_history(board, slot, before, old, is_moved(board, slot, before, old));
    }
}

void board_carry(struct board *board, const struct board *before)
{
    board_carry_words(board, before);
    for (unsigned slot = 0; slot < board->layout.services; slot++) {
        const struct board_service *service = board_service(board, slot);
        unsigned old;

        if (atomic_load(&service->state) != BOARD_SLOT_USED)
            continue;
        old = find_service(before, service->name);
        if (old == BOARD_NO_SLOT)
            continue;
        carry_service_totals(board, slot, before, old);
        carry_rate(&board_my_service(board, slot)->rate, &board_service(before, old)->rate);
        carry_outage(&board_my_service(board, slot)->outage, &board_service(before, old)->outage);
        carry_backends(board, slot, before, old);
    }
}

/* ---- administrators' words ---- */

/*
 * Of a backend, or of the balancer itself, where both are BOARD_SELF. One that has been said to the
 * new board by now is left alone.
 */
static void carry_word(struct board *board, unsigned slot, const struct board *before, unsigned old)
{
    _Atomic uint64_t *word = board_writable(board, board_admin_word_at(board, slot));
    _Atomic uint64_t *who = board_writable(board, board_admin_who_at(board, slot));
    uint64_t now = atomic_load(word);

    if (board_admin_act(before, old).since_ms <= board_admin_act(board, slot).since_ms)
        return;
    atomic_store(who, atomic_load(board_admin_who_at(before, old)));
    atomic_compare_exchange_strong(word, &now, board_admin_word(before, old));
}

/* The slot of the same backend on the board before. */
static unsigned find_same(const struct board *board, unsigned slot, const struct board *before)
{
    const struct board_backend *backend = board_backend(board, slot);
    unsigned service;

    if (atomic_load(&backend->state) != BOARD_SLOT_USED)
        return BOARD_NO_SLOT;
    service = find_service(before, board_service(board, backend->service)->name);
    return service == BOARD_NO_SLOT ? BOARD_NO_SLOT : find_backend(before, service, backend->name);
}

void board_carry_words(struct board *board, const struct board *before)
{
    carry_word(board, BOARD_SELF, before, BOARD_SELF);
    for (unsigned slot = 0; slot < board->layout.backends; slot++) {
        unsigned old = find_same(board, slot, before);

        if (old != BOARD_NO_SLOT)
            carry_word(board, slot, before, old);
    }
}
