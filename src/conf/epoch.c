#include "conf/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Since Linux 6.3; older C libraries do not have the name, older kernels refuse it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* Takes `size` bytes at the end; returns where they begin, 8-aligned. */
static uint32_t place(uint32_t *end, size_t size)
{
    uint32_t at = (*end + 7) & ~7u;

    *end = at + (uint32_t)size;
    return at;
}

/* The counts and places of a configuration; nothing is copied yet. */
static void lay_out(struct epoch *epoch, const struct conf *conf)
{
    uint32_t end = sizeof(*epoch);

    epoch->service_count = conf->service_count;
    epoch->backend_count = conf->backend_count;
    epoch->listener_count = conf->listener_count;
    epoch->cidr_count = conf->cidr_count;
    epoch->local_count = conf->local_count;
    epoch->external_count = conf->external_count;
    epoch->services_at = place(&end, conf->service_count * sizeof(*conf->services));
    epoch->backends_at = place(&end, conf->backend_count * sizeof(*conf->backends));
    epoch->listeners_at = place(&end, conf->listener_count * sizeof(*conf->listeners));
    epoch->cidrs_at = place(&end, conf->cidr_count * sizeof(*conf->cidrs));
    epoch->locals_at = place(&end, conf->local_count * sizeof(*conf->locals));
    epoch->externals_at = place(&end, conf->external_count * sizeof(*conf->externals));
    epoch->size = end;
}

/* Notes which index each slot has; -1 when a slot is none or has two. */
static int index_slots(struct epoch *epoch, const struct conf *conf)
{
    memset(epoch->service_of_slot, 0xff, sizeof(epoch->service_of_slot));
    memset(epoch->backend_of_slot, 0xff, sizeof(epoch->backend_of_slot));
    for (uint16_t i = 0; i < conf->service_count; i++) {
        uint16_t slot = conf->services[i].slot;

        if (slot >= CONF_MAX_SERVICES || epoch->service_of_slot[slot] != EPOCH_NO_INDEX)
            return -1;
        epoch->service_of_slot[slot] = i;
    }
    for (uint16_t i = 0; i < conf->backend_count; i++) {
        uint16_t slot = conf->backends[i].slot;

        if (slot >= CONF_MAX_BACKENDS || epoch->backend_of_slot[slot] != EPOCH_NO_INDEX)
            return -1;
        epoch->backend_of_slot[slot] = i;
    }
    return 0;
}

static void copy(char *to, const void *from, size_t size)
{
    if (size > 0)
        memcpy(to, from, size);
}

static void copy_arrays(char *whole, const struct epoch *epoch, const struct conf *conf)
{
    copy(whole + epoch->services_at, conf->services, conf->service_count * sizeof(*conf->services));
    copy(whole + epoch->backends_at, conf->backends, conf->backend_count * sizeof(*conf->backends));
    copy(whole + epoch->listeners_at, conf->listeners,
         conf->listener_count * sizeof(*conf->listeners));
    copy(whole + epoch->cidrs_at, conf->cidrs, conf->cidr_count * sizeof(*conf->cidrs));
    copy(whole + epoch->locals_at, conf->locals, conf->local_count * sizeof(*conf->locals));
    copy(whole + epoch->externals_at, conf->externals,
         conf->external_count * sizeof(*conf->externals));
}

/* The flat value in memory, to be freed by the caller; NULL with errno. */
static struct epoch *flatten(const struct conf *conf, uint64_t number)
{
    struct epoch measure = {0};
    struct epoch *epoch;

    lay_out(&measure, conf);
    epoch = calloc(1, measure.size);
    if (epoch == NULL)
        return NULL;
    lay_out(epoch, conf);
    epoch->number = number;
    epoch->global = conf->global;
    epoch->stats = conf->stats;
    if (index_slots(epoch, conf) == -1) {
        free(epoch);
        errno = EINVAL;
        return NULL;
    }
    copy_arrays((char *)epoch, epoch, conf);
    return epoch;
}

static int make_memfd(void)
{
    int fd = memfd_create("k0slb-epoch", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd == -1 && errno == EINVAL)
        fd = memfd_create("k0slb-epoch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

int epoch_seal(const struct conf *conf, uint64_t number)
{
    struct epoch *epoch = flatten(conf, number);
    int fd = epoch != NULL ? make_memfd() : -1;

    if (fd != -1 &&
        (fd_write_all(fd, epoch, epoch->size) == -1 || fcntl(fd, F_ADD_SEALS, ALL_SEALS) == -1))
        fd_close(&fd);
    free(epoch);
    return fd;
}

static bool is_inside(const struct epoch *epoch, uint32_t at, size_t size)
{
    return at % 8 == 0 && at >= sizeof(*epoch) && at <= epoch->size && size <= epoch->size - at;
}

static bool has_places(const struct epoch *epoch)
{
    return epoch->service_count <= CONF_MAX_SERVICES && epoch->backend_count <= CONF_MAX_BACKENDS &&
           epoch->listener_count <= CONF_MAX_LISTENERS && epoch->cidr_count <= CONF_MAX_CIDRS &&
           epoch->local_count <= CONF_MAX_LOCALS && epoch->external_count <= CONF_MAX_EXTERNALS &&
           is_inside(epoch, epoch->services_at,
                     epoch->service_count * sizeof(struct conf_service)) &&
           is_inside(epoch, epoch->backends_at,
                     epoch->backend_count * sizeof(struct conf_backend)) &&
           is_inside(epoch, epoch->listeners_at,
                     epoch->listener_count * sizeof(struct conf_listener)) &&
           is_inside(epoch, epoch->cidrs_at, epoch->cidr_count * sizeof(struct cidr)) &&
           is_inside(epoch, epoch->locals_at, epoch->local_count * sizeof(struct addr)) &&
           is_inside(epoch, epoch->externals_at,
                     epoch->external_count * sizeof(struct conf_external));
}

static bool is_range(unsigned first, unsigned count, unsigned total)
{
    return first <= total && count <= total - first;
}

static bool is_access(const struct epoch *epoch, const struct conf_access *access)
{
    return is_range(access->first_cidr, access->cidr_count, epoch->cidr_count);
}

static bool is_index(unsigned index, unsigned count)
{
    return index < count || index == CONF_NO_INDEX;
}

static bool is_service(const struct epoch *epoch, unsigned index)
{
    const struct conf_service *service = epoch_service(epoch, index);

    return service->slot < CONF_MAX_SERVICES && epoch->service_of_slot[service->slot] == index &&
           service->balance <= BALANCE_SOURCE_SPREAD &&
           is_range(service->first_backend, service->backend_count, epoch->backend_count) &&
           is_range(service->first_listener, service->listener_count, epoch->listener_count) &&
           is_range(service->first_local, service->local_count, epoch->local_count) &&
           is_index(service->required, epoch->service_count) &&
           is_access(epoch, &service->allow) && is_access(epoch, &service->deny);
}

static bool is_backend(const struct epoch *epoch, unsigned index)
{
    const struct conf_backend *backend = epoch_backend(epoch, index);

    return backend->slot < CONF_MAX_BACKENDS && epoch->backend_of_slot[backend->slot] == index &&
           backend->service < epoch->service_count &&
           is_index(backend->required, epoch->backend_count);
}

static bool has_addresses(const struct epoch *epoch)
{
    for (unsigned i = 0; i < epoch->cidr_count; i++) {
        if (epoch_cidrs(epoch)[i].prefix > 128)
            return false;
    }
    for (unsigned i = 0; i < epoch->local_count; i++) {
        uint8_t family = epoch_local(epoch, i)->family;

        if (family != ADDR_IPV4 && family != ADDR_IPV6)
            return false;
    }
    return true;
}

static bool has_indices(const struct epoch *epoch)
{
    for (unsigned i = 0; i < epoch->service_count; i++) {
        if (!is_service(epoch, i))
            return false;
    }
    for (unsigned i = 0; i < epoch->backend_count; i++) {
        if (!is_backend(epoch, i))
            return false;
    }
    for (unsigned i = 0; i < epoch->listener_count; i++) {
        uint16_t owner = epoch_listener(epoch, i)->owner;

        if (owner != CONF_STATS_OWNER && owner >= epoch->service_count)
            return false;
    }
    return is_access(epoch, &epoch->stats.allow);
}

static bool has_slots(const struct epoch *epoch)
{
    for (unsigned i = 0; i < CONF_MAX_SERVICES; i++) {
        if (epoch->service_of_slot[i] != EPOCH_NO_INDEX &&
            epoch->service_of_slot[i] >= epoch->service_count)
            return false;
    }
    for (unsigned i = 0; i < CONF_MAX_BACKENDS; i++) {
        if (epoch->backend_of_slot[i] != EPOCH_NO_INDEX &&
            epoch->backend_of_slot[i] >= epoch->backend_count)
            return false;
    }
    return true;
}

/* The size of a sealed file that may hold an epoch; 0 with errno. */
static size_t sealed_size(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat file;

    if (seals == -1 || (seals & ALL_SEALS) != ALL_SEALS) {
        errno = EPERM;
        return 0;
    }
    if (fstat(fd, &file) == -1)
        return 0;
    if (file.st_size < (off_t)sizeof(struct epoch) || file.st_size > UINT32_MAX) {
        errno = EINVAL;
        return 0;
    }
    return (size_t)file.st_size;
}

const struct epoch *epoch_map(int fd)
{
    size_t size = sealed_size(fd);
    struct epoch *epoch;

    if (size == 0)
        return NULL;
    /* Private: before Linux 6.7 a write-sealed file cannot be mapped shared, even to read. */
    epoch = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (epoch == MAP_FAILED)
        return NULL;
    if (epoch->size == size && has_places(epoch) && has_indices(epoch) && has_slots(epoch) &&
        has_addresses(epoch))
        return epoch;
    munmap(epoch, size);
    errno = EINVAL;
    return NULL;
}

void epoch_unmap(const struct epoch *epoch)
{
    union {
        const struct epoch *mapped;
        void *address;
    } both = {epoch};

    if (epoch != NULL)
        munmap(both.address, epoch->size);
}

const struct conf_service *epoch_service(const struct epoch *epoch, unsigned index)
{
    const char *list = (const char *)epoch + epoch->services_at;

    return (const struct conf_service *)(const void *)list + index;
}

const struct conf_backend *epoch_backend(const struct epoch *epoch, unsigned index)
{
    const char *list = (const char *)epoch + epoch->backends_at;

    return (const struct conf_backend *)(const void *)list + index;
}

const struct conf_listener *epoch_listener(const struct epoch *epoch, unsigned index)
{
    const char *list = (const char *)epoch + epoch->listeners_at;

    return (const struct conf_listener *)(const void *)list + index;
}

const struct cidr *epoch_cidrs(const struct epoch *epoch)
{
    return (const struct cidr *)(const void *)((const char *)epoch + epoch->cidrs_at);
}

const struct addr *epoch_local(const struct epoch *epoch, unsigned index)
{
    const char *list = (const char *)epoch + epoch->locals_at;

    return (const struct addr *)(const void *)list + index;
}

const struct conf_external *epoch_external(const struct epoch *epoch, unsigned index)
{
    const char *list = (const char *)epoch + epoch->externals_at;

    return (const struct conf_external *)(const void *)list + index;
}

const struct conf_service *epoch_service_by_slot(const struct epoch *epoch, unsigned slot)
{
    if (slot >= CONF_MAX_SERVICES || epoch->service_of_slot[slot] == EPOCH_NO_INDEX)
        return NULL;
    return epoch_service(epoch, epoch->service_of_slot[slot]);
}

const struct conf_backend *epoch_backend_by_slot(const struct epoch *epoch, unsigned slot)
{
    if (slot >= CONF_MAX_BACKENDS || epoch->backend_of_slot[slot] == EPOCH_NO_INDEX)
        return NULL;
    return epoch_backend(epoch, epoch->backend_of_slot[slot]);
}

static bool is_backend_address(const struct epoch *epoch, const struct addr *client)
{
    for (unsigned i = 0; i < epoch->backend_count; i++) {
        if (addr_same_ip(&epoch_backend(epoch, i)->address, client))
            return true;
    }
    return false;
}

bool epoch_allows(const struct epoch *epoch, const struct conf_access *access,
                  const struct addr *client)
{
    if (access->everyone)
        return true;
    if (cidr_list_contains(epoch_cidrs(epoch) + access->first_cidr, access->cidr_count, client))
        return true;
    return access->controllers && is_backend_address(epoch, client);
}
