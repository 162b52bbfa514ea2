/* What the answers of the backends say, beyond up and down. */
#include "advice/advice_rules.h"

#include <string.h>

#define STATUS_UNAUTHORIZED 401

/* Whether something is true of a backend. */
typedef bool is_fn(const struct advice_case *what, unsigned backend);

static const struct conf_service *service_of(const struct advice_case *what, unsigned backend)
{
    return epoch_service(what->epoch, epoch_backend(what->epoch, backend)->service);
}

static const struct certificate *identity_of(const struct advice_case *what, unsigned backend)
{
    return what->identities[epoch_backend(what->epoch, backend)->service];
}

/* Begins a warning about those of whom it is true; NULL when there are none. */
static struct advice *tell(const struct advice_case *what, struct advice_list *list,
                           enum advice_code code, is_fn *is, struct advice_group *group)
{
    group->count = 0;
    for (unsigned i = 0; i < what->epoch->backend_count; i++) {
        if (service_of(what, i)->enabled && is(what, i))
            advice_group_add(group, i);
    }
    return group->count > 0 ? advice_list_add(list, code) : NULL;
}

/* ---- our certificate ---- */

static bool is_refusing(const struct advice_case *what, unsigned backend)
{
    return identity_of(what, backend) != NULL && what->backends[backend].identity_refused;
}

void advice_certificate_refused(const struct advice_case *what, struct advice_list *list)
{
    struct advice_group group;
    struct advice *advice = tell(what, list, ADVICE_CERTIFICATE_REFUSED, is_refusing, &group);

    if (advice == NULL)
        return;
    advice_say(advice, "our client certificate is accepted nowhere, and refused by: ");
    advice_say_group(list, advice, &group);
    advice_remedy(advice, "make a new one, " ADVICE_IMPORT);
}

/* ---- ready, or just alive ---- */

/*
 * 401 to a question that a ready backend answers by 200. Where only 401 or 405 is expected, as of
 * the join API, nothing about readiness was asked.
 */
static bool is_unverified(const struct advice_case *what, unsigned backend)
{
    const struct advice_backend *seen = &what->backends[backend];
    const struct conf_service *service = service_of(what, backend);

    return service->check == CHECK_HTTPS && conf_expects(service, 200) && seen->is_good &&
           seen->status == STATUS_UNAUTHORIZED && !seen->is_verified &&
           identity_of(what, backend) == NULL;
}

void advice_ready_unverified(const struct advice_case *what, struct advice_list *list)
{
    struct advice_group group;
    struct advice *advice = tell(what, list, ADVICE_READY_UNVERIFIED, is_unverified, &group);

    if (advice == NULL)
        return;
    advice_say(advice, "alive, but readiness is not verified (401 without a client certificate): ");
    advice_say_group(list, advice, &group);
    advice_remedy(advice, ADVICE_IMPORT);
}

/* ---- going up and down ---- */

static bool is_flapping(const struct advice_case *what, unsigned backend)
{
    return what->backends[backend].is_flapping;
}

void advice_flapping(const struct advice_case *what, struct advice_list *list)
{
    struct advice_group group;
    struct advice *advice = tell(what, list, ADVICE_FLAPPING, is_flapping, &group);

    if (advice == NULL)
        return;
    advice_say(advice, "down again and again: ");
    advice_say_group(list, advice, &group);
    advice_remedy(advice,
                  "look at its log and its load: the events say what its checks failed with");
}

/* ---- never up ---- */

static bool is_never_used(const struct advice_case *what, const struct conf_service *service)
{
    for (unsigned i = 0; i < service->backend_count; i++) {
        if (!what->backends[service->first_backend + i].never_good)
            return false;
    }
    return service->enabled && service->check != CHECK_NONE && service->backend_count > 0;
}

void advice_not_in_use(const struct advice_case *what, struct advice_list *list)
{
    for (unsigned i = 0; i < what->epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(what->epoch, i);
        struct advice *advice;

        if (!is_never_used(what, service))
            continue;
        advice = advice_list_add(list, ADVICE_NOT_IN_USE);
        advice_say(advice, "no probe of any backend has ever been good (not in use?): ");
        advice_say_service(list, advice, i);
        advice_remedy(advice, "enabled = no in [service %s], if nothing is to be served there",
                      service->name);
    }
}
