/*
 * What a master that died, or stepped down, has left: children that go on serving, and in their
 * hands the listening sockets. A new start takes the sockets, carries over what the old board
 * knows, and lets the orphans finish.
 */
#ifndef K0SLB_MASTER_TAKEOVER_H
#define K0SLB_MASTER_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/board.h"
#include "conf/epoch.h"
#include "master/listeners.h"

struct orphan {
    pid_t pid; /* 0 once it has ended */
    uint64_t start_time;
    enum board_role role;
};

struct takeover {
    struct orphan orphans[BOARD_MAX_CHILDREN];
    unsigned count;
    bool is_released;               /* they have been told to finish */
    struct listeners_before before; /* sockets taken from them */
    struct board_prefix prefix;     /* of their board, as it was found */
    struct board *board;            /* theirs, while it is carried over; NULL if unreadable */
};

/*
 * Looks for a dead master's board of that name and takes every listening socket that an orphan
 * still has. The caller holds the instance lock. Finding nothing is no error.
 */
void takeover_find(struct takeover *takeover, const char *name);

/*
 * Where the kernel does not let sockets be taken, those who have them have to close them first:
 * tells the orphans to finish, and waits until they listen no more, at most 2 s. Connections that
 * come in between are refused.
 */
void takeover_make_room(struct takeover *takeover);

/* Whether the orphans have a socket that the epoch needs, or needs gone, and that was not taken. */
bool takeover_lacks_sockets(const struct takeover *takeover, const struct epoch *epoch);

/*
 * Ends the sockets that were taken and cannot be there together with the epoch's listeners: the
 * same port with another address, one of the two being any address.
 */
void takeover_vacate(struct takeover *takeover, const struct epoch *epoch);

/* Copies totals, health and admin words, and lists the orphans. Before the first fork. */
void takeover_carry(struct takeover *takeover, struct board *board);

/* Copies what administrators have said to the old board since: when the new one has its name. */
void takeover_carry_words(const struct takeover *takeover, struct board *board);

/* Tells the orphans to stop accepting, finish and leave. Once. */
void takeover_release(struct takeover *takeover);

/* Forgets who has ended; once a second. Returns how many are left. */
unsigned takeover_look(struct takeover *takeover, struct board *board);

/* Sends a signal to every orphan that lives. */
void takeover_signal(const struct takeover *takeover, int signal);

/* Closes sockets that were taken and are in nobody's table, and the old board. */
void takeover_close(struct takeover *takeover);

#endif
