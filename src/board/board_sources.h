/*
 * The tables of client addresses: how many sessions each client has at each backend of a service.
 * Each worker keeps its own, in its region of the board; everybody may read all of them, at any
 * moment, without waiting for anyone: struct board_source in board-t.h.
 */
#ifndef K0SLB_BOARD_BOARD_SOURCES_H
#define K0SLB_BOARD_BOARD_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "board/board.h"

/* No entry: the session is not counted in the table. */
#define BOARD_NO_SOURCE 0

/* ---- the worker whose table it is ---- */

/*
 * Counts one session more of that client (its port does not matter) at a backend of the service.
 * Returns the entry, for board_source_end(); BOARD_NO_SOURCE when there is no room, or no table.
 */
uint32_t board_source_begin(struct board *board, unsigned service, const struct addr *client,
                            unsigned backend) MUST_CHECK;

/* Takes back what board_source_begin() has counted, once. */
void board_source_end(struct board *board, uint32_t source, unsigned backend);

/* Whether board_source_begin() would find room for that client; true without a table. */
bool board_source_fits(const struct board *board, unsigned service, const struct addr *client);

/* Whether an eighth of the table is free. */
bool board_sources_have_room(const struct board *board);

/* ---- everybody ---- */

/* By the ordinals of the service's backends. */
struct board_source_counts {
    uint32_t at[CONF_MAX_SPREAD];
};

/*
 * The sessions of a client at the backends of a service, those of all workers together. While an
 * entry changes hands some may be missed.
 */
void board_source_counts(const struct board *board, unsigned service, const struct addr *client,
                         struct board_source_counts *counts);

/* The same at all backends of the service together. */
uint32_t board_source_total(const struct board *board, unsigned service, const struct addr *client);

/* ---- whole tables ---- */

/* What one entry of a table says. */
struct board_source_entry {
    struct addr client; /* port 0; an IPv4-mapped address is IPv4 */
    uint64_t hash;      /* of the address, which no client can aim at */
    struct board_source_counts counts;
};

/* The entries of a worker's table are 1 to this; 0 = it has no table. Bounded, whatever it says. */
uint32_t board_sources_fresh(const struct board *board, unsigned worker);

/*
 * The next entry of a service behind that one, which is 0 for the first; 0 = there is none. Most of
 * a table may be free, or of others, for ever after so many clients have been there at once.
 */
uint32_t board_sources_next(const struct board *board, unsigned worker, unsigned service,
                            uint32_t source);

/*
 * Copies an entry. False when it is of another service, or counts nothing, or has changed hands
 * meanwhile.
 */
bool board_source_copy(const struct board *board, unsigned worker, uint32_t source,
                       unsigned service, struct board_source_entry *out);

#endif
