/* How backends' histories are written; for the board's own files, in the checker or for it. */
#ifndef K0SLB_BOARD_BOARD_HISTORY_H
#define K0SLB_BOARD_BOARD_HISTORY_H

#include <stdint.h>

#include "board/board.h"

/*
 * Takes the health that a backend has from now on, in the checker. What was written of the slot's
 * earlier owner is forgotten. Unchecked ends a time of being down, and is no news else: the health
 * before it and the one after it are compared.
 */
void board_note_history(struct board *board, unsigned backend, enum board_health health,
                        uint64_t now_ms);

/*
 * Puts the history of a backend of an earlier board into a new one, where nobody has written it;
 * one at another address now is not down any more. For the master before its first fork.
 */
void board_carry_history(struct board *board, unsigned backend, const struct board *before,
                         unsigned old, bool is_moved);

#endif
