#include "board/board_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "board/board.h"

static uint64_t align(uint64_t size)
{
    return (size + 63) / 64 * 64;
}

struct board *board_new(const char *name)
{
    struct board *board = calloc(1, sizeof(*board));

    if (board == NULL)
        return NULL;
    strncpy(board->name, name, sizeof(board->name) - 1);
    board->segment.read_fd = board->segment.write_fd = -1;
    return board;
}

void board_close(struct board *board)
{
    if (board == NULL)
        return;
    if (board->all != NULL)
        munmap(board->all, board->size);
    if (board->mine != NULL)
        munmap(board->mine, board->mine_size);
    if (board->tickets != NULL)
        munmap(board->tickets, board->tickets_size);
    fd_close(&board->segment.read_fd);
    fd_close(&board->segment.write_fd);
    free(board);
}

static uint64_t services_in_worker(const struct board_layout *layout)
{
    return align(sizeof(struct board_worker)) + align(layout->backends * sizeof(_Atomic uint32_t));
}

static uint64_t backends_in_worker(const struct board_layout *layout)
{
    return services_in_worker(layout) +
           align(layout->services * sizeof(struct board_service_counters));
}

static uint64_t table_size(const struct board_layout *layout)
{
    return sizeof(struct board_source_table) +
           layout->sources * (sizeof(_Atomic uint32_t) + sizeof(struct board_source));
}

uint64_t board_checks_offset(const struct board_layout *layout)
{
    return align(sizeof(struct board_checker)) + align(layout->backends * sizeof(uint64_t));
}

static uint64_t certificates_offset(const struct board_layout *layout)
{
    return board_checks_offset(layout) +
           align(layout->backends * sizeof(struct board_check_record));
}

static uint64_t histories_offset(const struct board_layout *layout)
{
    return certificates_offset(layout) +
           align(layout->backends * sizeof(struct board_certificate_record));
}

void board_layout_plan(struct board_layout *layout)
{
    const uint64_t services = layout->services;
    const uint64_t backends = layout->backends;
    uint64_t at;

    layout->services_at = align(sizeof(struct board_master));
    layout->backends_at = align(layout->services_at + services * sizeof(struct board_service));
    at = segment_round(layout->backends_at + backends * sizeof(struct board_backend));
    layout->admin_at = at;
    at = segment_round(at + sizeof(struct board_admin) + 2 * backends * sizeof(uint64_t));
    layout->checker_at = at;
    at = segment_round(at + histories_offset(layout) +
                       backends * sizeof(struct board_history_record));
    layout->tickets_at = at;
    at = segment_round(at + services * BOARD_TICKET_STRIDE * sizeof(uint64_t));
    layout->worker_at = at;
    layout->sources_at = segment_round(backends_in_worker(layout) +
                                       backends * sizeof(struct board_backend_counters));
    layout->worker_size = layout->sources_at + segment_round(table_size(layout));
    layout->size = at + layout->workers * layout->worker_size;
}

bool board_layout_fits(const struct board *board)
{
    const struct board_layout *have = &board->layout;
    struct board_layout planned = {.services = have->services,
                                   .backends = have->backends,
                                   .workers = have->workers,
                                   .sources = have->sources};

    if (have->services > CONF_MAX_SERVICES || have->backends > CONF_MAX_BACKENDS ||
        have->workers > 3 * CONF_MAX_WORKERS)
        return false;
    board_layout_plan(&planned);
    return memcmp(&planned, have, sizeof(planned)) == 0 && planned.size == board->size;
}

void *board_writable(struct board *board, const void *shared)
{
    return board->all + ((const char *)shared - board->all);
}

void *board_mine(const struct board *board, const void *shared)
{
    return board->mine + ((const char *)shared - board->all) - board->mine_at;
}

uint64_t board_worker_at(const struct board_layout *layout, unsigned worker)
{
    return layout->worker_at + worker * layout->worker_size;
}

static const struct board_admin *admin_region(const struct board *board)
{
    return (const void *)(board->all + board->layout.admin_at);
}

const _Atomic uint64_t *board_admin_word_at(const struct board *board, unsigned slot)
{
    const struct board_admin *region = admin_region(board);

    return slot == BOARD_SELF ? &region->self : &region->backend[slot];
}

const _Atomic uint64_t *board_admin_who_at(const struct board *board, unsigned slot)
{
    const struct board_admin *region = admin_region(board);

    return slot == BOARD_SELF ? &region->self_who : &region->backend[board->layout.backends + slot];
}

const _Atomic uint64_t *board_health_words(const struct board *board)
{
    return (const void *)(board->all + board->layout.checker_at +
                          align(sizeof(struct board_checker)));
}

const struct board_check_record *board_checks(const struct board *board)
{
    return (const void *)(board->all + board->layout.checker_at +
                          board_checks_offset(&board->layout));
}

const struct board_certificate_record *board_certificates(const struct board *board)
{
    return (const void *)(board->all + board->layout.checker_at +
                          certificates_offset(&board->layout));
}

const struct board_history_record *board_histories(const struct board *board)
{
    return (const void *)(board->all + board->layout.checker_at + histories_offset(&board->layout));
}

const _Atomic uint32_t *board_region_active(const char *region)
{
    return (const void *)(region + align(sizeof(struct board_worker)));
}

const struct board_service_counters *board_region_services(const struct board_layout *layout,
                                                           const char *region)
{
    return (const void *)(region + services_in_worker(layout));
}

const struct board_backend_counters *board_region_backends(const struct board_layout *layout,
                                                           const char *region)
{
    return (const void *)(region + backends_in_worker(layout));
}
