/* What a new board takes over from that of a master that died or stepped down. */
#ifndef K0SLB_BOARD_BOARD_CARRY_H
#define K0SLB_BOARD_BOARD_CARRY_H

#include "board/board.h"

/*
 * Copies, for every service and backend that both boards have by name: totals (into the first
 * worker slot, which must be allocated and have no worker), highest values, histories, admin words,
 * and the health of backends at the same address. For the master, before its first fork.
 */
void board_carry(struct board *board, const struct board *before);

/*
 * Copies administrators' words alone, where the one on the earlier board is newer: once more when
 * readers find the new board, so that nothing is lost that was said to the earlier one meanwhile.
 */
void board_carry_words(struct board *board, const struct board *before);

#endif
