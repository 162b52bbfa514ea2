/*
 * A copy of the board at one moment, with the workers' numbers added up: what every report is made
 * from. Holds no pointer into shared memory.
 */
#ifndef K0SLB_BOARD_SNAPSHOT_H
#define K0SLB_BOARD_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/board.h"

/* The most client addresses that are copied of one service. */
#define SNAPSHOT_MOST_CLIENTS 16384

/* Of a backend, the sessions given to it; of a service, the connections accepted for it. */
struct snapshot_counts {
    uint64_t total;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint32_t active;
    uint32_t active_max;
    uint32_t per_second;
    uint32_t per_second_max;
};

/* Room for "SERVICE/BACKEND is in maint" and the NUL. */
#define SNAPSHOT_BLOCKER_SIZE (2 * CONF_NAME_SIZE + 16)

/* What a reader is shown as the status of a backend: the first that applies. */
enum snapshot_status {
    STATUS_MAINT,
    STATUS_DRAIN,
    STATUS_DOWN,
    STATUS_BLOCKED,
    STATUS_UNCHECKED,
    STATUS_SUSPECT,
    STATUS_UP,
};

/*
 * A client address of a service that counts by them (source-spread), and its sessions at each
 * backend, by the backends' ordinals.
 */
struct snapshot_client {
    struct addr address;
    uint32_t total;
    uint32_t at[CONF_MAX_SPREAD];
};

struct snapshot_backend {
    char name[CONF_NAME_SIZE];
    char host[CONF_HOST_SIZE]; /* the name that the address is resolved from; "" = none */
    struct addr address;       /* ADDR_NONE with the port until the name has resolved */
    unsigned slot;
    unsigned ordinal; /* its place in a struct snapshot_client */
    unsigned weight;
    bool backup;
    enum snapshot_status status;
    char blocked_by[SNAPSHOT_BLOCKER_SIZE]; /* "kubeAPI/cp1 is down"; "" = nothing, or not known */
    enum board_health health;               /* the probes' own */
    enum board_admin_state admin;
    uint64_t since_seconds;    /* in this status; down also while an administrator held it */
    uint64_t health_seconds;   /* in this health */
    uint64_t downtime_seconds; /* in health down, all times together, since it has been known */
    uint64_t transitions;      /* changes of health from up or suspect to down, and back */
    uint64_t went_down;        /* those of them to down */
    uint64_t checks_failed;    /* probes with a bad result */
    bool ready_verified;       /* its last good answer says that it is ready, not just alive */
    struct board_check check;  /* code 0 = no result yet */
    struct board_certificate certificate; /* at_ms 0 = none has been seen */
    struct snapshot_counts counts;
    uint64_t connect_errors;
    uint64_t local_errors;
    uint64_t resets;
    uint64_t retries;
    uint64_t replays;
    uint64_t ends[BOARD_END_COUNT];         /* sessions, by enum board_end */
    uint64_t connect_time[BOARD_HISTOGRAM]; /* connects; bucket k: in less than 2^k × 64 µs */
};

/* Of a service, sums over its backends, those that a reload has removed included. */
struct snapshot_sums {
    uint64_t sessions; /* given to them */
    uint64_t connect_errors;
    uint64_t local_errors;
    uint64_t resets;
    uint64_t retries;
    uint64_t replays;
    uint64_t ends[BOARD_END_COUNT];
    uint64_t connect_time[BOARD_HISTOGRAM]; /* as a backend's */
};

enum snapshot_service_status {
    SERVICE_DISABLED,
    SERVICE_UP,       /* every backend up, or in drain or maint with another one up */
    SERVICE_DEGRADED, /* neither up nor down */
    SERVICE_DOWN,     /* none up or suspect */
};

struct snapshot_service {
    char name[CONF_NAME_SIZE];
    unsigned slot;
    unsigned required; /* slot of the service that it requires; BOARD_NO_SLOT = none */
    bool enabled;
    enum conf_balance balance;
    enum conf_check check;
    enum snapshot_service_status status;
    struct snapshot_counts counts;
    uint64_t accepted;
    uint64_t refused;      /* no backend could be had */
    uint64_t denied;       /* by allow and deny */
    uint64_t limited;      /* by source_max_connections */
    uint64_t sources_full; /* the client found no room in the table of max_sources */
    struct snapshot_sums sums;
    uint64_t downtime_seconds; /* in which no backend was up or suspect, as seen once a second */
    uint64_t transitions;      /* from one that is up or suspect to none, and back */
    uint64_t went_down;        /* those of them to none */
    uint64_t since_seconds;    /* since the last of them; without one, since the start */
    struct snapshot_client *clients; /* client_count, those with sessions, in order of address */
    size_t client_count;
    size_t clients_left_out; /* there are so many more: SNAPSHOT_MOST_CLIENTS were taken */
    bool never_good; /* no probe of any backend has succeeded since the start, as far as is known */
    struct addr *listeners; /* listener_count */
    size_t listener_count;
    struct snapshot_backend *backends; /* backend_count, in the order of their slots */
    size_t backend_count;
};

struct snapshot_process {
    pid_t pid;
    enum board_role role;
    unsigned slot; /* of a worker */
    bool orphan;
    bool alive; /* looked up in /proc */
    /* of a worker: */
    const char *state; /* "starting", "running", "draining", "stalled"; constant text */
    uint32_t sessions;
};

struct snapshot_event {
    uint64_t at_ms; /* wall clock */
    char text[BOARD_EVENT_SIZE];
};

struct snapshot {
    char name[CONF_NAME_SIZE];
    char version[32];
    pid_t pid;         /* the master's */
    bool master_alive; /* with that start time, by /proc */
    enum board_admin_state admin;
    uint64_t uptime_seconds;
    uint64_t taken_ms;   /* wall clock */
    uint64_t started_ms; /* wall clock */
    uint64_t epoch;
    uint64_t reloads; /* that came to a result, good or not, since the start */
    bool reload_ok;
    uint64_t reload_ms;                    /* wall clock */
    char reload_errors[BOARD_ERRORS_SIZE]; /* lines */
    unsigned workers_wanted;
    bool checks_done;
    uint64_t log_dropped;
    uint64_t stalls;         /* the checker's */
    uint64_t slow_ignored;   /* slow evidence that would have left too few unsuspected */
    uint64_t checker_age_ms; /* since its last heartbeat; without any, since the start */
    uint64_t master_age_ms;  /* the same of the master */
    struct addr *stats_listeners;
    size_t stats_listener_count;
    struct snapshot_service *services;
    size_t service_count;
    struct snapshot_process *processes; /* master not among them */
    size_t process_count;
    struct snapshot_event *events; /* oldest first */
    size_t event_count;
    struct board_warning warnings[BOARD_MAX_WARNINGS + 1]; /* the master's first */
    size_t warning_count;
};

/* Copies the board. Returns NULL with errno ENOMEM. Free with snapshot_free(). */
struct snapshot *snapshot_take(const struct board *board) MUST_CHECK;
void snapshot_free(struct snapshot *snapshot);

/* The service in that slot, or of that name; a service's backend of that name. NULL: there is none.
 */
struct snapshot_service *snapshot_service_in(const struct snapshot *snapshot, unsigned slot);
struct snapshot_service *snapshot_service_named(const struct snapshot *snapshot, const char *name);
struct snapshot_backend *snapshot_backend_named(const struct snapshot_service *service,
                                                const char *name);

/* "up", "drain" … and "up", "degraded" … */
const char *snapshot_status_name(enum snapshot_status status);
const char *snapshot_service_status_name(enum snapshot_service_status status);

#endif
