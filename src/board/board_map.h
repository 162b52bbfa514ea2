/*
 * Where things are in this process's mapping: shared by the board's own files, nobody else's
 * business.
 */
#ifndef K0SLB_BOARD_BOARD_MAP_H
#define K0SLB_BOARD_BOARD_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "board/board-t.h"
#include "board/segment.h"

struct board {
    char name[CONF_NAME_SIZE];
    struct segment segment;     /* descriptors are -1 but in the master before a fork */
    struct board_layout layout; /* a copy: nothing in shared memory decides where to look */
    uint64_t size;
    char *all; /* the whole; writable in the master alone */

    /* This process's own region, writable; NULL where it has none. */
    char *mine;
    uint64_t mine_at; /* where it begins in the segment */
    uint64_t mine_size;
    _Atomic uint64_t *tickets; /* of a worker */
    uint64_t tickets_size;
};

/* An empty handle; NULL with errno ENOMEM. */
struct board *board_new(const char *name) MUST_CHECK;

/*
 * Maps the whole segment behind that descriptor read-only and checks that it is one. Returns 0, or
 * -1 with errno of board_open(), and nothing is mapped.
 */
int board_map_all(struct board *board, int fd) MUST_CHECK;

/* Where everything goes for as many services, backends, worker slots and sources as it says. */
void board_layout_plan(struct board_layout *layout);

/* Whether the layout read from a segment is the one that its counts would give, and fits. */
bool board_layout_fits(const struct board *board);

/* Round-robin tickets stand a cache line apart. */
#define BOARD_TICKET_STRIDE 8

/* The writable twin of something: in the master's mapping, or in a child's own region. */
void *board_writable(struct board *board, const void *shared);
void *board_mine(const struct board *board, const void *shared);

uint64_t board_worker_at(const struct board_layout *layout, unsigned worker);

/* An administrator's word about that backend, or BOARD_SELF, and who said it. */
const _Atomic uint64_t *board_admin_word_at(const struct board *board, unsigned slot);
const _Atomic uint64_t *board_admin_who_at(const struct board *board, unsigned slot);

const _Atomic uint64_t *board_health_words(const struct board *board);
const struct board_check_record *board_checks(const struct board *board);
const struct board_certificate_record *board_certificates(const struct board *board);
const struct board_history_record *board_histories(const struct board *board);

/* Within the checker's region, which begins at `region`. */
uint64_t board_checks_offset(const struct board_layout *layout);

/* Within a worker's region. */
const _Atomic uint32_t *board_region_active(const char *region);
const struct board_service_counters *board_region_services(const struct board_layout *layout,
                                                           const char *region);
const struct board_backend_counters *board_region_backends(const struct board_layout *layout,
                                                           const char *region);

#endif
