#include "checker/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/mono.h"

#include "checker/identity.h"

/* ---- coming up ---- */

/*
 * Whether one that has come up does so beside others: not by the first result of the first round,
 * when nobody has served yet.
 */
static bool comes_up_later(const struct target *target, enum board_health before)
{
    return target->shared->policies[target->backend->service].serves ||
           (before == BOARD_DOWN && target->is_probed);
}

/* A state has just begun: has it come up beside others? A moment of suspicion is no beginning. */
static void note_ramp(struct target *target, enum board_health before)
{
    if (target->health.state == BOARD_UP && before != BOARD_SUSPECT) {
        target->is_ramping = comes_up_later(target, before);
        target->up_ms = loop_now_ms(target->shared->loop);
    } else if (target->health.state == BOARD_DOWN) {
        target->is_ramping = false;
    }
}

/* ---- what all of them do ---- */

static void publish_check(struct target *target)
{
    target->check.good = target->health.good;
    target->check.bad = target->health.bad;
    target->check.next_ms = target->next_ms;
    board_set_check(target->shared->board, target->backend->slot, &target->check);
}

static void note_change(struct target *target, enum board_health before)
{
    target->check.changed_ms = wall_ms();
    note_ramp(target, before);
    policy_note_health(target);
}

/*
 * Takes an event, publishes the check, and if the state has changed says so to everyone. `cause` is
 * for the log.
 */
static void apply(struct target *target, enum health_event event, bool hold,
                  const struct say_cause *cause)
{
    const struct health_rule rule = {
        .rise = target->service->check_rise,
        .fall = target->service->check_fall,
        .hold = hold,
    };
    enum board_health before = target->health.state;
    bool changed = health_apply(&target->health, &rule, event);

    if (changed) {
        note_change(target, before);
        target->said.cause = *cause;
    }
    if (changed || target->health.state == BOARD_SUSPECT)
        target->next_ms = target_next(target, target->started_ms);
    publish_check(target);
    if (policy_publish(target))
        policy_announce(target->shared);
    say_backend(target);
}

/* Something other than an answer spoke against it: no code fits, the words are all there is. */
static void apply_words(struct target *target, enum health_event event, const char *words)
{
    struct say_cause cause = {.code = CHECKED_NONE};

    snprintf(cause.words, sizeof(cause.words), "%s", words);
    if (target->health.state == BOARD_UP) {
        target->check.code = CHECKED_NONE;
        snprintf(target->check.description, sizeof(target->check.description), "%s", words);
    }
    apply(target, event, false, &cause);
}

/*
 * Whether slow evidence may count against one that is up, or keep one suspect that would come up;
 * see health_may_suspect().
 */
static bool may_suspect(const struct target *target)
{
    const struct conf_service *service = target->service;
    const struct target_shared *shared = target->shared;
    const struct group_member *members = shared->members + service->first_backend;
    unsigned up = 1;
    unsigned suspect = 0;

    for (unsigned i = 0; i < service->backend_count; i++) {
        if (&members[i] == target->member)
            continue;
        up += members[i].health == BOARD_UP;
        suspect += members[i].health == BOARD_SUSPECT;
    }
    if (health_may_suspect(up, suspect))
        return true;
    board_count(&board_my_checker(shared->board)->slow_ignored, 1);
    return false;
}

/* ---- answers ---- */

/* How long the answer took after the handshake, where there was something to answer. */
static uint64_t answer_ms(const struct target *target, const struct probe_result *result)
{
    enum probe_kind kind = target->asking.kind;

    if ((kind != PROBE_HTTPS && kind != PROBE_H2) || result->shook_us == 0 ||
        result->duration_us < result->shook_us)
        return 0;
    return (result->duration_us - result->shook_us) / 1000;
}

static enum health_event event_of(const struct target *target, const struct probe_result *result)
{
    bool late = answer_ms(target, result) > target->service->check_connect_timeout;
    bool counts = target->health.state == BOARD_UP || target->health.state == BOARD_SUSPECT;

    if (result->good)
        return late && counts && may_suspect(target) ? HEALTH_GOOD_LATE : HEALTH_GOOD;
    if (result->refused)
        return HEALTH_REFUSED;
    return group_answer_of(false, result->code) == GROUP_BADLY ? HEALTH_BADLY : HEALTH_NOT_THERE;
}

/* The result, and how it counts. */
static void describe(const struct target *target, const struct probe_result *result,
                     enum health_event event, struct say_cause *cause)
{
    const struct health *health = &target->health;
    const struct conf_service *service = target->service;
    char *count = cause->count;

    *cause = (struct say_cause){.code = result->code, .status = result->status};
    snprintf(cause->words, sizeof(cause->words), "%s", result->description);
    if (health->state == BOARD_UNCHECKED)
        snprintf(count, sizeof(cause->count), " (first check)");
    else if (event == HEALTH_GOOD_LATE)
        snprintf(count, sizeof(cause->count), " (after %llu ms)",
                 (unsigned long long)answer_ms(target, result));
    else if (!result->good)
        snprintf(count, sizeof(cause->count), " (%u of %u%s)", health->bad + 1u,
                 service->check_fall, health->client_refused ? ", and a client's" : "");
    else if (health->state == BOARD_DOWN)
        snprintf(count, sizeof(cause->count), " (%u of %u)", health->good + 1u,
                 service->check_rise);
}

static void keep_certificate(const struct target *target, const struct certificate *facts)
{
    struct board_certificate certificate = {.life = target->life, .at_ms = wall_ms()};

    certificate.facts = *facts;
    board_set_certificate(target->shared->board, target->backend->slot, &certificate);
}

/* What is to be known of it beside its health. */
static void keep_facts(struct target *target, const struct probe_result *result)
{
    target->is_good = result->good;
    target->ever_good |= result->good;
    if (result->good)
        target->is_verified = target->asking.kind == PROBE_HTTPS && result->status != 401 &&
                              !target->identity_refused;
    if (result->has_clock) {
        target->has_clock = true;
        target->clock_ms = result->clock_ms;
    }
    if (result->certificate != NULL)
        keep_certificate(target, result->certificate);
}

static void keep_check(struct target *target, const struct probe_result *result)
{
    target->check.code = (uint16_t)result->code;
    target->check.status = result->status;
    target->check.duration_us = result->duration_us;
    target->check.at_ms = wall_ms();
    memcpy(target->check.description, result->description, sizeof(result->description));
}

void judge_answer(struct target *target, const struct probe_result *result)
{
    struct probe_result verdict = *result;
    enum health_event event;
    struct say_cause cause;
    bool hold;

    identity_judge(target, &verdict);
    keep_facts(target, &verdict);
    keep_check(target, &verdict);
    if (!verdict.good)
        board_count_failed_check(target->shared->board, target->backend->slot);
    event = event_of(target, &verdict);
    hold = policy_note_verdict(target, verdict.good, verdict.code);
    describe(target, &verdict, event, &cause);
    target->in_trouble = target->shared->in_trouble = false;
    apply(target, event, hold, &cause);
}

/* ---- other things seen ---- */

static void take_waiting(struct target *target, enum health_event event, uint64_t waited_ms,
                         const char *what)
{
    char words[64];

    if (target->health.state != BOARD_UP || !may_suspect(target))
        return;
    snprintf(words, sizeof(words), "no answer%s for %llu ms", what, (unsigned long long)waited_ms);
    apply_words(target, event, words);
}

void judge_slow(struct target *target)
{
    take_waiting(target, HEALTH_SLOW, conf_fast_interval(target->service), "");
}

void judge_late(struct target *target)
{
    take_waiting(target, HEALTH_LATE, target->service->check_connect_timeout,
                 " after the handshake");
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

    if (kind == BOARD_EVIDENCE_SILENT && (target->health.state != BOARD_UP || !may_suspect(target)))
        return;
    apply_words(target, kinds[index].event, kinds[index].words);
}

void judge_unasked(struct target *target, bool has_address)
{
    const enum board_health before = target->health.state;

    target->health.state = has_address ? BOARD_UP : BOARD_DOWN;
    if (target->health.state == before && before != BOARD_UNCHECKED)
        return;
    target->check = (struct board_check){.life = target->life};
    target->health.bad = has_address ? 0 : 1;
    target->said.cause = (struct say_cause){.code = CHECKED_NONE, .words = "not checked"};
    if (!has_address) {
        target->check.code = CHECKED_L4CON;
        strcpy(target->check.description, TARGET_NOWHERE);
        target->said.cause = (struct say_cause){.code = CHECKED_L4CON, .words = TARGET_NOWHERE};
    }
    group_note(target->member, has_address ? GROUP_GOOD : GROUP_NOT_THERE,
               loop_now_ms(target->shared->loop));
    note_change(target, before);
    publish_check(target);
    if (policy_publish(target))
        policy_announce(target->shared);
}
