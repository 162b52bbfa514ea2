#include "board/board_master.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#include "base/log.h"
#include "base/mono.h"
#include "base/process.h"
#include "base/rng.h"
#include "board/board_map.h"
#include "board/twin.h"

/* Client addresses in a worker's table, unless the configuration says how many. */
#define SOURCES 8192

/* Room to grow through reloads, within what a configuration can have at all. */
static unsigned grown(unsigned configured, unsigned least, unsigned most)
{
    unsigned wanted = configured * 4;

    if (wanted < least)
        return least;
    return wanted > most ? most : wanted;
}

/* Whether the name may be taken: it is free, or ours, or we are root. */
static int may_replace(const char *name)
{
    char path[CONF_NAME_SIZE + 16];
    struct stat status;

    snprintf(path, sizeof(path), "/dev/shm/%s", name);
    if (lstat(path, &status) == -1 || status.st_uid == geteuid())
        return 0;
    if (geteuid() != 0) {
        errno = EPERM;
        return -1;
    }
    log_warning("%s belonged to user %u: replaced", path, (unsigned)status.st_uid);
    return 0;
}

static void fill_header(struct board *board, unsigned workers)
{
    struct board_master *master = board_my_master(board);
    struct rng rng;

    master->layout = board->layout;
    snprintf(master->name, sizeof(master->name), "%s", board->name);
    snprintf(master->version, sizeof(master->version), "%s", PACKAGE_VERSION);
    master->started_ms = wall_ms();
    master->started_mono_ms = mono_ms();
    rng_init(&rng);
    master->source_seed = rng.state;
    atomic_init(&master->reload_ok, 1);
    atomic_init(&master->reload_ms, master->started_ms);
    atomic_init(&master->epoch, 1);
    atomic_init(&master->workers_wanted, workers);
    master->prefix.version = BOARD_VERSION;
    master->prefix.prefix_size = sizeof(master->prefix);
    master->prefix.size = board->size;
    master->prefix.master_start_time = process_start_time(getpid());
    atomic_store(&master->prefix.master_pid, getpid());
    memcpy(master->prefix.magic, BOARD_MAGIC, sizeof(master->prefix.magic));
}

static int map_for_writing(struct board *board)
{
    board->all = segment_map(board->segment.write_fd, 0, board->size, 1);
    if (board->all == NULL)
        return -1;
    return madvise(board->all, board->size, MADV_DONTFORK);
}

struct board *board_create(const struct board_plan *plan)
{
    struct board *board = board_new(plan->name);
    int saved;

    if (board == NULL)
        return NULL;
    board->layout = (struct board_layout){
        .services = grown(plan->services, 16, CONF_MAX_SERVICES),
        .backends = grown(plan->backends, 64, CONF_MAX_BACKENDS),
        .workers = 3 * plan->workers,
        .sources = plan->sources == 0 ? SOURCES : plan->sources,
    };
    board_layout_plan(&board->layout);
    board->size = board->layout.size;
    if (may_replace(plan->name) == -1 ||
        segment_create(&board->segment, plan->name, board->size, plan->group) == -1)
        goto fail;
    if (segment_allocate(&board->segment, 0, board->layout.worker_at) == -1 ||
        map_for_writing(board) == -1)
        goto unlink;
    fill_header(board, plan->workers);
    return board;

unlink:
    saved = errno;
    segment_unlink_new(plan->name);
    errno = saved;
fail:
    saved = errno;
    board_close(board);
    errno = saved;
    return NULL;
}

int board_publish(struct board *board)
{
    return segment_publish(board->name);
}

void board_discard(struct board *board)
{
    segment_unlink_new(board->name);
}

void board_unlink(const struct board *board)
{
    segment_unlink(board->name);
}

/* ---- the master's region ---- */

struct board_master *board_my_master(struct board *board)
{
    return (void *)board->all;
}

struct board_service *board_my_service(struct board *board, unsigned slot)
{
    return (struct board_service *)(void *)(board->all + board->layout.services_at) + slot;
}

struct board_backend *board_my_backend(struct board *board, unsigned slot)
{
    return (struct board_backend *)(void *)(board->all + board->layout.backends_at) + slot;
}

/* ---- who is here ---- */

static bool has_inode(const uint64_t *inodes, size_t count, uint64_t inode)
{
    for (size_t i = 0; i < count; i++) {
        if (inodes[i] == inode)
            return true;
    }
    return false;
}

void board_keep_sockets(struct board *board, const uint64_t *inodes, size_t count)
{
    struct board_prefix *prefix = &board_my_master(board)->prefix;

    for (size_t i = 0; i < BOARD_MAX_SOCKETS; i++) {
        if (!has_inode(inodes, count, atomic_load(&prefix->sockets[i].inode)))
            atomic_store(&prefix->sockets[i].inode, 0);
    }
}

/* The socket's own place, else a free one; NULL when all are taken. */
static struct board_socket *socket_place(struct board_prefix *prefix, uint64_t inode)
{
    struct board_socket *place = NULL;

    for (size_t i = 0; i < BOARD_MAX_SOCKETS; i++) {
        struct board_socket *socket = &prefix->sockets[i];
        uint64_t has = atomic_load(&socket->inode);

        if (has == inode)
            return socket;
        if (has == 0 && place == NULL)
            place = socket;
    }
    return place;
}

void board_add_socket(struct board *board, const struct addr *address, unsigned service_slot,
                      uint64_t inode)
{
    struct board_socket *socket = socket_place(&board_my_master(board)->prefix, inode);

    if (socket == NULL)
        return;
    socket->address = *address;
    socket->service = (uint16_t)service_slot;
    atomic_store_explicit(&socket->inode, inode, memory_order_release);
}

/* A free place, else an orphan's for one who is none; NULL when there is no such. */
static struct board_child *child_place(struct board_prefix *prefix, bool is_orphan)
{
    struct board_child *place = NULL;

    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        struct board_child *child = &prefix->children[i];

        if (atomic_load(&child->pid) == 0)
            return child;
        if (place == NULL && child->orphan && !is_orphan)
            place = child;
    }
    return place;
}

/*
 * Whoever takes over has to find every child, for it goes on accepting. Orphans have been told to
 * leave, and do so unseen where there is no place for them.
 */
static void add_child(struct board *board, pid_t pid, const struct board_child *entry)
{
    struct board_child *child = child_place(&board_my_master(board)->prefix, entry->orphan != 0);

    if (child == NULL)
        return;
    atomic_store(&child->pid, 0);
    child->role = entry->role;
    child->slot = entry->slot;
    child->orphan = entry->orphan;
    child->start_time = entry->start_time;
    atomic_store_explicit(&child->pid, pid, memory_order_release);
}

void board_add_child(struct board *board, pid_t pid, uint64_t start_time, enum board_role role,
                     unsigned slot)
{
    const struct board_child entry = {
        .role = (uint16_t)role, .slot = (uint16_t)slot, .start_time = start_time};

    add_child(board, pid, &entry);
}

void board_add_orphan(struct board *board, pid_t pid, uint64_t start_time, enum board_role role)
{
    const struct board_child entry = {
        .role = (uint16_t)role, .orphan = 1, .start_time = start_time};

    add_child(board, pid, &entry);
}

/* An orphan's pid may be a child's again before its end is noticed. */
static void remove_child(struct board *board, pid_t pid, bool is_orphan)
{
    struct board_prefix *prefix = &board_my_master(board)->prefix;

    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        struct board_child *child = &prefix->children[i];

        if (atomic_load(&child->pid) == pid && (child->orphan != 0) == is_orphan)
            atomic_store(&child->pid, 0);
    }
}

void board_remove_child(struct board *board, pid_t pid)
{
    remove_child(board, pid, false);
}

void board_remove_orphan(struct board *board, pid_t pid)
{
    remove_child(board, pid, true);
}

/* Allocates a part of a worker's region that no bit of *exists says is there. */
static int allocate(struct board *board, unsigned worker, _Atomic uint64_t *exists,
                    const uint64_t from_to[2])
{
    uint64_t at = board_worker_at(&board->layout, worker);

    if (atomic_load(exists) >> worker & 1)
        return 0;
    if (segment_allocate(&board->segment, at + from_to[0], from_to[1] - from_to[0]) == -1)
        return -1;
    atomic_fetch_or_explicit(exists, UINT64_C(1) << worker, memory_order_release);
    return 0;
}

static int allocate_table(struct board *board, unsigned worker)
{
    const struct board_layout *layout = &board->layout;
    const uint64_t table[] = {layout->sources_at, layout->worker_size};

    return allocate(board, worker, &board_my_master(board)->table_exists, table);
}

int board_allocate_worker(struct board *board, unsigned worker)
{
    struct board_master *master = board_my_master(board);
    const uint64_t numbers[] = {0, board->layout.sources_at};

    if (allocate(board, worker, &master->region_exists, numbers) == -1)
        return -1;
    return master->table_wanted ? allocate_table(board, worker) : 0;
}

int board_want_sources(struct board *board)
{
    struct board_master *master = board_my_master(board);

    for (unsigned worker = 0; worker < board->layout.workers; worker++) {
        if ((atomic_load(&master->region_exists) >> worker & 1) &&
            allocate_table(board, worker) == -1)
            return -1;
    }
    master->table_wanted = 1;
    return 0;
}

static void clear_words(void *words, uint64_t size)
{
    _Atomic uint32_t *word = words;

    for (uint64_t i = 0; i < size / sizeof(*word); i++)
        atomic_store_explicit(&word[i], 0, memory_order_relaxed);
}

static void clear_services(struct board *board, const char *region)
{
    struct board_service_counters *counters =
        board_writable(board, board_region_services(&board->layout, region));

    for (unsigned i = 0; i < board->layout.services; i++) {
        atomic_store_explicit(&counters[i].sessions, 0, memory_order_relaxed);
        atomic_store_explicit(&counters[i].recent_sessions, 0, memory_order_relaxed);
        atomic_store_explicit(&counters[i].recent_replays, 0, memory_order_relaxed);
    }
}

void board_clear_worker(struct board *board, unsigned worker)
{
    const struct board_layout *layout = &board->layout;
    char *at = board->all + board_worker_at(layout, worker);
    struct board_worker *region = (void *)at;

    atomic_store(&region->state, BOARD_WORKER_NONE);
    atomic_store(&region->sessions, 0);
    atomic_store(&region->heartbeat_ms, 0);
    clear_words(board_writable(board, board_region_active(at)),
                layout->backends * sizeof(uint32_t));
    clear_services(board, at);
    if (atomic_load(&board_my_master(board)->table_exists) >> worker & 1)
        clear_words(at + layout->sources_at, layout->worker_size - layout->sources_at);
}

void board_set_master_warning(struct board *board, const struct board_warning *warning)
{
    static const struct board_warning none;
    struct board_warning_record *own = &board_my_master(board)->warning;

    twin_write(&own->sequence, own->copies, sizeof(*warning), warning != NULL ? warning : &none);
}

void board_event(struct board *board, const char *format, ...)
{
    struct board_master *master = board_my_master(board);
    uint64_t number = atomic_load(&master->events) + 1;
    struct board_event *event = &master->event[(number - 1) % BOARD_MAX_EVENTS];
    va_list args;

    atomic_store(&event->number, 0);
    atomic_thread_fence(memory_order_release);
    event->at_ms = wall_ms();
    va_start(args, format);
    vsnprintf(event->text, sizeof(event->text), format, args);
    va_end(args);
    atomic_store_explicit(&event->number, number, memory_order_release);
    atomic_store_explicit(&master->events, number, memory_order_release);
}
