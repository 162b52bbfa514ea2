/*
 * The board's layout: what stands where in the shared segment, and who writes it. Types only.
 *
 * Regions are page-aligned, in this order, one writer each; everybody may read everything that
 * exists. A region that is not allocated must not be touched: reading a hole allocates it.
 *
 *   region          written by                     holds
 *   --------------  -----------------------------  ---------------------------------------------
 *   master          the master                     prefix, times, reload results, slots, resolved
 *                                                  addresses, rates and maxima, services' down
 *                                                  times, events
 *   admin           k0slbctl run by root           drain and maint words (compare-and-swap);
 *                                                  the master forgets those of a slot's last owner
 *   checker         the checker; the master        health words, rise/fall, last results,
 *                   before the first one is born   certificates, backends' down times, warnings
 *   tickets         workers (fetch-and-add)        one round-robin ticket a service
 *   worker[0..n-1]  the worker of that slot; the   state, heartbeat, gauges, counters, evidence,
 *                   master between reap and fork   its table of client addresses
 *
 * A field is a C11 atomic, or never changes while its slot is in use, or there are two copies of it
 * under a sequence number: copy sequence % 2 is whole, and the other one is where the next writing
 * goes. So a writer that is stopped or killed at any moment keeps no reader waiting and leaves
 * nothing half-written. There are no pointers and no locks.
 */
#ifndef K0SLB_BOARD_BOARD_T_H
#define K0SLB_BOARD_BOARD_T_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/certificate.h"
#include "base/defs.h"
#include "conf/conf.h"

#define BOARD_MAGIC   "k0slb\n\1"
#define BOARD_VERSION 4
#define BOARD_NO_SLOT UINT16_MAX

#define BOARD_MAX_CHILDREN     256
#define BOARD_MAX_SOCKETS      160
#define BOARD_MAX_EVENTS       256
#define BOARD_EVENT_SIZE       160
#define BOARD_ERRORS_SIZE      4096
#define BOARD_DESCRIPTION_SIZE 96
#define BOARD_HISTOGRAM        16
#define BOARD_MAX_WARNINGS     32
#define BOARD_CODE_SIZE        32
#define BOARD_WARNING_SIZE     256

enum board_role { BOARD_ROLE_NONE, BOARD_ROLE_WORKER, BOARD_ROLE_CHECKER, BOARD_ROLE_STATS };

/* ---- the prefix: the same in every layout version ---- */

/* A living process of this instance. Written pid last, cleared pid first. */
struct board_child {
    _Atomic int32_t pid; /* 0 = free */
    uint16_t role;       /* enum board_role */
    uint16_t slot;       /* worker slot */
    uint32_t orphan;     /* left over from an earlier master */
    uint32_t reserved;
    uint64_t start_time; /* proc(5), field 22 */
};

/* A listening socket. Written inode last, cleared inode first. */
struct board_socket {
    struct addr address;
    _Atomic uint64_t inode; /* 0 = free */
    uint16_t service;       /* service slot; BOARD_NO_SLOT for [stats] */
    uint16_t reserved[3];
};

struct board_prefix {
    char magic[8]; /* BOARD_MAGIC, written last of all */
    uint32_t version;
    uint32_t prefix_size;
    uint64_t size; /* of the segment in bytes */
    _Atomic int32_t master_pid;
    uint32_t reserved;
    uint64_t master_start_time;
    struct board_child children[BOARD_MAX_CHILDREN];
    struct board_socket sockets[BOARD_MAX_SOCKETS];
};

/* ---- the master's region ---- */

/* Where the regions begin, in bytes from the segment's start, and how long the arrays are. */
struct board_layout {
    uint32_t services;
    uint32_t backends;
    uint32_t workers;     /* slots */
    uint32_t sources;     /* client addresses in each worker's table */
    uint64_t services_at; /* in the master's region */
    uint64_t backends_at;
    uint64_t admin_at;
    uint64_t checker_at;
    uint64_t tickets_at;
    uint64_t worker_at; /* slot k is at worker_at + k × worker_size */
    uint64_t worker_size;
    uint64_t sources_at; /* in a worker's region: its table, page-aligned, to the region's end */
    uint64_t size;
};

enum board_slot_state {
    BOARD_SLOT_FREE,
    BOARD_SLOT_RESERVED, /* by a reload that has not been committed: nobody uses it */
    BOARD_SLOT_USED,
    BOARD_SLOT_REMOVED, /* in no epoch any more; its last sessions may still go on */
};

/* Sessions and connections as the master sees them once a second. */
struct board_rate {
    _Atomic uint32_t per_second;
    _Atomic uint32_t per_second_max;
    _Atomic uint32_t active_max;
    uint32_t reserved;
};

/* What is remembered of one that may come and go. */
enum board_standing {
    BOARD_NEVER_SEEN,
    BOARD_SEEN_GOOD, /* a backend is up or suspect; of a service, at least one is */
    BOARD_SEEN_DOWN,
};

/* Of a service, as the master sees it once a second: whether it has anyone to send clients to. */
struct board_outage {
    _Atomic uint64_t down_ms;    /* all together */
    _Atomic uint64_t seen_ms;    /* monotonic: the last look; 0 = never */
    _Atomic uint64_t changed_ms; /* monotonic: since when it stands like this */
    _Atomic uint32_t standing;   /* enum board_standing */
    _Atomic uint32_t transitions;
    _Atomic uint32_t went_down;
    uint32_t reserved;
};

/*
 * Slots are used again. `number` tells one owner of a slot from the next: what stands in a worker's
 * region under another number is not about this owner. `life` is new with each owner and each
 * address: health under another one is not about this address.
 */
struct board_service {
    _Atomic uint32_t state;    /* enum board_slot_state */
    _Atomic uint32_t required; /* 1 + slot of the service that it requires; 0 = none */
    _Atomic uint64_t number;
    char name[CONF_NAME_SIZE];
    uint8_t enabled;
    uint8_t balance; /* enum conf_balance */
    uint8_t check;   /* enum conf_check */
    uint8_t reserved[3];
    struct board_rate rate;
    struct board_outage outage;
};

#define BOARD_ADDRESS_WORDS (sizeof(struct addr) / sizeof(uint64_t))
#define BOARD_HOST_WORDS    (CONF_HOST_SIZE / sizeof(uint64_t))

/*
 * Where a backend is, under a sequence number: the only place where an address is looked up, and
 * the host name that it was resolved from ("" = a literal address). While a name has not resolved
 * the address is ADDR_NONE with the port.
 */
struct board_address {
    _Atomic uint32_t sequence;
    uint32_t reserved;
    _Atomic uint64_t words[2][BOARD_ADDRESS_WORDS]; /* a struct addr each */
    _Atomic uint64_t host[2][BOARD_HOST_WORDS];     /* a char [CONF_HOST_SIZE] each */
};

_Static_assert(sizeof(struct addr) % sizeof(uint64_t) == 0 &&
                   CONF_HOST_SIZE % sizeof(uint64_t) == 0,
               "both are whole words");

struct board_backend {
    _Atomic uint32_t state; /* enum board_slot_state */
    uint16_t service;       /* service slot */
    uint16_t ordinal; /* 0 to CONF_MAX_SPREAD - 1, for life: its place in a struct board_source */
    _Atomic uint64_t number;
    _Atomic uint32_t life;
    _Atomic uint32_t weight;
    _Atomic uint32_t backup;
    char name[CONF_NAME_SIZE];
    uint8_t padding[2];
    struct board_address address;
    struct board_rate rate;
};

struct board_event {
    _Atomic uint64_t number; /* from 1; 0 while it is written */
    uint64_t at_ms;          /* wall clock */
    char text[BOARD_EVENT_SIZE];
};

/*
 * Something that an administrator should know and can mend: a word that never changes, what is
 * wrong, and what to do, one line each, without newlines. They are written by who finds them: most
 * by the checker, one that only the master can see by the master.
 */
struct board_warning {
    char code[BOARD_CODE_SIZE]; /* "ca-differs"; "" = there is none */
    char text[BOARD_WARNING_SIZE];
    char remedy[BOARD_WARNING_SIZE];
};

/* The master's, under a sequence number. */
struct board_warning_record {
    _Atomic uint32_t sequence;
    uint32_t reserved;
    struct board_warning copies[2];
};

struct board_master {
    struct board_prefix prefix;
    struct board_layout layout;
    char name[CONF_NAME_SIZE];
    char version[32];
    uint64_t started_ms;          /* wall clock */
    uint64_t started_mono_ms;     /* CLOCK_MONOTONIC */
    _Atomic uint32_t checks_done; /* the first round of probes is over */
    _Atomic uint64_t heartbeat_ms;
    uint64_t numbers;           /* given to slots so far; the master's own */
    _Atomic uint64_t epoch;     /* number in force, for readers: published when everyone has it */
    _Atomic uint64_t committed; /* the last transaction that was decided; a child obeys this */
    _Atomic uint64_t reloads_started;  /* */
    _Atomic uint64_t reloads_finished; /* */
    _Atomic uint64_t reload_ms;        /* wall clock of the last result */
    _Atomic uint32_t reload_ok;
    _Atomic uint32_t workers_wanted;
    _Atomic uint64_t region_exists; /* bit k: worker slot k is allocated, but for its table */
    _Atomic uint64_t table_exists;  /* bit k: and the table of that slot */
    uint64_t table_wanted;          /* 1: each region gets one; the master's own */
    uint64_t source_seed;           /* of the tables' hash: no client can aim at a chain */
    _Atomic uint64_t events;        /* written so far; the newest is at (events-1) % MAX */
    _Atomic uint64_t log_dropped;   /* lines that could not be written anywhere */
    char reload_errors[BOARD_ERRORS_SIZE]; /* written before reloads_finished */
    struct board_warning_record warning;
    struct board_event event[BOARD_MAX_EVENTS];
    /* struct board_service [layout.services], struct board_backend [layout.backends] follow */
};

/* ---- administrators' words ---- */

enum board_admin_state { BOARD_ADMIN_READY, BOARD_ADMIN_DRAIN, BOARD_ADMIN_MAINT };

/*
 * A word, 0 = nobody has said anything, which is ready:
 *
 *   bits 0-1    enum board_admin_state
 *   bits 2-21   of a drain: over how long its sessions are closed, in tenths of a second; 0 = they
 *               are not
 *   bits 22-63  since when: milliseconds of the wall clock, unlike those of the word before
 *
 * Beside each stands who said it: bits 0-31 the uid, bits 32-63 the lower half of that `since`. It
 * is written first, so it is about the word only where both have the same one.
 */
struct board_admin {
    _Atomic uint64_t self;
    _Atomic uint64_t self_who;
    uint64_t reserved[6];
    _Atomic uint64_t backend[]; /* layout.backends words, then who said each of them */
};

/* ---- the checker's region ---- */

enum board_health {
    BOARD_UNCHECKED, /* no result yet: tried last */
    BOARD_UP,
    BOARD_SUSPECT, /* chosen only if nothing better is there */
    BOARD_DOWN,
    BOARD_BLOCKED, /* by the service that its own one requires: nothing new goes there */
};

/* What else the health word says: bits beside the state. */
enum board_mark {
    BOARD_MARK_BLOCKED = 1 << 3,  /* what it requires is not up */
    BOARD_MARK_BADLY = 1 << 4,    /* it answers, but badly (L7*), while not up */
    BOARD_MARK_CLOSE = 1 << 5,    /* workers close its sessions, over on_down_spread */
    BOARD_MARK_RAMP = 1 << 6,     /* it came up beside others: slow_start counts from then */
    BOARD_MARK_VERIFIED = 1 << 7, /* its last good answer says that it is ready, not just alive */
};
#define BOARD_HEALTH_MASK 0x7
#define BOARD_MARKS_MASK  0xf8

/* The words operators know. CHECKED_NONE: nothing has been probed. */
enum board_check_code {
    CHECKED_NONE,
    CHECKED_L4OK,
    CHECKED_L4TOUT,
    CHECKED_L4CON,
    CHECKED_L6OK,
    CHECKED_L6TOUT,
    CHECKED_L6RSP,
    CHECKED_L7OK,
    CHECKED_L7TOUT,
    CHECKED_L7RSP,
    CHECKED_L7STS,
};

/* The last result for one backend, and what a new checker needs to go on. */
struct board_check {
    uint16_t code;   /* enum board_check_code */
    uint16_t status; /* of HTTP, or 0 */
    uint32_t duration_us;
    uint16_t good; /* results in a row */
    uint16_t bad;
    uint32_t life;       /* the backend's, when it was asked */
    uint64_t at_ms;      /* wall clock of the result; 0 = never */
    uint64_t next_ms;    /* monotonic: when the next probe is due (the phase) */
    uint64_t changed_ms; /* wall clock of the last change of health */
    char description[BOARD_DESCRIPTION_SIZE]; /* "connection refused" */
};

/* Its place on the board, under a sequence number. */
struct board_check_record {
    _Atomic uint32_t sequence;
    uint32_t reserved;
    struct board_check copies[2];
};

/* What the checker found out about a certificate by comparing it with others. */
enum board_certificate_flag {
    BOARD_CERTIFICATE_LACKS_NAMES = 1 << 0, /* external_address, or what most others carry */
};

/* What a backend's certificate said in the last full handshake, under a sequence number. */
struct board_certificate {
    uint32_t life;  /* the backend's, when it was asked */
    uint32_t flags; /* enum board_certificate_flag */
    uint64_t at_ms; /* wall clock; 0 = none is known */
    struct certificate facts;
};

struct board_certificate_record {
    _Atomic uint32_t sequence;
    uint32_t reserved;
    struct board_certificate copies[2];
};

/*
 * What has become of a backend over the time that it has its slot, whatever its address. A time
 * that is not over runs on without anybody's doing.
 */
struct board_history {
    uint64_t number;        /* the owner's: see struct board_backend */
    uint64_t down_ms;       /* in health down, but for the time that is not over */
    uint64_t down_since_ms; /* monotonic: that time; 0 = it is not down */
    uint64_t transitions;   /* from up or suspect to down, and back */
    uint64_t went_down;     /* those to down */
    uint64_t checks_failed; /* probes with a bad result */
    uint32_t standing;      /* enum board_standing: the last that was known */
    uint32_t reserved;
};

/* Under a sequence number. */
struct board_history_record {
    _Atomic uint32_t sequence;
    uint32_t reserved;
    struct board_history copies[2];
};

struct board_warnings {
    uint32_t count;
    uint32_t reserved;
    struct board_warning list[BOARD_MAX_WARNINGS];
};

struct board_checker {
    _Atomic uint64_t heartbeat_ms;
    _Atomic uint64_t stalls;       /* times it did not run and judged nobody */
    _Atomic uint64_t first_round;  /* 1 when every backend has had a result */
    _Atomic uint64_t slow_ignored; /* slow evidence that would have left too few unsuspected */
    _Atomic uint32_t warnings_sequence;
    uint32_t reserved[7];
    struct board_warnings warnings[2]; /* under warnings_sequence */
    /* 64-aligned: _Atomic uint64_t health[backends], struct board_check_record [backends],
     * struct board_certificate_record [backends], struct board_history_record [backends] */
};

/* ---- a worker's region ---- */

enum board_worker_state {
    BOARD_WORKER_NONE, /* no worker in this slot */
    BOARD_WORKER_STARTING,
    BOARD_WORKER_RUNNING,
    BOARD_WORKER_DRAINING,
};

/* Why a session ended; the words are those of board_end_name(). */
enum board_end {
    BOARD_END_CLIENT_FIN,
    BOARD_END_BACKEND_FIN,
    BOARD_END_CLIENT_RESET,
    BOARD_END_BACKEND_RESET,
    BOARD_END_CONNECT_FAILED,
    BOARD_END_CLIENT_GONE, /* left before a backend was found */
    BOARD_END_STOPPED,     /* the balancer was told to stop */
    BOARD_END_INTERNAL,    /* no memory, no descriptor */
    BOARD_END_IDLE,        /* nothing moved for idle_timeout, or half-closed for too long */
    BOARD_END_DRAINED,     /* removed by a reload, and drain_timeout was over */
    BOARD_END_DEAD_CLIENT, /* it answers nothing any more: dead_client_timeout */
    BOARD_END_DEAD_BACKEND,
    BOARD_END_LIMIT,        /* source_max_connections */
    BOARD_END_REPLAYED,     /* it did not answer a hello, and the session went on elsewhere */
    BOARD_END_BACKEND_DOWN, /* on_down or unready_close: its sessions are closed */
    BOARD_END_ADMIN,        /* an administrator has them closed: maint, or drain over a time */
    BOARD_END_COUNT = 16,
};

/* Counters only ever rise, through every worker that had the slot. */
struct board_backend_counters {
    _Atomic uint64_t number;    /* the owner's: see struct board_backend */
    _Atomic uint64_t total;     /* sessions given to it */
    _Atomic uint64_t bytes_in;  /* from clients */
    _Atomic uint64_t bytes_out; /* to clients */
    _Atomic uint64_t connect_errors;
    _Atomic uint64_t local_errors; /* connects that failed for a reason of our own */
    _Atomic uint64_t retries;      /* sessions it got after another one had failed */
    _Atomic uint64_t replays;
    _Atomic uint64_t resets;
    _Atomic uint64_t evidence; /* the last thing that speaks against it: see board_evidence() */
    _Atomic uint64_t ends[BOARD_END_COUNT];
    _Atomic uint64_t connect_time[BOARD_HISTOGRAM]; /* bucket k: below 2^k × 64 µs */
} CACHE_ALIGNED;

struct board_service_counters {
    _Atomic uint64_t number; /* the owner's */
    _Atomic uint64_t accepted;
    _Atomic uint64_t refused;      /* no backend could be had */
    _Atomic uint64_t ended_early;  /* the client left before a backend was found */
    _Atomic uint64_t denied;       /* by allow and deny */
    _Atomic uint64_t limited;      /* by source_max_connections */
    _Atomic uint64_t sources_full; /* sessions whose client found no room in the table */
    /* Gauges. */
    _Atomic uint32_t sessions;        /* open now, connecting ones included */
    _Atomic uint32_t recent_sessions; /* begun in the last ten seconds, when hellos are kept */
    _Atomic uint32_t recent_replays;  /* the same for replays */
    uint32_t reserved;
};

struct board_worker {
    _Atomic uint32_t state;    /* enum board_worker_state */
    _Atomic uint32_t sessions; /* open now, connecting ones included */
    _Atomic uint64_t heartbeat_ms;
    _Atomic uint64_t accepted;
    _Atomic uint64_t accept_pauses; /* for want of a descriptor or memory */
    _Atomic uint64_t epoch;         /* number obeyed */
    uint64_t reserved[3];
    /* 64-aligned: _Atomic uint32_t active[backends],
     * struct board_service_counters [services], struct board_backend_counters [backends].
     * At layout.sources_at, where table_exists says so: struct board_source_table,
     * _Atomic uint32_t heads[sources], struct board_source [sources] */
};

/*
 * The sessions of one client address at one service, at each of its backends by their ordinals.
 * Entries are numbered from 1 and stand in chains, one for each value of a hash; those that count
 * nothing are free. A reader may meet one while it changes hands, and then misses some sessions for
 * a moment; it never follows more than BOARD_CHAIN_MOST links.
 */
struct board_source {
    _Atomic uint32_t
        owner;             /* bits 0-15: 1 + service slot, 0 = free; the rest rises with each use */
    _Atomic uint32_t next; /* in its chain, or the next free one; 0 = none */
    _Atomic uint32_t ip[4]; /* as struct addr has them; IPv4 as ::ffff:a.b.c.d */
    _Atomic uint32_t scope;
    _Atomic uint16_t sessions[CONF_MAX_SPREAD];
};

#define BOARD_CHAIN_MOST 64

/* What the table's writer remembers of it. */
struct board_source_table {
    _Atomic uint32_t used;  /* entries */
    _Atomic uint32_t fresh; /* entries that have ever been used: 1 to this */
    _Atomic uint32_t free;  /* the first of those that are free again; 0 = none */
    uint32_t reserved[13];
};

_Static_assert(sizeof(struct board_source) + sizeof(uint32_t) <= 64, "a client costs 64 bytes");

#endif
