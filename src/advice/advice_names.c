/* The names that clients use, against those in the controllers' certificates. */
#include "advice/advice_rules.h"

#include <string.h>

#include "base/certificate_names.h"

/* The certificates of a service that are compared by their names; no control plane has more. */
#define MOST_COMPARED 16

/* Whether all its names are known, so that one can be said to be missing. */
static bool has_names(const struct advice_case *what, unsigned backend)
{
    const struct certificate *certificate = what->backends[backend].certificate;

    return certificate != NULL && !certificate->names_cut &&
           advice_is_controller(what->epoch, backend);
}

static bool lacks(const struct advice_case *what, unsigned backend, const char *name)
{
    return has_names(what, backend) &&
           !certificate_names_have(what->backends[backend].certificate->names, name);
}

/* ---- external_address ---- */

static const char *text_of(const struct conf_external *external, char ip[ADDR_TEXT_SIZE])
{
    return external->host[0] != '\0' ? external->host : addr_format_ip(&external->address, ip);
}

static bool lacks_an_external(const struct advice_case *what, unsigned backend)
{
    char ip[ADDR_TEXT_SIZE];

    for (unsigned i = 0; i < what->epoch->external_count; i++) {
        if (lacks(what, backend, text_of(epoch_external(what->epoch, i), ip)))
            return true;
    }
    return false;
}

static void tell_external(const struct advice_case *what, struct advice_list *list,
                          const char *name)
{
    struct advice_group group = {0};
    struct advice *advice;

    for (unsigned i = 0; i < what->epoch->backend_count; i++) {
        if (lacks(what, i, name))
            advice_group_add(&group, i);
    }
    if (group.count == 0)
        return;
    advice = advice_list_add(list, ADVICE_NAME_MISSING);
    advice_say(advice, "external_address %.100s is not in the certificate of: ", name);
    advice_say_group(list, advice, &group);
    advice_remedy(
        advice,
        "add it to spec.api.externalAddress or spec.api.sans in k0s.yaml there, restart k0s");
}

/* ---- what most have ---- */

/* The certificates of a service that can be compared. */
static void find_comparable(const struct advice_case *what, unsigned service,
                            struct advice_group *group)
{
    const struct conf_service *from = epoch_service(what->epoch, service);

    group->count = 0;
    for (unsigned i = 0; i < from->backend_count && group->count < MOST_COMPARED; i++) {
        if (has_names(what, from->first_backend + i))
            advice_group_add(group, from->first_backend + i);
    }
}

/* An address that means the same machine wherever it is used says nothing to clients. */
static bool is_local(const char *name)
{
    struct addr address;

    if (addr_parse(&address, name) == -1)
        return false;
    if (address.family == ADDR_IPV4)
        return address.ip[0] == 127 || (address.ip[0] == 169 && address.ip[1] == 254);
    return strcmp(name, "::1") == 0 || (address.ip[0] == 0xfe && (address.ip[1] & 0xc0) == 0x80);
}

/* Whether most of these carry the name, and not all: what one alone has is its own. */
static bool is_usual(const struct advice_case *what, const struct advice_group *group,
                     const char *name)
{
    unsigned without = 0;

    for (unsigned i = 0; i < group->count; i++)
        without += lacks(what, group->members[i], name);
    return name[0] != '\0' && without > 0 && 2 * without < group->count && !is_local(name);
}

/* Does something with a name that most have; returns false when the search is over. */
typedef bool usual_fn(void *context, const char *name);

/* What most have stands in one of any two certificates more than the half of them. */
static void find_usual(const struct advice_case *what, unsigned service, usual_fn *found,
                       void *context)
{
    struct advice_group group;

    find_comparable(what, service, &group);
    for (unsigned i = 0; i < group.count / 2 + 1 && i < group.count; i++) {
        const char *at = what->backends[group.members[i]].certificate->names;
        char name[CERTIFICATE_NAME_SIZE];

        while ((at = certificate_names_next(at, name)) != NULL) {
            if (is_usual(what, &group, name) && !found(context, name))
                return;
        }
    }
}

struct lacking {
    const struct advice_case *what;
    unsigned backend;
    bool lacks;
};

static bool note_lacking(void *context, const char *name)
{
    struct lacking *lacking = context;

    lacking->lacks = lacks(lacking->what, lacking->backend, name);
    return !lacking->lacks;
}

/* Names that have been told about; more are not. */
#define MOST_TOLD 8

struct telling {
    const struct advice_case *what;
    struct advice_list *list;
    unsigned told;
    char names[MOST_TOLD][CERTIFICATE_NAME_SIZE];
};

static bool is_told(const struct telling *telling, const char *name)
{
    for (unsigned i = 0; i < telling->told; i++) {
        if (strcmp(telling->names[i], name) == 0)
            return true;
    }
    return false;
}

/* Those of every service of k0s that lack it where most have it. */
static void find_lacking(const struct advice_case *what, const char *name, struct advice_group *out)
{
    out->count = 0;
    for (unsigned service = 0; service < what->epoch->service_count; service++) {
        struct advice_group group;

        find_comparable(what, service, &group);
        if (!is_usual(what, &group, name))
            continue;
        for (unsigned i = 0; i < group.count; i++) {
            if (lacks(what, group.members[i], name))
                advice_group_add(out, group.members[i]);
        }
    }
}

static bool tell_usual(void *context, const char *name)
{
    struct telling *telling = context;
    struct advice_group group;
    struct advice *advice;

    if (telling->told == MOST_TOLD)
        return false;
    if (is_told(telling, name))
        return true;
    strcpy(telling->names[telling->told++], name);
    find_lacking(telling->what, name, &group);
    advice = advice_list_add(telling->list, ADVICE_NAME_MISSING);
    advice_say(advice, "%.100s, which most certificates carry, is not in that of: ", name);
    advice_say_group(telling->list, advice, &group);
    advice_remedy(
        advice, "give all controllers the same spec.api.externalAddress and sans, and restart k0s");
    return true;
}

/* ---- both ---- */

bool advice_lacks_names(const struct advice_case *what, unsigned backend)
{
    struct lacking lacking = {.what = what, .backend = backend};

    if (!has_names(what, backend))
        return false;
    if (what->epoch->external_count > 0)
        return lacks_an_external(what, backend);
    find_usual(what, epoch_backend(what->epoch, backend)->service, note_lacking, &lacking);
    return lacking.lacks;
}

void advice_name_missing(const struct advice_case *what, struct advice_list *list)
{
    struct telling telling = {.what = what, .list = list};
    char ip[ADDR_TEXT_SIZE];

    for (unsigned i = 0; i < what->epoch->external_count; i++)
        tell_external(what, list, text_of(epoch_external(what->epoch, i), ip));
    if (what->epoch->external_count > 0)
        return;
    for (unsigned service = 0; service < what->epoch->service_count; service++)
        find_usual(what, service, tell_usual, &telling);
}
