/*
 * One backend as the checker sees it: its questions that are out, what their answers make of it,
 * and when the next one starts.
 *
 * Probes of one backend overlap while TCP or TLS is unanswered: when one has waited
 * check_fast_interval the next starts, up to check_fall at once. A good answer outdates every older
 * question. A backend that has shaken hands is there, and is left alone until it has answered. A
 * question that was out while this process did not run can only be answered well.
 *
 * A backend whose address changes begins a new life: what was known of it, and every question that
 * is out, is of another machine, and the first answer decides again.
 */
#ifndef K0SLB_CHECKER_TARGET_H
#define K0SLB_CHECKER_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/rng.h"
#include "board/board_writer.h"
#include "conf/epoch.h"
#include "probe/asking.h"
#include "probe/probe.h"
#include "probe/probe_session.h"

#include "checker/flapping.h"
#include "checker/group.h"
#include "checker/health.h"
#include "checker/policy.h"
#include "checker/say.h"

/* What is said of a backend that has no address. */
#define TARGET_NOWHERE "name does not resolve"

struct probe_trust;
struct target;

/* What all targets of a checker share. */
struct target_shared {
    struct loop *loop;
    struct board *board;
    struct probe_engine *engine;
    const struct epoch *epoch;
    const struct probe_trust *trust; /* whom to trust and what each service shows */
    struct target *targets;          /* by the epoch's index of backends, as are the members; */
    struct group_member *members;    /* those of services that are not enabled are all zero */
    probe_wake_fn *wake; /* called before anything is judged: notices a time without running */
    void *wake_context;
    struct rng rng;
    struct policy policies[CONF_MAX_SERVICES]; /* by the epoch's index */
    int health_event;                          /* eventfd, written after each change of a word */
    unsigned unanswered;                       /* targets without a first result */
    bool in_trouble; /* the last probe of all failed for a reason of this machine */
    struct told told;     /* lines about all of them together */
    struct told troubles; /* lines about such reasons */
};

/* Lives at one place from target_init() to target_fini(): the loop points to it. */
struct target {
    struct target_shared *shared;
    const struct conf_service *service; /* NULL: of a service that is not enabled, nothing is set */
    const struct conf_backend *backend;
    struct group_member *member; /* what its service's policies see of it */
    bool is_probed;              /* else it has `check = none`, and is up where it has an address */
    struct health health;
    struct board_check check; /* as published */

    /* What is known of it beside its health; of the present life. */
    bool is_good;          /* the last result was good */
    bool ever_good;        /* one has been, as far as is known */
    bool is_verified;      /* the last good answer says that it is ready, not just alive */
    bool identity_refused; /* it refuses our certificate, and nobody was seen to accept it */
    bool has_clock;
    bool is_ramping;   /* it came up beside others; kept while slow_start has not passed */
    int64_t clock_ms;  /* has_clock: how far its clock is ahead of ours */
    uint64_t up_ms;    /* when it came up last, not just from suspect; 0 = not known */
    uint64_t taken_ms; /* when it last took our certificate and answered well; 0 = never */
    struct flapping flapping;
    struct say_backend said;

    /* How it is asked. */
    struct asking asking;
    struct probe_session *session; /* NULL: none is kept */
    struct loop_timer timer;
    struct list questions; /* those that are out, the oldest first */
    unsigned asked;        /* how many */
    uint32_t hash;
    uint32_t life;        /* of the address that all this is about */
    uint64_t began_ms;    /* when this checker took it up */
    uint64_t next_ms;     /* when the next one starts */
    uint64_t started_ms;  /* when the last one did */
    uint64_t reported_ms; /* when a worker last spoke against it */
    bool answered;        /* it has had a first result */
    bool paused;          /* in maint: not probed */
    bool in_trouble;      /* its last probe failed for a reason of this machine */
};

/* Takes up a backend (by the epoch's index) where the board has it, and sets its timer. */
void target_init(struct target_shared *shared, unsigned index);

/* Gives up its questions and stops. */
void target_fini(struct target *target);

/*
 * When the next probe starts if the last one did at `from_ms` and nothing else happens, as the
 * state has it.
 */
uint64_t target_next(const struct target *target, uint64_t from_ms);

/* A worker saw something that speaks against it. */
void target_report(struct target *target, enum board_evidence_kind kind);

/* Looks at its address and at what an administrator said. */
void target_look(struct target *target);

/* Moves everything by a time in which this process did not run. */
void target_shift(struct target *target, uint64_t gap_ms);

#endif
