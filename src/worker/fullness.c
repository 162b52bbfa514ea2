#include "worker/fullness.h"

#include "worker/limit.h"
#include "worker/reached.h"

/* So long, unless a session ends earlier. */
#define FULL_MS 100

/* Workers that stepped back from the same free place try again within so long, each by chance. */
#define RACE_MS 8

bool fullness_has(const struct fullness *fullness, unsigned service_slot)
{
    return fullness->service[service_slot].until_ms != 0;
}

static void say(struct told *told, const struct conf_service *service, uint64_t now)
{
    const struct reached reached = {.limit = "max_connections",
                                    .service = service->name,
                                    .at = service->max_connections,
                                    .told = told};

    if (told_is_due(told, now, REACHED_LONG_PACE))
        reached_say(&reached, "%s has its %u connections: more clients wait", service->name,
                    (unsigned)reached.at);
}

uint64_t fullness_add(struct fullness *fullness, struct worker *worker,
                      const struct conf_service *service)
{
    uint64_t now = loop_now_ms(worker->loop);
    uint64_t *until = &fullness->service[service->slot].until_ms;

    if (limit_has_room(worker, service)) {
        *until = now + 1 + rng_below(&worker->rng, RACE_MS);
    } else {
        *until = now + FULL_MS;
        say(&fullness->service[service->slot].told, service, now);
    }
    return *until;
}

bool fullness_remove(struct fullness *fullness, unsigned service_slot)
{
    bool was_full = fullness_has(fullness, service_slot);

    fullness->service[service_slot].until_ms = 0;
    return was_full;
}

uint64_t fullness_expire(struct fullness *fullness, uint64_t now_ms)
{
    uint64_t next = FULLNESS_NEVER;

    for (size_t i = 0; i < ARRAY_LEN(fullness->service); i++) {
        uint64_t *until = &fullness->service[i].until_ms;

        if (*until <= now_ms)
            *until = 0;
        else if (*until < next)
            next = *until;
    }
    return next;
}
