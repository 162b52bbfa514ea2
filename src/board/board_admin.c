#include "board/board_admin.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mono.h"
#include "board/board_map.h"

#define STATE_MASK  UINT64_C(0x3)
#define OVER_SHIFT  2
#define OVER_MASK   UINT64_C(0xfffff)
#define OVER_MS     100
#define SINCE_SHIFT 22
#define SINCE_MASK  (UINT64_MAX >> SINCE_SHIFT)

_Static_assert(BOARD_OVER_MOST_MS / OVER_MS <= OVER_MASK, "it fits");

/* ---- reading ---- */

static enum board_admin_state state_of(uint64_t word)
{
    return (enum board_admin_state)(word & STATE_MASK);
}

uint64_t board_admin_word(const struct board *board, unsigned slot)
{
    return atomic_load_explicit(board_admin_word_at(board, slot), memory_order_acquire);
}

enum board_admin_state board_admin(const struct board *board, unsigned slot)
{
    return state_of(atomic_load_explicit(board_admin_word_at(board, slot), memory_order_relaxed));
}

enum board_admin_state board_admin_self(const struct board *board)
{
    return board_admin(board, BOARD_SELF);
}

struct board_admin_act board_admin_act(const struct board *board, unsigned slot)
{
    uint64_t word = board_admin_word(board, slot);
    uint64_t who = atomic_load_explicit(board_admin_who_at(board, slot), memory_order_relaxed);
    uint64_t since_ms = word >> SINCE_SHIFT;

    return (struct board_admin_act){
        .state = state_of(word),
        .over_ms = (uint32_t)(word >> OVER_SHIFT & OVER_MASK) * OVER_MS,
        .since_ms = since_ms,
        .has_uid = since_ms != 0 && who >> 32 == (since_ms & UINT32_MAX),
        .uid = (uint32_t)who,
    };
}

/* ---- writing ---- */

static int map_admin(struct board *board, int fd)
{
    board->mine_at = board->layout.admin_at;
    board->mine_size = board->layout.checker_at - board->layout.admin_at;
    board->mine = segment_map(fd, board->mine_at, board->mine_size, 1);
    return board->mine == NULL ? -1 : 0;
}

struct board *board_open_admin(const char *name)
{
    struct board *board = board_new(name);
    int fd;
    int result;
    int error;

    if (board == NULL)
        return NULL;
    fd = segment_open_to_write(name);
    if (fd == -1)
        goto fail;
    result = board_map_all(board, fd);
    if (result == 0)
        result = map_admin(board, fd);
    error = errno;
    fd_close(&fd);
    errno = error;
    if (result == 0)
        return board;

fail:
    error = errno;
    board_close(board);
    errno = error;
    return NULL;
}

static uint64_t word_of(const struct board_admin_act *act, uint64_t since_ms)
{
    uint64_t over = act->state == BOARD_ADMIN_DRAIN ? act->over_ms : 0;

    over = (over + OVER_MS - 1) / OVER_MS;
    if (over > OVER_MASK)
        over = OVER_MASK;
    return (uint64_t)act->state | over << OVER_SHIFT | (since_ms & SINCE_MASK) << SINCE_SHIFT;
}

/* Each act is another word, also what is said again: that keeps its time but for a millisecond. */
static uint64_t next_since(uint64_t before, enum board_admin_state state)
{
    uint64_t last_ms = before >> SINCE_SHIFT;
    uint64_t now_ms = wall_ms();

    if (last_ms != 0 && state_of(before) == state && last_ms < now_ms)
        return last_ms + 1;
    return now_ms == last_ms ? now_ms + 1 : now_ms;
}

struct board_admin_change board_set_admin(struct board *board, unsigned slot,
                                          const struct board_admin_act *act)
{
    _Atomic uint64_t *word = board_mine(board, board_admin_word_at(board, slot));
    _Atomic uint64_t *who = board_mine(board, board_admin_who_at(board, slot));
    struct board_admin_change change = {
        .slot = slot, .before = atomic_load(word), .who_before = atomic_load(who)};
    uint64_t since_ms;

    do {
        since_ms = next_since(change.before, act->state);
        atomic_store(who, (since_ms & UINT32_MAX) << 32 | act->uid);
        change.after = word_of(act, since_ms);
    } while (!atomic_compare_exchange_strong(word, &change.before, change.after));
    atomic_thread_fence(memory_order_seq_cst);
    return change;
}

void board_take_back_admin(struct board *board, const struct board_admin_change *change)
{
    _Atomic uint64_t *word = board_mine(board, board_admin_word_at(board, change->slot));
    _Atomic uint64_t *who = board_mine(board, board_admin_who_at(board, change->slot));
    uint64_t now = change->after;

    if (atomic_load(word) != now)
        return;
    atomic_store(who, change->who_before);
    atomic_compare_exchange_strong(word, &now, change->before);
}
