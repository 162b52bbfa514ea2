/*
 * The board for administrators: `k0slbctl drain`, `ready` and `maint`, run by root or by the user
 * who owns the segment. Several may write at once: each word is changed by compare-and-swap.
 */
#ifndef K0SLB_BOARD_BOARD_ADMIN_H
#define K0SLB_BOARD_BOARD_ADMIN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"
#include "board/board.h"

/* The longest time that a word can hold. */
#define BOARD_OVER_MOST_MS (24 * 3600 * 1000)

/*
 * Maps the board of an instance read-only, and the region of admin words to write. Returns NULL
 * with errno of board_open(); EACCES also for those who may only read. Free with board_close().
 */
struct board *board_open_admin(const char *name) MUST_CHECK;

/* A word that has been changed, to be put back. */
struct board_admin_change {
    unsigned slot;
    uint64_t before;
    uint64_t who_before;
    uint64_t after;
};

/*
 * Says it of a backend, or of BOARD_SELF: `state`, `uid`, and over_ms of a drain, which is taken in
 * tenths of a second, rounded up. Since when is now; where the same state is said again, as it was,
 * but for a millisecond, so that each act is another word. What others write at the same time is
 * seen by whoever reads after this call, on one side at least.
 */
struct board_admin_change board_set_admin(struct board *board, unsigned slot,
                                          const struct board_admin_act *act);

/* Puts back what was there, unless somebody has written something else since. */
void board_take_back_admin(struct board *board, const struct board_admin_change *change);

#endif
