/*
 * The board: what every process of an instance sees of it, in the POSIX segment /NAME. This header
 * is for its readers; board_master.h and board_writer.h are for those that own a region of it, and
 * board-t.h has the layout with the table of writers.
 */
#ifndef K0SLB_BOARD_BOARD_H
#define K0SLB_BOARD_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "board/board-t.h"
#include "conf/epoch.h"

struct board;

/*
 * Maps the board of an instance read-only. Returns NULL with errno: ENOENT when there is none,
 * EACCES when the caller may not read it, EPROTO when it is of another layout version or broken,
 * EBADF when another user owns it who is neither root nor the caller. Free with board_close().
 */
struct board *board_open(const char *name) MUST_CHECK;

/* Unmaps and frees. The segment stays. */
void board_close(struct board *board);

/* The parts of it. Slots are below the layout's counts; a slot may be free (its state says so). */
const struct board_master *board_master(const struct board *board);
const struct board_service *board_service(const struct board *board, unsigned slot);
const struct board_backend *board_backend(const struct board *board, unsigned slot);
const struct board_checker *board_checker(const struct board *board);

/*
 * The address of a backend, with its port: the only way to one, for literal and for resolved
 * addresses. Returns 0, or -1 when there is none (its name has never resolved); *out is then
 * ADDR_NONE with the port.
 */
int board_backend_address(const struct board *board, unsigned slot, struct addr *out) MUST_CHECK;

/* The host name that its address is resolved from; "" for a literal address. */
void board_backend_host(const struct board *board, unsigned slot, char host[CONF_HOST_SIZE]);

/* Its present life: new with each owner of the slot and with each address. Health is of one life.
 */
uint32_t board_backend_life(const struct board *board, unsigned slot);

/*
 * Whether a list of that epoch lets the client in: epoch_allows(), and `controllers` stands for the
 * addresses that names have resolved to, too.
 */
bool board_allows(const struct board *board, const struct epoch *epoch,
                  const struct conf_access *access, const struct addr *client);

/*
 * The health of a backend as it is to be obeyed: what the probes say of it, or BOARD_BLOCKED where
 * it is not down and what it requires is not up; and what the probes alone say.
 */
enum board_health board_health(const struct board *board, unsigned slot);
enum board_health board_probed_health(const struct board *board, unsigned slot);

/* Since when the probes say so (mono_ms(); 0 = since it is known). */
uint64_t board_health_since(const struct board *board, unsigned slot);

/* What else is said of it: bits of enum board_mark. */
unsigned board_health_marks(const struct board *board, unsigned slot);

/* What an administrator said about a backend, or, for the balancer itself, about this machine. */
enum board_admin_state board_admin(const struct board *board, unsigned slot);
enum board_admin_state board_admin_self(const struct board *board);

/* In place of a slot: the balancer itself. */
#define BOARD_SELF BOARD_NO_SLOT

/* The whole of it. */
struct board_admin_act {
    enum board_admin_state state;
    uint32_t over_ms;  /* of a drain; 0 = its sessions are not closed */
    uint64_t since_ms; /* wall clock; 0 = nobody has ever said anything */
    bool has_uid;      /* false: who said it is not known */
    uint32_t uid;
};

/* The word itself, which changes with each act; and what it says. */
uint64_t board_admin_word(const struct board *board, unsigned slot);
struct board_admin_act board_admin_act(const struct board *board, unsigned slot);

/* A whole copy of a backend's last check; all zero when there has been none. */
void board_check_copy(const struct board *board, unsigned slot, struct board_check *out);

/*
 * A copy of what its certificate said. False, and all zero, while none has been seen in its present
 * life.
 */
bool board_certificate_copy(const struct board *board, unsigned slot,
                            struct board_certificate *out);

/* A copy of its history; all zero when its present owner has none. */
void board_history_copy(const struct board *board, unsigned slot, struct board_history *out);

/* A copy of the warnings: the checker's, and the master's own (code "" = none). */
void board_warnings_copy(const struct board *board, struct board_warnings *out);
void board_master_warning_copy(const struct board *board, struct board_warning *out);

/* A worker's region, or NULL when that slot has none. */
const struct board_worker *board_worker(const struct board *board, unsigned worker);

/* Parts of a worker's region, which must exist. */
uint32_t board_worker_active(const struct board *board, unsigned worker, unsigned backend);
const struct board_backend_counters *board_worker_backend(const struct board *board,
                                                          unsigned worker, unsigned backend);
const struct board_service_counters *board_worker_service(const struct board *board,
                                                          unsigned worker, unsigned service);

/* Sessions that a backend has now, in all workers together. */
uint32_t board_active(const struct board *board, unsigned backend);

/*
 * What a worker saw that speaks against a backend: a number that rises with each sighting, and the
 * kind of the last one. The checker compares the number with the one it saw before.
 */
enum board_evidence_kind {
    BOARD_EVIDENCE_NONE,
    BOARD_EVIDENCE_REFUSED, /* connection refused */
    BOARD_EVIDENCE_TIMEOUT, /* connection timed out */
    BOARD_EVIDENCE_RESET,   /* reset before the first byte of an answer */
    BOARD_EVIDENCE_SILENT,  /* no answer to a hello */
};
struct board_evidence {
    uint64_t number; /* 0 = never */
    enum board_evidence_kind kind;
};
struct board_evidence board_evidence(const struct board *board, unsigned worker, unsigned backend);

/* The words for values: "up", "ready", "L4CON", "client FIN", "running", "worker". */
const char *board_health_name(enum board_health health);
const char *board_admin_name(enum board_admin_state state);
const char *board_check_name(enum board_check_code code);
const char *board_end_name(enum board_end end);
const char *board_worker_state_name(enum board_worker_state state);
const char *board_role_name(enum board_role role);

#endif
