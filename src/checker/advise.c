#include "checker/advise.h"

#include <stdlib.h>
#include <string.h>

#include "advice/advice.h"
#include "base/log.h"
#include "base/mono.h"
#include "probe/trust.h"

/* Days pass though nothing changes. */
#define AGAIN_MS 600000

/* A first result comes within so long a time of a start: the longest probe, with room to spare. */
#define FIRST_RESULT_MS 15000

/* A clock that is read to the second seems to move; one that moves less than this has not. */
#define CLOCK_MOVES_MS 8000

struct advise {
    const struct target_shared *shared;
    unsigned count;                         /* of backends */
    struct advice_backend *seen;            /* by the epoch's index, as are these: */
    struct board_certificate *certificates; /* `seen` points to their facts */
    bool *is_new;                           /* it had no health when this checker began */
    struct certificate *ours;               /* by service; identities point to them */
    const struct certificate *identities[CONF_MAX_SERVICES];
    struct certificate authority;
    bool has_authority;
    struct board_warnings published;
    unsigned beats;    /* until the first look */
    unsigned restless; /* heartbeats in a row that have seen changes */
    bool pending;      /* something has changed since the last look */
    uint64_t again_ms;
};

/* ---- what is known ---- */

static uint64_t bytes_from(const struct board *board, unsigned slot)
{
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < board_master(board)->layout.workers; worker++) {
        if (board_worker(board, worker) != NULL)
            sum += atomic_load(&board_worker_backend(board, worker, slot)->bytes_out);
    }
    return sum;
}

/*
 * Not since this checker began, and not before: it is new, or has been down since the balancer was
 * started. What has answered clients is in use, whatever its checks say.
 */
static bool was_never_good(const struct advise *advise, unsigned index)
{
    const struct board *board = advise->shared->board;
    const struct target *target = &advise->shared->targets[index];
    unsigned slot = target->backend->slot;
    uint64_t started_ms = board_master(board)->started_mono_ms;

    return target->answered && !target->ever_good && target->check.code != CHECKED_NONE &&
           (advise->is_new[index] ||
            board_health_since(board, slot) <= started_ms + FIRST_RESULT_MS) &&
           bytes_from(board, slot) == 0;
}

/* The one that was known, where the new one is it but for what reading costs. */
static int64_t settled_clock(const struct advice_backend *known, const struct target *target)
{
    int64_t moved = target->clock_ms - known->clock_ms;

    return known->has_clock && llabs(moved) < CLOCK_MOVES_MS ? known->clock_ms : target->clock_ms;
}

/* Returns whether the certificate is another one. */
static bool take_certificate(struct advise *advise, unsigned index)
{
    struct board *board = advise->shared->board;
    struct board_certificate *kept = &advise->certificates[index];
    unsigned slot = epoch_backend(advise->shared->epoch, index)->slot;
    struct board_certificate now;

    (void)board_certificate_copy(board, slot, &now);
    if (memcmp(&kept->facts, &now.facts, sizeof(now.facts)) != 0) {
        *kept = now;
        return true;
    }
    /* The same again: what was found out about it still holds. */
    now.flags = kept->flags;
    if (now.at_ms != kept->at_ms && now.flags != 0)
        board_set_certificate(board, slot, &now);
    *kept = now;
    return false;
}

/* Returns whether anything is other than it was. */
static bool take_backend(struct advise *advise, unsigned index)
{
    const struct target *target = &advise->shared->targets[index];
    struct advice_backend *known = &advise->seen[index];
    struct advice_backend now;
    bool is_other;

    if (target->service == NULL)
        return false;
    is_other = take_certificate(advise, index);
    memset(&now, 0, sizeof(now)); /* with what lies between the fields: it is compared */
    if (advise->certificates[index].at_ms != 0)
        now.certificate = &advise->certificates[index].facts;
    now.code = (enum board_check_code)target->check.code;
    now.status = target->check.status;
    now.is_good = target->is_good;
    now.never_good = was_never_good(advise, index);
    now.is_verified = target->is_verified;
    now.identity_refused = target->identity_refused;
    now.is_flapping = flapping_is_shown(&target->flapping, loop_now_ms(advise->shared->loop));
    now.has_clock = target->has_clock;
    now.clock_ms = target->has_clock ? settled_clock(known, target) : 0;
    is_other = is_other || memcmp(known, &now, sizeof(now)) != 0;
    memcpy(known, &now, sizeof(now));
    return is_other;
}

static bool take_all(struct advise *advise)
{
    bool is_other = false;

    for (unsigned i = 0; i < advise->count; i++)
        is_other = take_backend(advise, i) || is_other;
    return is_other;
}

/* ---- telling ---- */

static bool has_same(const struct board_warnings *list, const struct board_warning *wanted)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (advice_is_same(&list->list[i], wanted))
            return true;
    }
    return false;
}

static bool has_code(const struct board_warnings *list, const char *code)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (strcmp(list->list[i].code, code) == 0)
            return true;
    }
    return false;
}

static void begin_line(struct keyvalue *line, const struct board_warning *warning,
                       const char *state)
{
    keyvalue_begin(line, "warning");
    keyvalue_word(line, "code", warning->code);
    keyvalue_word(line, "state", state);
}

static void log_raised(const struct board_warning *warning)
{
    struct keyvalue line;

    begin_line(&line, warning, "raised");
    keyvalue_quote(&line, "remedy", "%s", warning->remedy);
    log_event(LOG_LEVEL_WARNING, &line, "%s: %s", warning->code, warning->text);
}

static void log_over(const struct board_warning *warning)
{
    struct keyvalue line;

    begin_line(&line, warning, "over");
    keyvalue_word(&line, "remedy", NULL);
    log_event(LOG_LEVEL_NOTICE, &line, "%s is over: %s", warning->code, warning->text);
}

/* One that goes on with others than before is told as it is now, and not as over. */
static void log_news(const struct board_warnings *before, const struct board_warnings *now)
{
    for (unsigned i = 0; i < now->count; i++) {
        const struct board_warning *warning = &now->list[i];

        if (!has_same(before, warning))
            log_raised(warning);
    }
    for (unsigned i = 0; i < before->count; i++) {
        const struct board_warning *warning = &before->list[i];

        if (!has_code(now, warning->code))
            log_over(warning);
    }
}

static void publish(struct advise *advise, const struct board_warnings *now)
{
    if (memcmp(now, &advise->published, sizeof(*now)) == 0)
        return;
    log_news(&advise->published, now);
    board_set_warnings(advise->shared->board, now);
    advise->published = *now;
}

/* Readers of the board do not know external_address: they are told whose names are wanting. */
static void flag_names(struct advise *advise, const struct advice_case *what)
{
    for (unsigned i = 0; i < advise->count; i++) {
        struct board_certificate *kept = &advise->certificates[i];
        uint32_t flags = advice_lacks_names(what, i) ? BOARD_CERTIFICATE_LACKS_NAMES : 0;

        if (kept->at_ms == 0 || kept->flags == flags)
            continue;
        kept->flags = flags;
        board_set_certificate(advise->shared->board, epoch_backend(advise->shared->epoch, i)->slot,
                              kept);
    }
}

static void look_now(struct advise *advise)
{
    const struct advice_case what = {
        .epoch = advise->shared->epoch,
        .backends = advise->seen,
        .authority = advise->has_authority ? &advise->authority : NULL,
        .identities = advise->identities,
        .now_s = (int64_t)(wall_ms() / 1000),
    };
    struct advice found[BOARD_MAX_WARNINGS];
    struct board_warnings warnings;

    memset(&warnings, 0, sizeof(warnings));
    warnings.count = (uint32_t)advice_find(&what, found, BOARD_MAX_WARNINGS);
    for (unsigned i = 0; i < warnings.count; i++)
        warnings.list[i] = found[i].warning;
    flag_names(advise, &what);
    publish(advise, &warnings);
}

void advise_look(struct advise *advise)
{
    const uint64_t now_ms = loop_now_ms(advise->shared->loop);
    bool is_other = take_all(advise);

    advise->pending = advise->pending || is_other;
    advise->restless = is_other ? advise->restless + 1 : 0;
    if (advise->beats > 0) {
        advise->beats--;
        return;
    }
    if (is_other && advise->restless < ADVISE_RESTLESS_BEATS)
        return;
    if (!advise->pending && now_ms < advise->again_ms)
        return;
    look_now(advise);
    advise->pending = false;
    advise->restless = 0;
    advise->again_ms = now_ms + AGAIN_MS;
}

/* ---- taking up ---- */

static void describe_trust(struct advise *advise)
{
    const struct probe_trust *trust = advise->shared->trust;
    const struct probe_authority *authority = probe_trust_authority(trust);

    if (authority != NULL) {
        probe_authority_describe(authority, &advise->authority);
        advise->has_authority = true;
    }
    for (unsigned i = 0; i < advise->shared->epoch->service_count; i++) {
        const struct probe_identity *identity = probe_trust_identity(trust, i);

        if (identity == NULL)
            continue;
        probe_identity_describe(identity, authority, &advise->ours[i]);
        advise->identities[i] = &advise->ours[i];
    }
}

static void note_new(struct advise *advise)
{
    for (unsigned i = 0; i < advise->count; i++) {
        unsigned slot = epoch_backend(advise->shared->epoch, i)->slot;

        advise->is_new[i] = board_probed_health(advise->shared->board, slot) == BOARD_UNCHECKED;
    }
}

struct advise *advise_new(const struct target_shared *shared)
{
    struct advise *advise = calloc(1, sizeof(*advise));

    if (advise == NULL)
        return NULL;
    advise->shared = shared;
    advise->count = shared->epoch->backend_count;
    advise->seen = calloc(advise->count + 1u, sizeof(*advise->seen));
    advise->certificates = calloc(advise->count + 1u, sizeof(*advise->certificates));
    advise->is_new = calloc(advise->count + 1u, sizeof(*advise->is_new));
    advise->ours = calloc(shared->epoch->service_count + 1u, sizeof(*advise->ours));
    if (advise->seen == NULL || advise->certificates == NULL || advise->is_new == NULL ||
        advise->ours == NULL) {
        advise_free(advise);
        return NULL;
    }
    describe_trust(advise);
    note_new(advise);
    board_warnings_copy(shared->board, &advise->published);
    advise->beats = ADVISE_FIRST_BEATS;
    advise->pending = true;
    return advise;
}

void advise_free(struct advise *advise)
{
    if (advise == NULL)
        return;
    free(advise->seen);
    free(advise->certificates);
    free(advise->is_new);
    free(advise->ours);
    free(advise);
}
