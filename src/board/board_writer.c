#include "board/board_writer.h"

#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "board/board_history.h"
#include "board/board_map.h"
#include "board/twin.h"

/* ---- a child's own mappings ---- */

static void find_region(struct board *board, enum board_role role, unsigned slot)
{
    const struct board_layout *layout = &board->layout;

    board->mine_size = 0;
    if (role == BOARD_ROLE_WORKER) {
        board->mine_at = board_worker_at(layout, slot);
        board->mine_size = layout->worker_size;
    }
    if (role == BOARD_ROLE_CHECKER) {
        board->mine_at = layout->checker_at;
        board->mine_size = layout->tickets_at - layout->checker_at;
    }
}

int board_enter(struct board *board, enum board_role role, unsigned slot)
{
    const struct segment *segment = &board->segment;

    find_region(board, role, slot);
    board->all = segment_map(segment->read_fd, 0, board->size, 0);
    if (board->all == NULL)
        return -1;
    if (board->mine_size > 0) {
        board->mine = segment_map(segment->write_fd, board->mine_at, board->mine_size, 1);
        if (board->mine == NULL)
            return -1;
    }
    if (role == BOARD_ROLE_WORKER) {
        board->tickets_size = board->layout.worker_at - board->layout.tickets_at;
        board->tickets =
            segment_map(segment->write_fd, board->layout.tickets_at, board->tickets_size, 1);
        if (board->tickets == NULL)
            return -1;
    }
    fd_close(&board->segment.read_fd);
    fd_close(&board->segment.write_fd);
    return 0;
}

/* ---- the checker ---- */

struct board_checker *board_my_checker(struct board *board)
{
    return board_mine(board, board_checker(board));
}

bool board_set_health(struct board *board, unsigned backend, uint32_t life,
                      enum board_health health, unsigned marks, uint64_t now_ms)
{
    const uint64_t kept = UINT64_C(0xff00) | BOARD_HEALTH_MASK;
    _Atomic uint64_t *word = board_mine(board, &board_health_words(board)[backend]);
    uint64_t before = atomic_load_explicit(word, memory_order_relaxed);
    uint64_t state = (uint64_t)(life & 0xff) << 8 | (uint64_t)health;
    uint64_t since_ms = (before & kept) == state ? before >> 16 : now_ms;
    uint64_t after = since_ms << 16 | state | (marks & BOARD_MARKS_MASK);

    board_note_history(board, backend, health, now_ms);
    if (after == before)
        return false;
    atomic_store_explicit(word, after, memory_order_release);
    return true;
}

void board_set_check(struct board *board, unsigned backend, const struct board_check *check)
{
    struct board_check_record *own = board_mine(board, &board_checks(board)[backend]);

    twin_write(&own->sequence, own->copies, sizeof(*check), check);
}

void board_set_certificate(struct board *board, unsigned backend,
                           const struct board_certificate *certificate)
{
    struct board_certificate_record *own = board_mine(board, &board_certificates(board)[backend]);

    twin_write(&own->sequence, own->copies, sizeof(*certificate), certificate);
}

void board_set_warnings(struct board *board, const struct board_warnings *warnings)
{
    struct board_checker *own = board_my_checker(board);

    twin_write(&own->warnings_sequence, own->warnings, sizeof(*warnings), warnings);
}

/* ---- a worker ---- */

struct board_worker *board_my_worker(struct board *board)
{
    return (void *)board->mine;
}

struct board_backend_counters *board_my_backend_counters(struct board *board, unsigned backend)
{
    const char *region = board->all + board->mine_at;

    return board_mine(board, &board_region_backends(&board->layout, region)[backend]);
}

struct board_service_counters *board_my_service_counters(struct board *board, unsigned service)
{
    const char *region = board->all + board->mine_at;

    return board_mine(board, &board_region_services(&board->layout, region)[service]);
}

void board_adopt_backend(struct board *board, unsigned backend)
{
    struct board_backend_counters *own = board_my_backend_counters(board, backend);
    uint64_t number = atomic_load(&board_backend(board, backend)->number);
    const size_t head = offsetof(struct board_backend_counters, total);

    if (atomic_load(&own->number) == number)
        return;
    atomic_store(&own->number, 0);
    memset((char *)own + head, 0, sizeof(*own) - head);
    atomic_store_explicit(&own->number, number, memory_order_release);
}

void board_adopt_service(struct board *board, unsigned service)
{
    struct board_service_counters *own = board_my_service_counters(board, service);
    uint64_t number = atomic_load(&board_service(board, service)->number);
    const size_t head = offsetof(struct board_service_counters, accepted);

    if (atomic_load(&own->number) == number)
        return;
    atomic_store(&own->number, 0);
    memset((char *)own + head, 0, sizeof(*own) - head);
    atomic_store_explicit(&own->number, number, memory_order_release);
}

static void add_active(struct board *board, unsigned backend, int32_t more)
{
    const char *region = board->all + board->mine_at;
    _Atomic uint32_t *active = board_mine(board, &board_region_active(region)[backend]);

    atomic_store_explicit(active,
                          atomic_load_explicit(active, memory_order_relaxed) + (uint32_t)more,
                          memory_order_relaxed);
}

void board_session_begin(struct board *board, unsigned backend)
{
    add_active(board, backend, 1);
}

void board_session_end(struct board *board, unsigned backend)
{
    add_active(board, backend, -1);
}

void board_add_evidence(struct board *board, unsigned backend, enum board_evidence_kind kind)
{
    _Atomic uint64_t *word = &board_my_backend_counters(board, backend)->evidence;
    uint64_t number = (atomic_load_explicit(word, memory_order_relaxed) >> 8) + 1;

    atomic_store_explicit(word, number << 8 | (uint64_t)kind, memory_order_release);
}

uint64_t board_take_ticket(struct board *board, unsigned service)
{
    return atomic_fetch_add_explicit(&board->tickets[service * BOARD_TICKET_STRIDE], 1,
                                     memory_order_relaxed);
}
