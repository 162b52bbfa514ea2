/*
 * The board for the master: making it, slots and addresses, who is here, events. Only the master
 * calls these; board_writer.h is for its children.
 */
#ifndef K0SLB_BOARD_BOARD_MASTER_H
#define K0SLB_BOARD_BOARD_MASTER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/defs.h"
#include "board/board.h"
#include "conf/epoch.h"

struct board_plan {
    const char *name;
    unsigned services; /* in the configuration; slots are made for four times as many */
    unsigned backends;
    unsigned workers; /* in the configuration; three slots are made for each */
    unsigned sources; /* that each worker can tell apart; 0 = 8192 */
    gid_t group;      /* may read it; (gid_t)-1 = leave it */
};

/*
 * Makes the board under a temporary name; readers do not see it before board_publish(). The caller
 * holds the instance lock. Returns NULL with errno: ENOSPC when /dev/shm has no room for it, EPERM
 * when another user's segment has the name and the caller is not root.
 */
struct board *board_create(const struct board_plan *plan) MUST_CHECK;

/* Renames it over /dev/shm/NAME. 0, or -1 with errno of rename(2). */
int board_publish(struct board *board) MUST_CHECK;

/* Removes a board that was never published. */
void board_discard(struct board *board);

/* Removes the name from /dev/shm. Mappings stay. */
void board_unlink(const struct board *board);

/*
 * The slot of a service, or of a backend of a service, by its identity: the one that has it
 * already, else a free one, which is then reserved. BOARD_NO_SLOT when the board is full. Changes
 * nothing that anyone uses or is shown.
 */
unsigned board_reserve_service(struct board *board, const char *name);
unsigned board_reserve_backend(struct board *board, unsigned service_slot, const char *name);

/* Undoes every reservation that has not been published. */
void board_unreserve(struct board *board);

/* Shows a service, or a backend, in its reserved or used slot as the configuration now has it. */
void board_publish_service(struct board *board, const struct conf_service *service);
void board_publish_backend(struct board *board, unsigned service_slot,
                           const struct conf_backend *backend);

/* Shows which service another one requires, by slots; BOARD_NO_SLOT = none. */
void board_publish_required(struct board *board, unsigned service_slot, unsigned required_slot);

/*
 * What is used and not in the epoch becomes removed; what is removed and has no session left in
 * any worker becomes free. Only when every worker has the epoch.
 */
void board_retire(struct board *board, const struct epoch *epoch);

/*
 * Publishes where a backend is: the host name that the configuration has and the address that it
 * resolved to (ADDR_NONE and the port until it has), or "" and a literal address. Another address
 * than before begins a new life: its health is unchecked until somebody has looked.
 */
void board_set_place(struct board *board, unsigned backend, const char *host,
                     const struct addr *address);

/* The same with the host name as it is: a name has been resolved anew. */
void board_set_address(struct board *board, unsigned backend, const struct addr *address);

/*
 * Forgets all sockets but those with these inodes. Notes a socket that listens (its inode from
 * fstat(2)), or what is new about one that is noted. A master may die at any moment: each that
 * listens has to be found here, so the new ones are noted first.
 */
void board_keep_sockets(struct board *board, const uint64_t *inodes, size_t count);
void board_add_socket(struct board *board, const struct addr *address, unsigned service_slot,
                      uint64_t inode);

/*
 * Notes a living child, or one that an earlier master left, and that it is gone. A child takes the
 * place of an orphan where none is free; an orphan that finds none is not noted.
 */
void board_add_child(struct board *board, pid_t pid, uint64_t start_time, enum board_role role,
                     unsigned slot);
void board_add_orphan(struct board *board, pid_t pid, uint64_t start_time, enum board_role role);
void board_remove_child(struct board *board, pid_t pid);
void board_remove_orphan(struct board *board, pid_t pid);

/*
 * Allocates the region of a worker slot (posix_fallocate(3)) before its first fork, with a table of
 * client addresses where they are wanted. Returns 0, or -1 with errno ENOSPC.
 */
int board_allocate_worker(struct board *board, unsigned worker) MUST_CHECK;

/*
 * From now on each region has a table of client addresses, those that are there already included:
 * before a worker has an epoch that counts them. Returns 0, or -1 with errno ENOSPC.
 */
int board_want_sources(struct board *board) MUST_CHECK;

/*
 * Between reap and fork, when the slot has no worker: zeroes its gauges and its table of client
 * addresses. Totals stay, for the next worker to go on from.
 */
void board_clear_worker(struct board *board, unsigned worker);

/* Writes one line into the ring of events. */
void board_event(struct board *board, const char *format, ...) PRINTF_LIKE(2, 3);

/* Publishes the one warning that the master may have; NULL = it has none (any more). */
void board_set_master_warning(struct board *board, const struct board_warning *warning);

/* The master's own region, to write. */
struct board_master *board_my_master(struct board *board);
struct board_service *board_my_service(struct board *board, unsigned slot);
struct board_backend *board_my_backend(struct board *board, unsigned slot);

#endif
