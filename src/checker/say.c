#include "checker/say.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mono.h"
#include "board/snapshot.h"

#include "checker/target.h"

/* ---- room ---- */

/* Whether a line may be written about one that has that count; counts it otherwise. */
static bool is_due(struct target_shared *shared, struct told *told, bool is_new)
{
    uint64_t now_ms = loop_now_ms(shared->loop);

    if (!told_has_room(&shared->told, now_ms, SAY_ALL_PACE) ||
        !told_has_room(told, now_ms, SAY_PACE)) {
        told->untold += is_new;
        return false;
    }
    (void)told_is_due(&shared->told, now_ms, SAY_ALL_PACE);
    return told_is_due(told, now_ms, SAY_PACE);
}

/* How long it was what it was; "-" when that is not known. */
static void add_was(struct keyvalue *line, const char *was, uint64_t from_ms, uint64_t to_ms)
{
    keyvalue_word(line, "was", was);
    if (was != NULL && from_ms != 0 && to_ms >= from_ms)
        keyvalue_number(line, "was_ms", to_ms - from_ms);
    else
        keyvalue_word(line, "was_ms", NULL);
}

/* ---- backends ---- */

static void add_cause(struct keyvalue *line, const struct say_cause *cause)
{
    bool has_result = cause->code != CHECKED_NONE;

    keyvalue_word(line, "result", has_result ? board_check_name(cause->code) : NULL);
    if (has_result && cause->status != 0)
        keyvalue_number(line, "code", cause->status);
    else
        keyvalue_word(line, "code", NULL);
    keyvalue_quote(line, "reason", "%s", cause->words);
}

static void write_backend(const struct target *target)
{
    const struct say_backend *said = &target->said;
    const struct say_cause *cause = &said->cause;
    const char *service = target->service->name;
    const char *backend = target->backend->name;
    bool has_result = cause->code != CHECKED_NONE;
    struct keyvalue line;
    struct addr address = {.family = ADDR_NONE};

    if (board_backend_address(target->shared->board, target->backend->slot, &address) == -1)
        address.family = ADDR_NONE;
    keyvalue_begin(&line, "backend");
    keyvalue_word(&line, "service", service);
    keyvalue_word(&line, "backend", backend);
    keyvalue_address(&line, "address", &address);
    keyvalue_word(&line, "status", board_health_name(said->seen));
    add_was(&line, board_health_name(said->said), said->said_ms, said->seen_ms);
    add_cause(&line, cause);
    keyvalue_number(&line, "suppressed", said->told.reported);
    log_event(LOG_LEVEL_NOTICE, &line, "%s/%s is %s: %s%s%s%s", service, backend,
              board_health_name(said->seen), has_result ? board_check_name(cause->code) : "",
              has_result ? " " : "", cause->words, cause->count);
}

static void tell_backend(struct target *target, bool is_new)
{
    struct say_backend *said = &target->said;

    said->is_owed = !is_due(target->shared, &said->told, is_new);
    if (said->is_owed)
        return;
    write_backend(target);
    said->said = said->seen;
    said->said_ms = said->seen_ms;
}

/* It is not its own probes that block it, or let it go. */
static void blame_required(struct target *target, enum board_health now)
{
    struct say_cause *cause = &target->said.cause;
    unsigned required = target->member->required;
    const struct target *other = &target->shared->targets[required];

    if (required == CONF_NO_INDEX || required >= target->shared->epoch->backend_count ||
        other->service == NULL)
        return;
    *cause = (struct say_cause){.code = CHECKED_NONE};
    snprintf(cause->words, sizeof(cause->words), "%s/%s is %s", other->service->name,
             other->backend->name, now == BOARD_BLOCKED ? "not served" : "back");
}

void say_backend(struct target *target)
{
    struct say_backend *said = &target->said;
    enum board_health before = said->seen;
    enum board_health now = board_health(target->shared->board, target->backend->slot);

    if (now == before)
        return;
    said->seen = now;
    said->seen_ms = mono_ms();
    if (now == BOARD_UNCHECKED) {
        said->said = now;
        said->said_ms = said->seen_ms;
        said->is_owed = false;
        return;
    }
    if (now == BOARD_BLOCKED || (before == BOARD_BLOCKED && now != BOARD_DOWN))
        blame_required(target, now);
    tell_backend(target, true);
}

void say_take_up_backend(struct target *target)
{
    const struct board *board = target->shared->board;
    unsigned slot = target->backend->slot;
    uint64_t since_ms = board_health_since(board, slot);

    target->said.seen = target->said.said = board_health(board, slot);
    target->said.seen_ms = target->said.said_ms = since_ms != 0 ? since_ms : mono_ms();
}

/* ---- services ---- */

struct census {
    unsigned up;
    unsigned suspect;
    unsigned aside; /* in drain or maint */
    unsigned unchecked;
    unsigned all;
};

static struct census count(const struct target_shared *shared, unsigned index)
{
    const struct conf_service *service = epoch_service(shared->epoch, index);
    struct census census = {.all = service->backend_count};

    for (unsigned i = 0; i < service->backend_count; i++) {
        const struct target *target = &shared->targets[service->first_backend + i];
        bool is_aside = target->member->admin != BOARD_ADMIN_READY;
        enum board_health health = target->said.seen;

        census.aside += is_aside;
        census.up += !is_aside && health == BOARD_UP;
        census.suspect += !is_aside && health == BOARD_SUSPECT;
        census.unchecked += !is_aside && health == BOARD_UNCHECKED;
    }
    return census;
}

/* As snapshot.h has it, of those that have a result. */
static enum snapshot_service_status status_of(const struct census *census)
{
    if (census->up > 0 && census->up + census->aside + census->unchecked == census->all)
        return SERVICE_UP;
    return census->up + census->suspect > 0 ? SERVICE_DEGRADED : SERVICE_DOWN;
}

static void write_service(const struct target_shared *shared, unsigned index,
                          const struct census *census)
{
    const struct conf_service *service = epoch_service(shared->epoch, index);
    const struct say_service *said = &shared->policies[index].said;
    const char *was = said->is_known
                          ? snapshot_service_status_name((enum snapshot_service_status)said->said)
                          : NULL;
    const char *now = snapshot_service_status_name((enum snapshot_service_status)said->seen);
    struct keyvalue line;

    keyvalue_begin(&line, "service");
    keyvalue_word(&line, "service", service->name);
    keyvalue_word(&line, "status", now);
    add_was(&line, was, said->said_ms, said->seen_ms);
    keyvalue_number(&line, "up", census->up);
    keyvalue_number(&line, "backends", census->all);
    keyvalue_number(&line, "suppressed", said->told.reported);
    log_event(said->seen == SERVICE_DOWN ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, &line,
              "service %s is %s: %u of %u backends are up", service->name, now, census->up,
              census->all);
}

static void tell_service(struct target_shared *shared, unsigned index, bool is_new)
{
    struct say_service *said = &shared->policies[index].said;
    struct census census = count(shared, index);

    said->is_owed = !is_due(shared, &said->told, is_new);
    if (said->is_owed)
        return;
    write_service(shared, index, &census);
    said->is_known = true;
    said->said = said->seen;
    said->said_ms = said->seen_ms;
}

void say_service(struct target_shared *shared, unsigned index)
{
    const struct conf_service *service = epoch_service(shared->epoch, index);
    struct say_service *said = &shared->policies[index].said;
    struct census census;
    uint8_t now;

    for (unsigned i = 0; i < service->backend_count; i++)
        say_backend(&shared->targets[service->first_backend + i]);
    census = count(shared, index);
    now = (uint8_t)status_of(&census);
    /* One that has just come, or is asked again, is waited for. */
    if (census.unchecked > 0 || (said->seen_ms != 0 && now == said->seen))
        return;
    said->seen = now;
    said->seen_ms = mono_ms();
    tell_service(shared, index, true);
}

void say_take_up_service(struct target_shared *shared, unsigned index)
{
    struct say_service *said = &shared->policies[index].said;
    struct census census = count(shared, index);

    if (census.unchecked + census.aside == census.all)
        return;
    said->is_known = true;
    said->seen = said->said = (uint8_t)status_of(&census);
    said->seen_ms = mono_ms();
}

/* ---- later ---- */

void say_owed(struct target_shared *shared)
{
    for (unsigned i = 0; i < shared->epoch->backend_count; i++) {
        if (shared->targets[i].said.is_owed)
            tell_backend(&shared->targets[i], false);
    }
    for (unsigned i = 0; i < shared->epoch->service_count; i++) {
        if (shared->policies[i].said.is_owed)
            tell_service(shared, i, false);
    }
}
