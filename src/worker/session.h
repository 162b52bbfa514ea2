/*
 * One connection from its accept to its end: a client's socket, a backend's, and a flow each way.
 * Every session has one end, session_end(), with one reason.
 */
#ifndef K0SLB_WORKER_SESSION_H
#define K0SLB_WORKER_SESSION_H

#include <stdint.h>

#include "base/list.h"
#include "worker/pump.h"
#include "worker/worker_state.h"

/* What the loop is asked to report of a session's sockets. */
#define SESSION_EVENTS (LOOP_READ | LOOP_WRITE | LOOP_RDHUP | LOOP_URGENT | LOOP_EDGE)

struct attempt;
struct replay;

enum session_state {
    SESSION_CONNECTING, /* no backend yet; the client's bytes stay in the kernel */
    SESSION_RELAYING,   /* both sockets are there; each flow ends by itself */
    SESSION_LEAVING,    /* over and counted; one side gets the last bytes: leave.h */
};

struct session {
    struct worker *worker;
    struct side client;
    struct side backend;
    struct flow in;          /* client to backend */
    struct flow out;         /* backend to client */
    struct list at_backend;  /* link in worker->at_backend[backend_slot], in worker->moved, or
                                among those that closing.c closes */
    struct list ready;       /* link in worker->ready while there is something to do in this turn */
    struct list idle;        /* link in the queue of its timeout, or in worker->leaving */
    struct list peers;       /* link in a queue of dead_peer.c, while SESSION_RELAYING */
    uint64_t moved_ms;       /* when a byte or a FIN moved last */
    uint64_t look_ms;        /* when its timeout is looked at next; leaving: when it ends at last */
    struct attempt *attempt; /* while SESSION_CONNECTING */
    struct replay *replay;   /* what may be replayed; NULL while nothing is kept */
    union {
        uint32_t peers_ms; /* relaying: when its peers were looked at last, the lower half */
        uint32_t left;     /* leaving: bytes that are still on their way */
    };
    union {
        uint32_t source;    /* its entry in the table of client addresses, or BOARD_NO_SOURCE */
        uint32_t discarded; /* leaving: bytes that came nevertheless */
    };
    uint16_t service_slot;
    uint16_t backend_slot; /* BOARD_NO_SLOT while none is chosen */
    uint8_t state;         /* enum session_state */
    uint8_t broken;        /* enum board_end: which side takes no more; BOARD_END_COUNT = neither */
    uint8_t first_end;     /* enum board_end: whose FIN came first; BOARD_END_COUNT = nobody's */
    bool is_logged;        /* a struct conn_record follows in memory: conn_log.h */
};

/*
 * Takes an accepted socket and begins to look for a backend. The session owns the descriptor, and
 * the claim that was made for it (limit.h), from here on, also when it comes to nothing at once.
 */
void session_begin(struct worker *worker, int client_fd, const struct addr *client,
                   const struct conf_service *service);

/* Closes an accepted socket that no session will have, with RST. */
void session_refuse(int client_fd);

/* The backend's socket is connected: bytes may flow. Called by connect.c. */
void session_connected(struct session *session);

/*
 * The backend has not answered, and may even have reset: it is counted out, what the flows hold is
 * dropped, and the session is connecting again. Its socket, which will be reset, is still open:
 * connect_again() takes it away. Called by replay.c.
 */
void session_give_up_backend(struct session *session, bool was_reset);

/* There is something to do for it in this turn, or in the next one. */
void session_wake(struct session *session);

/*
 * Ends it: counts, closes both sockets, frees. A session that did not end by itself is reset on
 * both sides, so that a cut transfer never looks complete.
 */
void session_end(struct session *session, enum board_end reason);

/*
 * Ends one that relays because one side is gone and has said so by RST, or by silence. The other
 * one still gets what came before that, then RST too: at once where everything has arrived.
 */
void session_lose(struct session *session, bool client_is_gone, enum board_end reason);

/* The last of a session that leaves: closes what is open, with RST if it says so, and frees. */
void session_free(struct session *session, bool with_reset);

/* Ends every session of this worker. */
void session_end_all(struct worker *worker, enum board_end reason);

#endif
