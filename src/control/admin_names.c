/* Which names there are, where one was typed that means nothing. */
#include <string.h>

#include "conf/conf_keys.h"
#include "control/admin.h"
#include "control/verb.h"
#include "report/words.h"

#define TEXT_LIMIT 65536

/* Names that could have been typed, each once. */
struct names {
    const char *typed;
    struct textbuf list; /* "a, b, c" */
    const char *meant;   /* the one that differs from what was typed by a slip, NULL = none */
    unsigned slips;      /* how many do */
};

static void add_name(struct names *names, const char *name)
{
    words_separate(&names->list, 0, ", ");
    words_safe(&names->list, name);
    if (!conf_is_typo(names->typed, name))
        return;
    names->meant = name;
    names->slips++;
}

static bool is_known(const struct snapshot *snapshot, size_t services, const char *name)
{
    for (size_t i = 0; i < services; i++) {
        if (snapshot_backend_named(&snapshot->services[i], name) != NULL)
            return true;
    }
    return false;
}

/* The controllers of a service; of all services, those that no earlier one has. */
static void add_controllers(struct names *names, const struct snapshot *snapshot,
                            const char *service)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *one = &snapshot->services[i];

        if (service != NULL && strcmp(one->name, service) != 0)
            continue;
        for (size_t k = 0; k < one->backend_count; k++) {
            if (service != NULL || !is_known(snapshot, i, one->backends[k].name))
                add_name(names, one->backends[k].name);
        }
    }
}

/* `what` is "service x" or "controller x"; `place` is where it was looked for. */
static void complain(const struct names *names, const char *what, const char *place)
{
    if (names->slips == 1)
        control_complain("there is no %s %s%s; did you mean %s?", what, names->typed, place,
                         names->meant);
    else if (names->list.length > 0)
        control_complain("there is no %s %s%s; there are %s", what, names->typed, place,
                         names->list.data);
    else
        control_complain("there is no %s %s%s", what, names->typed, place);
}

static void complain_about_service(const struct admin_plan *plan, const struct snapshot *snapshot)
{
    struct names names = {.typed = plan->service};

    textbuf_init(&names.list, TEXT_LIMIT);
    for (size_t i = 0; i < snapshot->service_count; i++)
        add_name(&names, snapshot->services[i].name);
    complain(&names, "service", "");
    textbuf_fini(&names.list);
}

static void complain_about_controller(const struct admin_plan *plan,
                                      const struct snapshot *snapshot)
{
    struct names names = {.typed = plan->controller};
    struct textbuf place;

    textbuf_init(&names.list, TEXT_LIMIT);
    textbuf_init(&place, TEXT_LIMIT);
    textbuf_puts(&place, plan->service != NULL ? " in " : "");
    textbuf_puts(&place, plan->service != NULL ? plan->service : "");
    add_controllers(&names, snapshot, plan->service);
    complain(&names, "controller", place.data != NULL ? place.data : "");
    textbuf_fini(&place);
    textbuf_fini(&names.list);
}

void admin_complain_about_names(const struct admin_plan *plan, const struct snapshot *snapshot)
{
    if (plan->service != NULL && snapshot_service_named(snapshot, plan->service) == NULL)
        complain_about_service(plan, snapshot);
    else
        complain_about_controller(plan, snapshot);
}
