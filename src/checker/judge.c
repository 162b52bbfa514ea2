#include "checker/judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mono.h"

#include "checker/schedule.h"

#define REASON_SIZE (BOARD_DESCRIPTION_SIZE + 64)

void judge_announce(const struct target_shared *shared)
{
    static const uint64_t one = 1;

    if (write(shared->health_event, &one, sizeof(one)) == -1 && errno != EAGAIN)
        log_warning("cannot wake the workers: %s", strerror(errno));
}

/*
 * Takes an event, publishes the check, and if the state has changed says so to everyone. `reason`
 * is for the log.
 */
static void apply(struct target *target, enum health_event event, const char *reason)
{
    const struct health_rule rule = {target->service->check_rise, target->service->check_fall};
    const struct conf_backend *backend = target->backend;
    struct board *board = target->shared->board;
    bool changed = health_apply(&target->health, &rule, event);

    target->check.good = target->health.good;
    target->check.bad = target->health.bad;
    if (changed) {
        target->check.changed_ms = wall_ms();
        target->next_ms = target_next(target, target->started_ms);
    }
    target->check.next_ms = target->next_ms;
    board_set_check(board, backend->slot, &target->check);
    if (!changed)
        return;
    board_set_health(board, backend->slot, target->life, target->health.state, 0, mono_ms());
    judge_announce(target->shared);
    log_notice("%s/%s is %s: %s", target->service->name, backend->name,
               board_health_name(target->health.state), reason);
}

/* Something other than an answer spoke against it: no code fits, the words are all there is. */
static void apply_words(struct target *target, enum health_event event, const char *words)
{
    if (target->health.state == BOARD_UP) {
        target->check.code = CHECKED_NONE;
        snprintf(target->check.description, sizeof(target->check.description), "%s", words);
    }
    apply(target, event, words);
}

/* Whether slow evidence may count; see health_may_suspect(). */
static bool may_suspect(const struct target *target)
{
    const struct conf_service *service = target->service;
    struct target_shared *shared = target->shared;
    unsigned count[BOARD_BLOCKED + 1] = {0};

    if (target->health.state != BOARD_UP)
        return false;
    for (unsigned i = 0; i < service->backend_count; i++) {
        const struct conf_backend *backend =
            epoch_backend(shared->epoch, service->first_backend + i);

        count[board_health(shared->board, backend->slot)]++;
    }
    if (health_may_suspect(count[BOARD_UP], count[BOARD_SUSPECT]))
        return true;
    shared->slow_ignored++;
    return false;
}

/* "L4CON connection refused (3 of 3)": the result, and how it counts. */
static void describe(const struct target *target, const struct probe_result *result,
                     char reason[REASON_SIZE])
{
    const struct health *health = &target->health;
    const struct conf_service *service = target->service;
    char count[40] = "";

    if (health->state == BOARD_UNCHECKED)
        snprintf(count, sizeof(count), " (first check)");
    else if (!result->good)
        snprintf(count, sizeof(count), " (%u of %u%s)", health->bad + 1u, service->check_fall,
                 health->client_refused ? ", and a client's" : "");
    else if (health->state == BOARD_DOWN)
        snprintf(count, sizeof(count), " (%u of %u)", health->good + 1u, service->check_rise);
    snprintf(reason, REASON_SIZE, "%s %s%s", board_check_name(result->code), result->description,
             count);
}

void judge_answer(struct target *target, const struct probe_result *result)
{
    enum health_event event = HEALTH_GOOD;
    char reason[REASON_SIZE];

    if (!result->good)
        event = result->refused ? HEALTH_REFUSED : HEALTH_NOT_THERE;
    describe(target, result, reason);
    target->shared->in_trouble = false;
    target->check.code = (uint16_t)result->code;
    target->check.duration_us = result->duration_us;
    target->check.at_ms = wall_ms();
    memcpy(target->check.description, result->description, sizeof(result->description));
    apply(target, event, reason);
}

void judge_slow(struct target *target)
{
    char words[64];

    if (!may_suspect(target))
        return;
    snprintf(words, sizeof(words), "no answer for %llu ms",
             (unsigned long long)schedule_fast(target->service));
    apply_words(target, HEALTH_SLOW, words);
}

void judge_report(struct target *target, enum board_evidence_kind kind)
{
    static const struct {
        enum health_event event;
        const char *words;
    } kinds[] = {
        [BOARD_EVIDENCE_NONE] = {HEALTH_CLIENT_NO_ANSWER, "a worker doubts it"},
        [BOARD_EVIDENCE_REFUSED] = {HEALTH_CLIENT_REFUSED, "a client's connection was refused"},
        [BOARD_EVIDENCE_TIMEOUT] = {HEALTH_CLIENT_NO_ANSWER, "a client's connection timed out"},
        [BOARD_EVIDENCE_RESET] = {HEALTH_CLIENT_NO_ANSWER,
                                  "a client's connection was reset before an answer"},
        [BOARD_EVIDENCE_SILENT] = {HEALTH_CLIENT_NO_ANSWER, "a client's hello was not answered"},
    };
    unsigned index = (unsigned)kind < ARRAY_LEN(kinds) ? (unsigned)kind : BOARD_EVIDENCE_NONE;

    if (kind == BOARD_EVIDENCE_SILENT && !may_suspect(target))
        return;
    apply_words(target, kinds[index].event, kinds[index].words);
}
