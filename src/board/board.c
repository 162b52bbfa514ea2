#include "board/board.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "board/board_map.h"
#include "board/segment.h"

/* A copy is taken again when a writing ended meanwhile; so often in a row none can. */
#define COPY_TRIES 1000

/* ---- opening ---- */

static bool is_valid(const struct board_prefix *prefix, uint64_t size)
{
    return memcmp(prefix->magic, BOARD_MAGIC, sizeof(prefix->magic)) == 0 &&
           prefix->version == BOARD_VERSION && prefix->prefix_size == sizeof(*prefix) &&
           prefix->size == size;
}

int board_map_all(struct board *board, int fd)
{
    struct stat status;

    if (fstat(fd, &status) == -1)
        return -1;
    if ((uint64_t)status.st_size < sizeof(struct board_master)) {
        errno = EPROTO;
        return -1;
    }
    board->size = (uint64_t)status.st_size;
    board->all = segment_map(fd, 0, board->size, 0);
    if (board->all == NULL)
        return -1;
    board->layout = board_master(board)->layout;
    if (is_valid(&board_master(board)->prefix, board->size) && board_layout_fits(board))
        return 0;
    munmap(board->all, board->size);
    board->all = NULL;
    errno = EPROTO;
    return -1;
}

struct board *board_open(const char *name)
{
    struct board *board = board_new(name);
    int fd;
    int result;

    if (board == NULL)
        return NULL;
    fd = segment_open(name);
    if (fd == -1)
        goto fail;
    result = board_map_all(board, fd);
    fd_close(&fd);
    if (result == 0)
        return board;

fail:
    free(board);
    return NULL;
}

/* ---- the parts ---- */

const struct board_master *board_master(const struct board *board)
{
    return (const struct board_master *)(const void *)board->all;
}

const struct board_service *board_service(const struct board *board, unsigned slot)
{
    const void *first = board->all + board->layout.services_at;

    return (const struct board_service *)first + slot;
}

const struct board_backend *board_backend(const struct board *board, unsigned slot)
{
    const void *first = board->all + board->layout.backends_at;

    return (const struct board_backend *)first + slot;
}

const struct board_checker *board_checker(const struct board *board)
{
    return (const void *)(board->all + board->layout.checker_at);
}

const struct board_worker *board_worker(const struct board *board, unsigned worker)
{
    uint64_t exists =
        atomic_load_explicit(&board_master(board)->region_exists, memory_order_acquire);

    if (worker >= board->layout.workers || !(exists >> worker & 1))
        return NULL;
    return (const void *)(board->all + board_worker_at(&board->layout, worker));
}

/* ---- addresses ---- */

/* Whether what was read since then is of one writing: the next one goes to the other copy. */
static bool is_unchanged(const _Atomic uint32_t *sequence, uint32_t before)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(sequence, memory_order_relaxed) == before;
}

static void load_words(uint64_t *to, const _Atomic uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
}

int board_backend_address(const struct board *board, unsigned slot, struct addr *out)
{
    const struct board_address *address = &board_backend(board, slot)->address;
    uint64_t words[BOARD_ADDRESS_WORDS];

    for (int i = 0; i < COPY_TRIES; i++) {
        uint32_t before = atomic_load_explicit(&address->sequence, memory_order_acquire);

        load_words(words, address->words[before % 2], ARRAY_LEN(words));
        if (is_unchanged(&address->sequence, before))
            break;
    }
    memcpy(out, words, sizeof(*out));
    return out->family == ADDR_NONE ? -1 : 0;
}

void board_backend_host(const struct board *board, unsigned slot, char host[CONF_HOST_SIZE])
{
    const struct board_address *address = &board_backend(board, slot)->address;
    uint64_t words[BOARD_HOST_WORDS];

    for (int i = 0; i < COPY_TRIES; i++) {
        uint32_t before = atomic_load_explicit(&address->sequence, memory_order_acquire);

        load_words(words, address->host[before % 2], ARRAY_LEN(words));
        if (is_unchanged(&address->sequence, before))
            break;
    }
    memcpy(host, words, CONF_HOST_SIZE);
    host[CONF_HOST_SIZE - 1] = '\0';
}

uint32_t board_backend_life(const struct board *board, unsigned slot)
{
    return atomic_load_explicit(&board_backend(board, slot)->life, memory_order_acquire);
}

static bool is_resolved_backend(const struct board *board, const struct epoch *epoch,
                                const struct addr *client)
{
    for (unsigned i = 0; i < epoch->backend_count; i++) {
        struct addr address;

        if (board_backend_address(board, epoch_backend(epoch, i)->slot, &address) == 0 &&
            addr_same_ip(&address, client))
            return true;
    }
    return false;
}

bool board_allows(const struct board *board, const struct epoch *epoch,
                  const struct conf_access *access, const struct addr *client)
{
    if (epoch_allows(epoch, access, client))
        return true;
    return access->controllers && is_resolved_backend(board, epoch, client);
}

/* ---- health words ---- */

/* A word: bits 0-2 the state, 3-7 marks, 8-15 the end of the backend's life, the rest since when.
 */
static uint64_t health_word(const struct board *board, unsigned slot)
{
    uint64_t word = atomic_load_explicit(&board_health_words(board)[slot], memory_order_acquire);
    uint32_t life = atomic_load_explicit(&board_backend(board, slot)->life, memory_order_relaxed);

    return (word >> 8 & 0xff) == (life & 0xff) ? word : BOARD_UNCHECKED;
}

enum board_health board_health(const struct board *board, unsigned slot)
{
    uint64_t word = health_word(board, slot);
    enum board_health probed = (enum board_health)(word & BOARD_HEALTH_MASK);

    return probed != BOARD_DOWN && (word & BOARD_MARK_BLOCKED) != 0 ? BOARD_BLOCKED : probed;
}

enum board_health board_probed_health(const struct board *board, unsigned slot)
{
    return (enum board_health)(health_word(board, slot) & BOARD_HEALTH_MASK);
}

unsigned board_health_marks(const struct board *board, unsigned slot)
{
    return (unsigned)(health_word(board, slot) & BOARD_MARKS_MASK);
}

uint64_t board_health_since(const struct board *board, unsigned slot)
{
    return health_word(board, slot) >> 16;
}

/* ---- workers ---- */

uint32_t board_worker_active(const struct board *board, unsigned worker, unsigned backend)
{
    const char *region = board->all + board_worker_at(&board->layout, worker);

    return atomic_load_explicit(&board_region_active(region)[backend], memory_order_relaxed);
}

/* A slot's numbers are its owner's, or nothing. */
const struct board_backend_counters *board_worker_backend(const struct board *board,
                                                          unsigned worker, unsigned backend)
{
    static const struct board_backend_counters nothing;
    const char *region = board->all + board_worker_at(&board->layout, worker);
    const struct board_backend_counters *own =
        &board_region_backends(&board->layout, region)[backend];

    return atomic_load(&own->number) == atomic_load(&board_backend(board, backend)->number)
               ? own
               : &nothing;
}

const struct board_service_counters *board_worker_service(const struct board *board,
                                                          unsigned worker, unsigned service)
{
    static const struct board_service_counters nothing;
    const char *region = board->all + board_worker_at(&board->layout, worker);
    const struct board_service_counters *own =
        &board_region_services(&board->layout, region)[service];

    return atomic_load(&own->number) == atomic_load(&board_service(board, service)->number)
               ? own
               : &nothing;
}

uint32_t board_active(const struct board *board, unsigned backend)
{
    uint64_t exists =
        atomic_load_explicit(&board_master(board)->region_exists, memory_order_relaxed);
    uint32_t sum = 0;

    for (unsigned worker = 0; worker < board->layout.workers; worker++, exists >>= 1) {
        if (exists & 1)
            sum += board_worker_active(board, worker, backend);
    }
    return sum;
}

struct board_evidence board_evidence(const struct board *board, unsigned worker, unsigned backend)
{
    uint64_t word = atomic_load_explicit(&board_worker_backend(board, worker, backend)->evidence,
                                         memory_order_acquire);

    return (struct board_evidence){word >> 8, (enum board_evidence_kind)(word & 0xff)};
}

/* ---- words for values ---- */

static const char *word(const char *const *words, size_t count, unsigned value)
{
    return value < count && words[value] != NULL ? words[value] : "?";
}

const char *board_health_name(enum board_health health)
{
    static const char *const names[] = {"unchecked", "up", "suspect", "down", "blocked"};

    return word(names, ARRAY_LEN(names), health);
}

const char *board_admin_name(enum board_admin_state state)
{
    static const char *const names[] = {"ready", "drain", "maint"};

    return word(names, ARRAY_LEN(names), state);
}

const char *board_check_name(enum board_check_code code)
{
    static const char *const names[] = {
        [CHECKED_NONE] = "-",      [CHECKED_L4OK] = "L4OK",   [CHECKED_L4TOUT] = "L4TOUT",
        [CHECKED_L4CON] = "L4CON", [CHECKED_L6OK] = "L6OK",   [CHECKED_L6TOUT] = "L6TOUT",
        [CHECKED_L6RSP] = "L6RSP", [CHECKED_L7OK] = "L7OK",   [CHECKED_L7TOUT] = "L7TOUT",
        [CHECKED_L7RSP] = "L7RSP", [CHECKED_L7STS] = "L7STS",
    };

    return word(names, ARRAY_LEN(names), code);
}

const char *board_end_name(enum board_end end)
{
    static const char *const names[BOARD_END_COUNT] = {
        [BOARD_END_CLIENT_FIN] = "client FIN",
        [BOARD_END_BACKEND_FIN] = "backend FIN",
        [BOARD_END_CLIENT_RESET] = "client RST",
        [BOARD_END_BACKEND_RESET] = "backend RST",
        [BOARD_END_CONNECT_FAILED] = "connect failed",
        [BOARD_END_CLIENT_GONE] = "client left",
        [BOARD_END_STOPPED] = "stopped",
        [BOARD_END_INTERNAL] = "internal",
        [BOARD_END_IDLE] = "idle",
        [BOARD_END_DRAINED] = "drained",
        [BOARD_END_DEAD_CLIENT] = "dead client",
        [BOARD_END_DEAD_BACKEND] = "dead backend",
        [BOARD_END_LIMIT] = "limit",
        [BOARD_END_REPLAYED] = "replayed",
        [BOARD_END_BACKEND_DOWN] = "backend down",
        [BOARD_END_ADMIN] = "admin",
    };

    return word(names, ARRAY_LEN(names), end);
}

const char *board_worker_state_name(enum board_worker_state state)
{
    static const char *const names[] = {"none", "starting", "running", "draining"};

    return word(names, ARRAY_LEN(names), state);
}

const char *board_role_name(enum board_role role)
{
    static const char *const names[] = {"none", "worker", "checker", "stats"};

    return word(names, ARRAY_LEN(names), role);
}
