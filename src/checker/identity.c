#include "checker/identity.h"

#include <stdio.h>

static bool is_refusal(const struct target *target, const struct probe_result *result)
{
    if (!result->identity_sent)
        return false;
    return result->status == 401 ||
           (result->status == 403 && !conf_expects(target->service, result->status));
}

/* Another one of the service that has accepted the same certificate lately, or NULL. */
static const struct target *find_accepting(const struct target *target, uint64_t now_ms)
{
    const struct conf_service *service = target->service;
    const struct target *members = target->shared->targets + service->first_backend;

    for (unsigned i = 0; i < service->backend_count; i++) {
        const struct target *other = &members[i];

        if (other != target && other->taken_ms != 0 &&
            now_ms <= other->taken_ms + 2 * service->check_interval)
            return other;
    }
    return NULL;
}

void identity_judge(struct target *target, struct probe_result *result)
{
    uint64_t now_ms = loop_now_ms(target->shared->loop);
    const struct target *accepting;

    if (!is_refusal(target, result)) {
        if (result->good)
            target->identity_refused = false;
        if (result->good && result->identity_sent && result->status != 0)
            target->taken_ms = now_ms;
        return;
    }
    accepting = find_accepting(target, now_ms);
    target->identity_refused = result->good = accepting == NULL;
    target->taken_ms = 0;
    if (accepting != NULL) {
        result->code = CHECKED_L7STS;
        snprintf(result->description, sizeof(result->description),
                 "rejects the certificate that %s accepts", accepting->backend->name);
    } else {
        result->code = CHECKED_L7OK;
        snprintf(result->description, sizeof(result->description),
                 "%u, refuses our certificate; readiness not verified", result->status);
    }
}
