#include "worker/access.h"

#include "base/log.h"

/* For each worker. */
static const struct told_pace pace = {.burst = 1, .every_ms = 1000};

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
    struct keyvalue line;

    board_count(&board_my_service_counters(worker->board, service->slot)->denied, 1);
    if (!told_is_due(told, loop_now_ms(worker->loop), pace))
        return;
    keyvalue_begin(&line, "denied");
    keyvalue_word(&line, "service", service->name);
    keyvalue_address(&line, "client", client);
    keyvalue_number(&line, "suppressed", told->reported);
    log_event(LOG_LEVEL_NOTICE, &line, "%s: %s may not connect (allow, deny)", service->name,
              addr_format_ip(client, text));
}
