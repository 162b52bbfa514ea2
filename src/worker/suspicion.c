#include "worker/suspicion.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* So long a worker avoids a backend that it saw fail, unless the checker speaks earlier. */
#define AVOID_MS 1000

enum verdict suspicion_verdict(int error)
{
    switch (error) {
    case ETIMEDOUT:
        return VERDICT_TIMEOUT;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC: /* epoll's limit: /proc/sys/fs/epoll/max_user_watches */
        return VERDICT_STARVED;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EAGAIN:
    case EACCES:
    case EPERM:
    case EINVAL: /* from a loopback address to another machine; a link-local one without a zone */
    case EAFNOSUPPORT:
        return VERDICT_LOCAL;
    default:
        return VERDICT_REFUSED;
    }
}

/* This worker does not wait for the checker's answer. */
static void avoid(struct worker *worker, unsigned backend)
{
    worker->avoided_at_ms[backend] = loop_now_ms(worker->loop);
}

/* Tells the checker at once. */
static void accuse(struct worker *worker, unsigned backend, enum board_evidence_kind kind)
{
    const uint64_t one = 1;

    board_add_evidence(worker->board, backend, kind);
    if (write(worker->birth->look_event, &one, sizeof(one)) == -1)
        log_debug("the checker has not read its eventfd: %s", strerror(errno));
}

void suspicion_note(struct worker *worker, unsigned backend, enum verdict verdict)
{
    struct board_backend_counters *counters = board_my_backend_counters(worker->board, backend);

    if (verdict == VERDICT_GONE)
        return;
    if (verdict == VERDICT_LOCAL || verdict == VERDICT_STARVED) {
        board_count(&counters->local_errors, 1);
        return;
    }
    board_count(&counters->connect_errors, 1);
    avoid(worker, backend);
    accuse(worker, backend,
           verdict == VERDICT_TIMEOUT ? BOARD_EVIDENCE_TIMEOUT : BOARD_EVIDENCE_REFUSED);
}

void suspicion_say_local(struct worker *worker, const struct conf_service *service,
                         unsigned backend, int error)
{
    static const struct told_pace pace = {.burst = 1, .every_ms = 10000};
    const char *name = board_backend(worker->board, backend)->name;
    struct keyvalue line;

    if (service == NULL || !told_is_due(&worker->unreached, loop_now_ms(worker->loop), pace))
        return;
    keyvalue_begin(&line, "unreached");
    keyvalue_word(&line, "service", service->name);
    keyvalue_word(&line, "backend", name);
    keyvalue_quote(&line, "reason", "%s", strerror(error));
    keyvalue_number(&line, "suppressed", worker->unreached.reported);
    log_event(LOG_LEVEL_WARNING, &line, "cannot connect to %s/%s: %s (this says nothing about it)",
              service->name, name, strerror(error));
}

/* Whether enough of a service's backends that are not down would be left without this one. */
static bool may_avoid(struct worker *worker, const struct conf_service *service, unsigned backend)
{
    unsigned alive = 0;
    unsigned left = 0;

    for (unsigned i = 0; i < service->backend_count; i++) {
        unsigned slot = epoch_backend(worker->epoch, service->first_backend + i)->slot;
        enum board_health health = board_health(worker->board, slot);

        if (health == BOARD_DOWN || health == BOARD_BLOCKED)
            continue;
        alive++;
        left += slot != backend && !suspicion_is_avoided(worker, slot);
    }
    return 2 * left >= alive;
}

void suspicion_unanswered(struct worker *worker, const struct conf_service *service,
                          unsigned backend, enum board_evidence_kind kind)
{
    if (kind != BOARD_EVIDENCE_SILENT || may_avoid(worker, service, backend))
        avoid(worker, backend);
    accuse(worker, backend, kind);
}

bool suspicion_is_avoided(void *context, unsigned backend)
{
    const struct worker *worker = context;
    uint64_t at = worker->avoided_at_ms[backend];

    return at != 0 && loop_now_ms(worker->loop) - at < AVOID_MS;
}

void suspicion_trust_checker(struct worker *worker)
{
    unsigned backends = board_master(worker->board)->layout.backends;

    for (unsigned i = 0; i < backends; i++) {
        uint64_t at = worker->avoided_at_ms[i];

        if (at != 0 && board_health_since(worker->board, i) >= at)
            worker->avoided_at_ms[i] = 0;
    }
}
