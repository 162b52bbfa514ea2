/*
 * Which backend? Pure: a function of the epoch, of what the board says at this moment, and of
 * chance; no sockets.
 */
#ifndef K0SLB_BALANCE_BALANCE_H
#define K0SLB_BALANCE_BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "board/board.h"
#include "conf/epoch.h"

/* A backend that may be chosen. */
struct balance_candidate {
    uint16_t backend;  /* index in the epoch */
    uint16_t weight;   /* at least 1 */
    uint32_t active;   /* sessions in all workers, or those of this client; 0 unless it is read */
    uint64_t identity; /* of its name: the same in every epoch and on every balancer */
};

/* What an algorithm may go by, besides the candidates. */
struct balance_chance {
    uint64_t ticket; /* rises by one with each choice, over all workers */
    struct rng *rng;
    const struct addr *client;
};

/* One algorithm. */
struct balance_ops {
    bool reads_active;
    bool reads_sources; /* active is of this client alone */
    bool takes_ticket;
    bool reads_identity;
    /* The place of the chosen one among count >= 1 candidates. */
    size_t (*pick)(const struct balance_candidate *candidates, size_t count,
                   const struct balance_chance *chance);
};

extern const struct balance_ops balance_round_robin;   /* weighted, exact over all workers */
extern const struct balance_ops balance_least_conn;    /* weighted, ties at random */
extern const struct balance_ops balance_random;        /* weighted, the better of two */
extern const struct balance_ops balance_source_hash;   /* weighted, by the client's address */
extern const struct balance_ops balance_source_spread; /* weighted, ties at random by weight */

/* FNV-1a (draft-eastlake-fnv) of some bytes: well spread, the same everywhere, no secret. */
uint64_t balance_hash(const void *data, size_t size);

/* A choice to be made. */
struct balance_request {
    const struct epoch *epoch;
    const struct conf_service *service;
    const struct board *board;
    const struct addr *client;
    bool client_is_untold; /* there is no room to count it: source-spread counts all sessions */
    uint64_t now_ms;       /* mono_ms(), or the loop's: for slow_start */
    struct rng *rng;
    /* Takes the service's next ticket, when the algorithm wants one. */
    uint64_t (*take_ticket)(void *context, unsigned service_slot);
    /* wall_ms(), by which administrators' words have their time: for slow_start, once a choice. */
    uint64_t (*wall_ms)(void *context);
    /* Whether this process has just seen the backend fail: it then counts as suspect. */
    bool (*is_avoided)(void *context, unsigned backend_slot);
    void *context;
    const uint16_t *tried; /* backend slots that have failed this connection already */
    size_t tried_count;
};

/*
 * The index in the epoch of the backend to try next, or -1 when there is none. Eligible: weight
 * above 0, admin word ready, not tried, not down or blocked. Of those the best class alone is
 * looked at: unsuspected before suspect before unchecked, and within each primary before backup.
 * For `kubeAPI` and `controllerJoinAPI` a backend at the client's own address comes after all of
 * them: a controller that joins or starts must not be sent to itself. When no backend is eligible,
 * all_down = try also takes down ones. With slow_start a backend that has come up lately is at
 * times left out of its class, but never for nobody: slow_start.h.
 */
int balance_choose(const struct balance_request *request);

#endif
