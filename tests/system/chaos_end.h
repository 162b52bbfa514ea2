/*
 * One end of a session in the chaos: a client's or a backend's socket, with a conduct of its own.
 * chaos.c starts them; what each did and saw is noted in the crossing of the session.
 */
#ifndef K0SLB_TESTS_SYSTEM_CHAOS_END_H
#define K0SLB_TESTS_SYSTEM_CHAOS_END_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/rng.h"

#include "system/chaos.h"
#include "system/tagged.h"

#define CHAOS_UNKNOWN UINT32_MAX

#define CHAOS_SMALL_BUFFER 4096

/* How an end that does not stay to the end leaves. */
enum chaos_abort {
    CHAOS_STAYS,
    CHAOS_RESETS,
    CHAOS_VANISHES,   /* close(2), whatever is unread */
    CHAOS_HALF_RESETS /* FIN, and a while later RST */
};

/* What an end means to do. */
struct chaos_conduct {
    uint32_t to_send;  /* bytes */
    uint32_t chunk;    /* the most of one send(2) */
    uint32_t bite;     /* the most of one recv(2) */
    uint32_t abort_at; /* when so many bytes have passed, either way */
    uint32_t life_ms;  /* and at the latest after so long; 0 = no bound */
    uint16_t buffer;   /* SO_SNDBUF and SO_RCVBUF; 0 = the kernel's */
    uint8_t pauses;    /* how many it makes at most */
    uint8_t pause_ms;  /* how long each is at most */
    uint8_t abort;     /* enum chaos_abort */
    bool is_urgent;    /* marks bytes as urgent */
    bool is_deaf;      /* never reads */
    bool is_mute;      /* sends nothing, not even FIN */
    bool waits;        /* its FIN comes after the other one's */
};

/* What it did, and what it saw of the other one. */
struct chaos_seen {
    uint32_t sent;
    uint32_t received;
    bool is_here; /* it exists, or did */
    bool is_over;
    bool fin_sent;
    bool fin_seen;
    bool reset_seen;
    bool has_reset;   /* with RST, on purpose */
    bool has_aborted; /* left in any way but FIN after FIN */
    bool is_wrong;    /* a byte did not belong there */
};

/* A session, from the side of its peers. */
struct chaos_crossing {
    struct chaos_conduct backend_conduct; /* once the backend knows which session this is */
    struct chaos_seen client;
    struct chaos_seen backend;
    uint32_t to_send;     /* by the client */
    uint16_t kills_begin; /* workers killed when it began */
    uint16_t kills_end;   /* and when both ends were over */
    uint8_t service;
    uint8_t backends; /* how many got its bytes */
    bool client_waits;
    bool backend_hurries; /* its FIN came before it knew what to do */
};

struct chaos_end;

/* What ends share; chaos.c has the rest. */
struct chaos_world {
    struct loop *loop;
    struct rng rng;
    struct list ends; /* all that are not over */
    unsigned clients; /* of these */
    unsigned kills;
    struct chaos_result result;
    struct chaos_crossing *crossings;
    uint32_t crossing_count;
};

/* Draws a conduct. */
void chaos_conduct_draw(struct chaos_conduct *conduct, struct rng *rng, enum chaos_manner manner);

/* SO_SNDBUF and SO_RCVBUF; 0 leaves them to the kernel. */
void chaos_set_buffers(int fd, int bytes);

/* Begins a client; it is counted when it is connected. False when it could not even begin. */
bool chaos_client_begin(struct chaos_world *world, uint32_t crossing,
                        const struct chaos_conduct *conduct, const struct addr *listen);

/* Begins a backend's end with an accepted socket, which it owns. */
void chaos_backend_begin(struct chaos_world *world, enum chaos_manner service, unsigned backend,
                         int fd);

/* Ends every end that is left, and counts them as stuck. */
void chaos_end_all(struct chaos_world *world);

#endif
