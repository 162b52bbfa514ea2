#include "control/top.h"

#include <string.h>

/* Mostly it is where it was. */
static const struct snapshot_backend *same_backend(const struct snapshot_service *before,
                                                   const struct snapshot_backend *backend,
                                                   size_t index)
{
    if (before != NULL && index < before->backend_count &&
        strcmp(before->backends[index].name, backend->name) == 0)
        return &before->backends[index];
    return before != NULL ? snapshot_backend_named(before, backend->name) : NULL;
}

/* What a worker writes may be anything: no rate is higher than fits, not even in a sum. */
#define RATE_MOST ((double)(UINT64_C(1) << 48))

static uint64_t per_second(uint64_t now, uint64_t before, uint64_t elapsed_ms)
{
    double more = now > before ? (double)(now - before) : 0;
    double rate = more * 1000 / (double)elapsed_ms + 0.5;

    return (uint64_t)(rate < RATE_MOST ? rate : RATE_MOST);
}

static bool between(const struct top_sight *sight, const struct snapshot_counts *now,
                    const struct snapshot_counts *before, struct top_rates *out)
{
    *out = (struct top_rates){0};
    if (before == NULL || sight->elapsed_ms == 0 || now->total < before->total)
        return false;
    out->sessions = per_second(now->total, before->total, sight->elapsed_ms);
    out->bytes_in = per_second(now->bytes_in, before->bytes_in, sight->elapsed_ms);
    out->bytes_out = per_second(now->bytes_out, before->bytes_out, sight->elapsed_ms);
    return true;
}

/* Another master counts on where the last one was, or begins anew: both can be seen in totals. */
static const struct snapshot_service *earlier(const struct top_sight *sight,
                                              const struct snapshot_service *service)
{
    return sight->before != NULL ? snapshot_service_named(sight->before, service->name) : NULL;
}

bool top_service_rates(const struct top_sight *sight, const struct snapshot_service *service,
                       struct top_rates *out)
{
    const struct snapshot_service *before = earlier(sight, service);

    return between(sight, &service->counts, before != NULL ? &before->counts : NULL, out);
}

bool top_backend_rates(const struct top_sight *sight, const struct snapshot_service *service,
                       const struct snapshot_backend *backend, struct top_rates *out)
{
    const struct snapshot_backend *before =
        same_backend(earlier(sight, service), backend, (size_t)(backend - service->backends));

    return between(sight, &backend->counts, before != NULL ? &before->counts : NULL, out);
}

bool top_sum_rates(const struct top_sight *sight, struct top_rates *out)
{
    bool is_known = false;

    *out = (struct top_rates){0};
    for (size_t i = 0; i < sight->now->service_count; i++) {
        struct top_rates one;

        is_known |= top_service_rates(sight, &sight->now->services[i], &one);
        out->sessions += one.sessions;
        out->bytes_in += one.bytes_in;
        out->bytes_out += one.bytes_out;
    }
    return is_known;
}

void top_remember(struct top_sight *sight)
{
    struct top_rates sum;

    if (!top_sum_rates(sight, &sum))
        return;
    if (sight->history_count == TOP_HISTORY)
        memmove(sight->history, sight->history + 1, (TOP_HISTORY - 1) * sizeof(sight->history[0]));
    else
        sight->history_count++;
    sight->history[sight->history_count - 1] = sum.bytes_in + sum.bytes_out;
}
