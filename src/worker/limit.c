#include "worker/limit.h"

#include <stdatomic.h>

static _Atomic uint32_t *own_gauge(struct worker *worker, unsigned service_slot)
{
    return &board_my_service_counters(worker->board, service_slot)->sessions;
}

/* Sequentially consistent, as the sum's loads are: one of two claims comes first for everybody. */
static uint64_t sessions_of_all(const struct worker *worker, unsigned service_slot)
{
    const struct board *board = worker->board;
    unsigned workers = board_master(board)->layout.workers;
    uint64_t sum = 0;

    for (unsigned i = 0; i < workers; i++) {
        if (board_worker(board, i) != NULL)
            sum += atomic_load(&board_worker_service(board, i, service_slot)->sessions);
    }
    return sum;
}

bool limit_claim(struct worker *worker, const struct conf_service *service)
{
    _Atomic uint32_t *own = own_gauge(worker, service->slot);

    atomic_store(own, atomic_load_explicit(own, memory_order_relaxed) + 1);
    if (service->max_connections == 0 ||
        sessions_of_all(worker, service->slot) <= service->max_connections)
        return true;
    limit_release(worker, service->slot);
    return false;
}

void limit_release(struct worker *worker, unsigned service_slot)
{
    _Atomic uint32_t *own = own_gauge(worker, service_slot);

    atomic_store(own, atomic_load_explicit(own, memory_order_relaxed) - 1);
}

bool limit_has_room(const struct worker *worker, const struct conf_service *service)
{
    return service->max_connections == 0 ||
           sessions_of_all(worker, service->slot) < service->max_connections;
}
