#include "board/board_history.h"

#include <string.h>

#include "base/mono.h"
#include "board/board_map.h"
#include "board/board_writer.h"
#include "board/twin.h"

static uint64_t number_of(const struct board *board, unsigned slot)
{
    return atomic_load_explicit(&board_backend(board, slot)->number, memory_order_relaxed);
}

void board_history_copy(const struct board *board, unsigned slot, struct board_history *out)
{
    const struct board_history_record *record = &board_histories(board)[slot];

    twin_read(&record->sequence, record->copies, sizeof(*out), out);
    if (out->number != number_of(board, slot))
        memset(out, 0, sizeof(*out));
}

static void write_history(struct board *board, unsigned slot, const struct board_history *history)
{
    struct board_history_record *own = board_mine(board, &board_histories(board)[slot]);

    twin_write(&own->sequence, own->copies, sizeof(*history), history);
}

/* ---- health ---- */

static enum board_standing standing_of(enum board_health health)
{
    switch (health) {
    case BOARD_UP:
    case BOARD_SUSPECT:
        return BOARD_SEEN_GOOD;
    case BOARD_DOWN:
        return BOARD_SEEN_DOWN;
    case BOARD_UNCHECKED:
    case BOARD_BLOCKED:
        break;
    }
    return BOARD_NEVER_SEEN;
}

static void end_down_time(struct board_history *history, uint64_t now_ms)
{
    if (history->down_since_ms != 0 && now_ms > history->down_since_ms)
        history->down_ms += now_ms - history->down_since_ms;
    history->down_since_ms = 0;
}

/* The first standing of all is no transition. */
static void note_standing(struct board_history *history, enum board_standing standing)
{
    if (standing == history->standing)
        return;
    if (history->standing != BOARD_NEVER_SEEN) {
        history->transitions++;
        history->went_down += standing == BOARD_SEEN_DOWN;
    }
    history->standing = standing;
}

void board_note_history(struct board *board, unsigned backend, enum board_health health,
                        uint64_t now_ms)
{
    const enum board_standing standing = standing_of(health);
    struct board_history history;
    struct board_history before;

    board_history_copy(board, backend, &before);
    history = before;
    history.number = number_of(board, backend);
    if (standing != BOARD_NEVER_SEEN)
        note_standing(&history, standing);
    if (standing != BOARD_SEEN_DOWN)
        end_down_time(&history, now_ms);
    else if (history.down_since_ms == 0)
        history.down_since_ms = now_ms;
    if (memcmp(&history, &before, sizeof(history)) != 0)
        write_history(board, backend, &history);
}

void board_count_failed_check(struct board *board, unsigned backend)
{
    struct board_history history;

    board_history_copy(board, backend, &history);
    history.number = number_of(board, backend);
    history.checks_failed++;
    write_history(board, backend, &history);
}

/* ---- another board ---- */

void board_carry_history(struct board *board, unsigned backend, const struct board *before,
                         unsigned old, bool is_moved)
{
    struct board_history_record *record = board_writable(board, &board_histories(board)[backend]);
    struct board_history *history = &record->copies[0];

    board_history_copy(before, old, history);
    history->number = number_of(board, backend);
    if (is_moved)
        end_down_time(history, mono_ms());
}
