#include "advice/advice_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf_services.h"

/* Room for a separator, a number and the words around it. */
#define MORE_SIZE 24

/* Room for "SERVICE/BACKEND" and the NUL. */
#define PLACE_SIZE (2 * CONF_NAME_SIZE + 8)

/* They stand in the manual, and never change. */
static const char *const codes[] = {
    [ADVICE_CERTIFICATE_ENDED] = "certificate-ended",
    [ADVICE_CA_DIFFERS] = "ca-differs",
    [ADVICE_CA_UNKNOWN] = "ca-unknown",
    [ADVICE_WRONG_SERVICE] = "wrong-service",
    [ADVICE_NAME_MISSING] = "name-missing",
    [ADVICE_CERTIFICATE_REFUSED] = "certificate-refused",
    [ADVICE_CLOCK_OFF] = "clock-off",
    [ADVICE_KONNECTIVITY_CERTIFICATE] = "konnectivity-certificate",
    [ADVICE_CERTIFICATE_ENDS] = "certificate-ends",
    [ADVICE_FLAPPING] = "flapping",
    [ADVICE_READY_UNVERIFIED] = "ready-unverified",
    [ADVICE_NOT_IN_USE] = "not-in-use",
    [ADVICE_JOIN_OPEN] = "join-open",
    [ADVICE_CONTROLLERS_EVEN] = "controllers-even",
    [ADVICE_CREDENTIALS_MISSING] = "credentials-missing",
    [ADVICE_CA_MISSING] = "ca-missing",
    [ADVICE_CA_IGNORED] = "ca-ignored",
    [ADVICE_EXTERNAL_ADDRESS_MISSING] = "external-address-missing",
    [ADVICE_NOT_CHECKED] = "not-checked",
    [ADVICE_ALL_DOWN_REFUSED] = "all-down-refused",
    [ADVICE_IDLE_TIMEOUT_SHORT] = "idle-timeout-short",
    [ADVICE_KONNECTIVITY_BALANCE] = "konnectivity-balance",
};

/* ---- the list ---- */

void advice_list_init(struct advice_list *list, const struct epoch *epoch, struct advice *out,
                      size_t most)
{
    memset(list, 0, sizeof(*list));
    list->epoch = epoch;
    list->out = out;
    list->most = most;
}

struct advice *advice_list_add(struct advice_list *list, enum advice_code code)
{
    struct advice *advice = list->count < list->most ? &list->out[list->count++] : &list->spare;

    memset(advice, 0, sizeof(*advice));
    snprintf(advice->warning.code, sizeof(advice->warning.code), "%s", codes[code]);
    advice->service = CONF_NO_INDEX;
    advice->backend = CONF_NO_INDEX;
    return advice;
}

/* ---- sentences ---- */

static void append(char text[BOARD_WARNING_SIZE], const char *format, va_list args)
    PRINTF_LIKE(2, 0);

static void append(char text[BOARD_WARNING_SIZE], const char *format, va_list args)
{
    size_t used = strlen(text);

    vsnprintf(text + used, BOARD_WARNING_SIZE - used, format, args);
}

void advice_say(struct advice *advice, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(advice->warning.text, format, args);
    va_end(args);
}

void advice_remedy(struct advice *advice, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(advice->warning.remedy, format, args);
    va_end(args);
}

/* ---- names ---- */

void advice_group_add(struct advice_group *group, unsigned backend)
{
    if (group->count < ARRAY_LEN(group->members))
        group->members[group->count++] = (uint16_t)backend;
}

/* Whether the members from `first` on are all backends of their service, and more than one. */
static bool is_whole_service(const struct epoch *epoch, const struct advice_group *group,
                             unsigned first)
{
    const struct conf_backend *backend = epoch_backend(epoch, group->members[first]);
    const struct conf_service *service = epoch_service(epoch, backend->service);
    unsigned count = service->backend_count;

    return count > 1 && group->members[first] == service->first_backend &&
           first + count <= group->count &&
           group->members[first + count - 1] == service->first_backend + count - 1u;
}

/* Writes the name of the members from `first` on; returns how many it stands for. */
static unsigned name_members(const struct epoch *epoch, const struct advice_group *group,
                             unsigned first, char out[PLACE_SIZE])
{
    const struct conf_backend *backend = epoch_backend(epoch, group->members[first]);
    const struct conf_service *service = epoch_service(epoch, backend->service);

    if (is_whole_service(epoch, group, first)) {
        snprintf(out, PLACE_SIZE, "all of %s", service->name);
        return service->backend_count;
    }
    snprintf(out, PLACE_SIZE, "%s/%s", service->name, backend->name);
    return 1;
}

static void say_names(const struct epoch *epoch, struct advice *advice,
                      const struct advice_group *group)
{
    unsigned named = 0;

    while (named < group->count) {
        char place[PLACE_SIZE];
        unsigned covered = name_members(epoch, group, named, place);
        size_t room = BOARD_WARNING_SIZE - strlen(advice->warning.text);

        if (named > 0 && strlen(place) + MORE_SIZE > room) {
            advice_say(advice, " and %u more", group->count - named);
            return;
        }
        advice_say(advice, "%s%s", named > 0 ? ", " : "", place);
        named += covered;
    }
}

/* What all members have in common. */
static void set_subject(const struct epoch *epoch, struct advice *advice,
                        const struct advice_group *group)
{
    advice->service = epoch_backend(epoch, group->members[0])->service;
    advice->backend = group->count == 1 ? group->members[0] : CONF_NO_INDEX;
    for (unsigned i = 1; i < group->count; i++) {
        if (epoch_backend(epoch, group->members[i])->service != advice->service)
            advice->service = CONF_NO_INDEX;
    }
}

void advice_say_group(const struct advice_list *list, struct advice *advice,
                      const struct advice_group *group)
{
    set_subject(list->epoch, advice, group);
    say_names(list->epoch, advice, group);
}

void advice_say_service(const struct advice_list *list, struct advice *advice, unsigned service)
{
    advice->service = (uint16_t)service;
    advice_say(advice, "%s", epoch_service(list->epoch, service)->name);
}

/* ---- the epoch ---- */

unsigned advice_find_service(const struct epoch *epoch, const char *name)
{
    for (unsigned i = 0; i < epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(epoch, i);

        if (service->enabled && strcmp(service->name, name) == 0)
            return i;
    }
    return CONF_NO_INDEX;
}

bool advice_is_controller(const struct epoch *epoch, unsigned backend)
{
    const struct conf_service *service =
        epoch_service(epoch, epoch_backend(epoch, backend)->service);

    return service->enabled && conf_services_is_built_in(service->name);
}
