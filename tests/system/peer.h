/*
 * Backends to play with: a listening socket, a thread that accepts, a thread for each session that
 * follows a script. A session without a byte from the other side is a probe and is not counted.
 */
#ifndef K0SLB_TESTS_SYSTEM_PEER_H
#define K0SLB_TESTS_SYSTEM_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

struct peer;

struct peer_session {
    struct peer *peer;
    int fd;       /* non-blocking */
    bool reset;   /* set by a script: end with RST instead of FIN */
    bool counted; /* among the peer's served ones */
};

/* What a backend does with one session; the socket is closed after it. */
typedef void peer_script(struct peer_session *session);

struct peer {
    struct addr address;
    peer_script *script;
    uint64_t amount; /* bytes, for the scripts that need a number */

    _Atomic uint64_t served; /* sessions that brought a byte */
    _Atomic uint64_t sent;
    _Atomic uint64_t received;
    _Atomic uint64_t whole; /* sessions that came to the script's end as they should */
    _Atomic uint64_t bad;   /* sessions with a wrong byte in them */

    int listen_fd; /* -1 while the port is closed */
    int stop_fd;   /* eventfd: readable = everything ends */
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    unsigned sessions; /* threads; under the lock */
};

/* Listens at 127.0.0.1, on a port that the kernel chooses. Returns 0, or -1 with errno. */
int peer_open(struct peer *peer, peer_script *script, uint64_t amount) MUST_CHECK;

/* The same at that address; with port 0 the kernel chooses, and peer->address has it. */
int peer_open_at(struct peer *peer, const struct addr *address, peer_script *script,
                 uint64_t amount) MUST_CHECK;

/* Dies: the port is closed and every session is reset. May be called again. */
void peer_close(struct peer *peer);

/* Closes the port alone: sessions go on, and say what their script says. peer_close() follows. */
void peer_shut(struct peer *peer);

/* Comes back at the same address. Returns 0, or -1 with errno. */
int peer_reopen(struct peer *peer) MUST_CHECK;

/* For scripts: until when a session may wait for anything, by mono_ms(). */
uint64_t peer_deadline(void);

/* For scripts: this session has brought a byte. */
void peer_count(struct peer_session *session);

/* An address where nothing answers a SYN: a listening socket whose queue is full. */
struct blackhole {
    struct addr address;
    int listen_fd;
    int fill_fd[8];
};

/* Returns 0, or -1 when this kernel still answers there. */
int blackhole_open(struct blackhole *hole) MUST_CHECK;
void blackhole_close(struct blackhole *hole);

/* A non-blocking listening socket; *address gets the port. -1 with errno. */
int listen_at(struct addr *address, int backlog) MUST_CHECK;

#endif
