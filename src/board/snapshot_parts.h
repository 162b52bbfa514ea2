/* How a snapshot is put together; for the files snapshot*.c alone. */
#ifndef K0SLB_BOARD_SNAPSHOT_PARTS_H
#define K0SLB_BOARD_SNAPSHOT_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"
#include "board/snapshot.h"

/* Copies `size` bytes of shared memory, in which nobody promises a terminated text; ends it. */
void snapshot_copy_text(char *to, const char *from, size_t size);

/* The time from then to now, 0 when `then` lies ahead. */
uint64_t snapshot_age_ms(uint64_t now, uint64_t then);

/*
 * Copies the listening addresses of a service slot, or of [stats] for BOARD_NO_SLOT, into a new
 * array and counts them in *count, which is 0 before. Returns 0, or -1 with errno ENOMEM.
 */
int snapshot_copy_listeners(const struct board *board, unsigned service, struct addr **out,
                            size_t *count) MUST_CHECK;

/*
 * Fills out->services; needs out->uptime_seconds. Returns 0, or -1 with errno ENOMEM: what is there
 * by then is freed by snapshot_free().
 */
int snapshot_copy_services(const struct board *board, struct snapshot *out) MUST_CHECK;

/*
 * Takes rates and highest values; needs out->active. The master looks once a second: what is open
 * now may be more than it has seen so far.
 */
void snapshot_copy_rate(struct snapshot_counts *out, const struct board_rate *rate);

/*
 * Fills the backends of a service and the sums over them, those that a reload has removed included.
 * Returns 0, or -1 with errno ENOMEM.
 */
int snapshot_copy_backends(const struct board *board, struct snapshot_service *service,
                           uint64_t uptime_seconds) MUST_CHECK;

/*
 * Fills the clients of a service that counts by them, in order of address. Returns 0, or -1 with
 * errno ENOMEM.
 */
int snapshot_copy_clients(const struct board *board, struct snapshot_service *service) MUST_CHECK;

/* Says of each blocked backend which other one blocks it; the services are filled. */
void snapshot_name_blockers(struct snapshot *snapshot);

#endif
