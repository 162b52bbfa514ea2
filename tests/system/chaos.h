/*
 * Chaos: many clients and backends at once, in one thread, that do what nobody would plan. They are
 * slow, send bursts or nothing, half-close, reset, vanish; meanwhile the balancer is reloaded, its
 * workers are stopped, starved of descriptors and, where the plan says so, killed.
 *
 * There are two services. At `calm` everybody is odd but in order: a session ends with FIN and FIN,
 * so each number of the balancer has to be the one that its peers have. At `wild` they also reset
 * and vanish, and bounds hold. Every byte is of a tagged stream, so each session is checked by
 * itself, too. Choices come from a seed.
 */
#ifndef K0SLB_TESTS_SYSTEM_CHAOS_H
#define K0SLB_TESTS_SYSTEM_CHAOS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

#include "system/instance.h"

#define CHAOS_BACKENDS 3

enum chaos_manner { CHAOS_CALM, CHAOS_WILD, CHAOS_SERVICES };

struct chaos_plan {
    uint64_t seed;
    unsigned clients; /* at once */
    bool kills;       /* of workers */
};

/* What one backend of a service saw. */
struct chaos_backend_tally {
    uint64_t accepted; /* connections, abandoned ones too */
    uint64_t touched;  /* of these: brought a byte */
    uint64_t sent;     /* bytes */
    uint64_t received;
};

/* What the peers of a service saw. */
struct chaos_tally {
    uint64_t connected; /* clients */
    uint64_t sent;      /* bytes, by clients */
    uint64_t received;
    uint64_t client_aborts;  /* ends that were not in order, by clients */
    uint64_t backend_aborts; /* the same by backends */
    struct chaos_backend_tally backends[CHAOS_BACKENDS];

    /* Of single sessions, looked at when all are over. */
    uint64_t in_order;       /* FIN and FIN, every byte there; no worker was killed meanwhile */
    uint64_t client_first;   /* of these: the client's FIN was surely the first */
    uint64_t backend_first;  /* the backend's was */
    uint64_t client_resets;  /* nobody did anything wrong but the client, which reset */
    uint64_t backend_resets; /* the same of the backend */
    uint64_t cut;            /* should have ended in order and did not */
    uint64_t killed;         /* in order or not: a worker was killed meanwhile */
    uint64_t wrong;          /* a byte that did not belong there, or too many of them */
    uint64_t false_ends;     /* a reset that the other side was shown as FIN */
};

struct chaos_result {
    struct chaos_tally services[CHAOS_SERVICES];
    unsigned kills;
    unsigned reloads;
    unsigned refused_reloads;
    unsigned stops;
    unsigned squeezes;    /* a worker without descriptors for a while */
    unsigned unconnected; /* clients that could not even connect */
    unsigned stuck;       /* ends that waited for longer than anything may take */
};

struct chaos;

/* Opens the backends. NULL with errno. Free with chaos_free(). */
struct chaos *chaos_new(const struct chaos_plan *plan) MUST_CHECK;
void chaos_free(struct chaos *chaos);

/* Where a backend listens, and a port that refuses. */
struct addr chaos_backend(const struct chaos *chaos, enum chaos_manner service, unsigned backend);

/* Writes the configuration file, another one for each number. */
typedef void chaos_configure_fn(void *context, unsigned number);

struct chaos_run {
    struct instance *instance;
    struct addr listen[CHAOS_SERVICES]; /* where clients go */
    chaos_configure_fn *configure;      /* before each HUP */
    void *context;
};

/* Goes on for that time, then waits until every session is over. May be called again. */
void chaos_run(struct chaos *chaos, const struct chaos_run *run, uint64_t for_ms);

/* Looks at every session there was; once, after the last run. */
const struct chaos_result *chaos_judge(struct chaos *chaos);

#endif
