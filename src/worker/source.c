#include "worker/source.h"

#include "board/board_sources.h"
#include "worker/reached.h"

bool source_is_untold(const struct worker *worker, const struct conf_service *service,
                      const struct addr *client)
{
    return conf_counts_sources(service) && !board_source_fits(worker->board, service->slot, client);
}

/* Once, until there has been some room again: clients that come and go make no flood of it. */
static void say_full(struct worker *worker)
{
    struct reached reached = {.limit = "max_sources", .told = &worker->sources_full};

    if (worker->sources_were_full)
        return;
    worker->sources_were_full = true;
    if (!told_is_due(&worker->sources_full, loop_now_ms(worker->loop), REACHED_LONG_PACE))
        return;
    reached.at = board_master(worker->board)->layout.sources;
    reached_say(&reached,
                "the table of client addresses is full: others are counted in no table, get the "
                "backend with the fewest connections and are not limited; raise [k0slb] "
                "max_sources (%u)",
                (unsigned)reached.at);
}

void source_begin(struct session *session, const struct conf_service *service,
                  const struct addr *client)
{
    struct worker *worker = session->worker;

    if (service == NULL || !conf_counts_sources(service))
        return;
    session->source =
        board_source_begin(worker->board, service->slot, client, session->backend_slot);
    if (session->source != BOARD_NO_SOURCE)
        return;
    board_count(&board_my_service_counters(worker->board, service->slot)->sources_full, 1);
    say_full(worker);
}

bool source_has_too_many(const struct session *session, const struct conf_service *service,
                         const struct addr *client)
{
    if (session->source == BOARD_NO_SOURCE || service->source_max_connections == 0)
        return false;
    /* Of two workers that count at once at least one sees both. */
    atomic_thread_fence(memory_order_seq_cst);
    return board_source_total(session->worker->board, service->slot, client) >
           service->source_max_connections;
}

void source_note_too_many(struct worker *worker, const struct conf_service *service,
                          const struct addr *client)
{
    const struct reached reached = {.limit = "source_max_connections",
                                    .service = service->name,
                                    .client = client,
                                    .at = service->source_max_connections,
                                    .told = &worker->limited};
    char text[ADDR_TEXT_SIZE];

    if (told_is_due(&worker->limited, loop_now_ms(worker->loop), REACHED_OFTEN_PACE))
        reached_say(&reached, "%s: %s has its %u connections: one more is turned away",
                    service->name, addr_format_ip(client, text), (unsigned)reached.at);
}

void source_end(struct session *session)
{
    struct worker *worker = session->worker;

    if (session->source == BOARD_NO_SOURCE)
        return;
    board_source_end(worker->board, session->source, session->backend_slot);
    session->source = BOARD_NO_SOURCE;
    if (worker->sources_were_full && board_sources_have_room(worker->board))
        worker->sources_were_full = false;
}

bool source_ends_with_backend(const struct session *session)
{
    const struct conf_service *service;

    if (session->source == BOARD_NO_SOURCE)
        return false;
    service = epoch_service_by_slot(session->worker->epoch, session->service_slot);
    return service != NULL && service->source_max_connections == 0;
}
