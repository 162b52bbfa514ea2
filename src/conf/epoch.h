/*
 * One accepted configuration as every process sees it: a flat value without pointers in a sealed
 * memfd (memfd_create(2), F_SEAL_WRITE and the rest), mapped read-only. It never changes; a reload
 * makes another one. Not on the board, so that no child can change what another one obeys.
 */
#ifndef K0SLB_CONF_EPOCH_H
#define K0SLB_CONF_EPOCH_H

#include <stdint.h>

#include "base/defs.h"
#include "conf/conf.h"

#define EPOCH_NO_INDEX UINT16_MAX

struct epoch {
    uint64_t number; /* 1 for the file read at start */
    uint32_t size;   /* bytes in all */
    uint16_t service_count;
    uint16_t backend_count;
    uint16_t listener_count;
    uint16_t cidr_count;
    uint16_t local_count;
    uint16_t external_count;
    uint32_t services_at; /* offsets in bytes from the beginning, 8-aligned */
    uint32_t backends_at;
    uint32_t listeners_at;
    uint32_t cidrs_at;
    uint32_t locals_at;
    uint32_t externals_at;
    struct conf_global global;
    struct conf_stats stats;
    uint16_t service_of_slot[CONF_MAX_SERVICES]; /* index, or EPOCH_NO_INDEX */
    uint16_t backend_of_slot[CONF_MAX_BACKENDS];
};

/*
 * Copies the configuration, whose slots are set, into a sealed memfd. Returns its descriptor
 * (close-on-exec; the caller's), or -1 with errno: EINVAL when a slot is out of bounds or given
 * twice, ENOMEM, or that of memfd_create(2) and write(2).
 */
int epoch_seal(const struct conf *conf, uint64_t number) MUST_CHECK;

/*
 * Maps a sealed memfd read-only. Returns NULL with errno: EPERM when it is not sealed, EINVAL when
 * it holds no whole epoch. The mapping stays until epoch_unmap(); the descriptor may be closed.
 */
const struct epoch *epoch_map(int fd) MUST_CHECK;
void epoch_unmap(const struct epoch *epoch);

/* The element at an index below its count. */
const struct conf_service *epoch_service(const struct epoch *epoch, unsigned index);
const struct conf_backend *epoch_backend(const struct epoch *epoch, unsigned index);
const struct conf_listener *epoch_listener(const struct epoch *epoch, unsigned index);
const struct cidr *epoch_cidrs(const struct epoch *epoch);
const struct addr *epoch_local(const struct epoch *epoch, unsigned index);
const struct conf_external *epoch_external(const struct epoch *epoch, unsigned index);

/* The element of a board slot, or NULL when this epoch has none there. */
const struct conf_service *epoch_service_by_slot(const struct epoch *epoch, unsigned slot);
const struct conf_backend *epoch_backend_by_slot(const struct epoch *epoch, unsigned slot);

/*
 * Whether the list lets the address in: `all`, a range, or for `controllers` the literal address of
 * any backend in this epoch. board_allows() knows the resolved ones, too.
 */
bool epoch_allows(const struct epoch *epoch, const struct conf_access *access,
                  const struct addr *client);

#endif
