/*
 * The board for the children that write on it. Each part says which process may call it; the region
 * of anyone else is mapped read-only there, so a mistake is a fault and not a lie.
 */
#ifndef K0SLB_BOARD_BOARD_WRITER_H
#define K0SLB_BOARD_BOARD_WRITER_H

#include <stdint.h>

#include "base/defs.h"
#include "board/board.h"

/* ---- a child, once, right after the fork ---- */

/*
 * Maps the board anew: all of it read-only, the region of that role (and worker slot) read-write,
 * for a worker the tickets too; closes the descriptors it came from. Returns 0, or -1 with errno
 * of mmap(2). The master's mapping is not inherited.
 */
int board_enter(struct board *board, enum board_role role, unsigned slot) MUST_CHECK;

/* ---- the checker ---- */

struct board_checker *board_my_checker(struct board *board);

/*
 * Sets the health word of a backend, as judged in that life (board_backend_life(), asked before
 * the address): in another one it means nothing. `health` is what the probes say, never
 * BOARD_BLOCKED, which is a mark; `marks` are bits of enum board_mark. `since` is kept when the
 * health does not change; the backend's history goes on with it. Returns whether the word is
 * another one now.
 */
bool board_set_health(struct board *board, unsigned backend, uint32_t life,
                      enum board_health health, unsigned marks, uint64_t now_ms);

/* Publishes the whole of a backend's last check, or certificate; both have its life in them. */
void board_set_check(struct board *board, unsigned backend, const struct board_check *check);
void board_set_certificate(struct board *board, unsigned backend,
                           const struct board_certificate *certificate);

/* Counts a probe with a bad result in the backend's history. */
void board_count_failed_check(struct board *board, unsigned backend);

/* Publishes all warnings of the checker in place of those before. */
void board_set_warnings(struct board *board, const struct board_warnings *warnings);

/* ---- a worker ---- */

struct board_worker *board_my_worker(struct board *board);
struct board_backend_counters *board_my_backend_counters(struct board *board, unsigned backend);
struct board_service_counters *board_my_service_counters(struct board *board, unsigned service);

/*
 * Makes the counters of a slot those of its present owner: zeroes what an earlier owner left, and
 * keeps what this owner's earlier workers counted. For each slot of an epoch, before it is used.
 */
void board_adopt_backend(struct board *board, unsigned backend);
void board_adopt_service(struct board *board, unsigned service);

/* Adds to a counter that only this process writes: a relaxed load and store. */
static inline void board_count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* One session more, or less, at a backend. */
void board_session_begin(struct board *board, unsigned backend);
void board_session_end(struct board *board, unsigned backend);

/* Notes what speaks against a backend. The caller then writes the checker's eventfd. */
void board_add_evidence(struct board *board, unsigned backend, enum board_evidence_kind kind);

/* Takes the next round-robin ticket of a service: 0, 1, 2 … over all workers. */
uint64_t board_take_ticket(struct board *board, unsigned service);

#endif
