#include "worker/access.h"

#include <inttypes.h>

#include "base/log.h"

/* One line in so long a time, for each worker. */
#define SAY_MS 1000

static bool is_empty(const struct conf_access *access)
{
    return !access->everyone && !access->controllers && access->cidr_count == 0;
}

bool access_is_open(const struct conf_service *service)
{
    return service->allow.everyone && is_empty(&service->deny);
}

bool access_allows(const struct worker *worker, const struct conf_service *service,
                   const struct addr *client)
{
    return !board_allows(worker->board, worker->epoch, &service->deny, client) &&
           board_allows(worker->board, worker->epoch, &service->allow, client);
}

void access_note_denied(struct worker *worker, const struct conf_service *service,
                        const struct addr *client, struct told *told)
{
    char text[ADDR_TEXT_SIZE];

    board_count(&board_my_service_counters(worker->board, service->slot)->denied, 1);
    if (told_is_due(told, loop_now_ms(worker->loop), SAY_MS))
        log_notice("denied service=%s client=%s suppressed=%" PRIu64, service->name,
                   addr_format(client, text), told->reported);
}
