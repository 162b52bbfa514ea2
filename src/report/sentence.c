#include "report/sentence.h"

#include <stdbool.h>
#include <string.h>

#include "base/defs.h"
#include "base/mono.h"
#include "report/words.h"

/* So many names of a group, and so many groups, are told; the rest is counted. */
#define NAMES_TOLD  3
#define GROUPS_TOLD 3

/* The backends of a service that are in one state for one reason. */
struct group {
    const struct snapshot_service *service;
    const struct snapshot_backend *first;
    unsigned count;
    uint64_t since_seconds;  /* of the latest of them */
    uint64_t oldest_seconds; /* of the earliest */
};

/* What is told of a service, and how much of it is told already. */
struct telling {
    const struct snapshot *snapshot;
    const struct snapshot_service *service;
    struct textbuf *out;
    const struct snapshot_backend *told[GROUPS_TOLD]; /* the first of each group */
    unsigned groups;
    unsigned untold; /* backends */
};

/* Its backends are the controllers: etcd has a member on each of them. */
#define CONTROLLERS "kubeAPI"

/* The services of k0s have controllers; what others have is not known. */
static const char *noun(const struct snapshot_service *service, bool is_one)
{
    static const char *const of_k0s[] = {"kubeAPI", "konnectivity", "controllerJoinAPI"};

    for (size_t i = 0; i < ARRAY_LEN(of_k0s); i++) {
        if (strcmp(service->name, of_k0s[i]) == 0)
            return is_one ? "controller" : "controllers";
    }
    return is_one ? "backend" : "backends";
}

static unsigned count_status(const struct snapshot_service *service, enum snapshot_status status)
{
    unsigned count = 0;

    for (size_t i = 0; i < service->backend_count; i++)
        count += service->backends[i].status == status;
    return count;
}

/* Processes of a dead master, and of an earlier one, serve as others do. */
static bool has_worker(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->process_count; i++) {
        if (snapshot->processes[i].role == BOARD_ROLE_WORKER && snapshot->processes[i].alive)
            return true;
    }
    return false;
}

/* ---- groups ---- */

/* The reason without its code, which is for who knows the codes; "" = none worth telling. */
static const char *reason_of(const struct snapshot_backend *backend)
{
    bool is_probed = backend->status == STATUS_DOWN || backend->status == STATUS_SUSPECT;

    /* A good answer is not why: it is the first of those that bring it up again. */
    if (!is_probed || words_is_good(backend->check.code))
        return "";
    if (backend->check.description[0] != '\0')
        return backend->check.description;
    return backend->check.code != CHECKED_NONE ? board_check_name(backend->check.code) : "";
}

static bool are_alike(const struct snapshot_backend *a, const struct snapshot_backend *b)
{
    return a->status == b->status && strcmp(reason_of(a), reason_of(b)) == 0;
}

static bool is_told(const struct telling *telling, const struct snapshot_backend *backend)
{
    for (unsigned i = 0; i < telling->groups; i++) {
        if (are_alike(telling->told[i], backend))
            return true;
    }
    return false;
}

static struct group group_of(const struct snapshot_service *service,
                             const struct snapshot_backend *first)
{
    struct group group = {
        .service = service,
        .first = first,
        .since_seconds = first->since_seconds,
        .oldest_seconds = first->since_seconds,
    };

    for (size_t i = 0; i < service->backend_count; i++) {
        const struct snapshot_backend *backend = &service->backends[i];

        if (!are_alike(backend, first))
            continue;
        group.count++;
        if (backend->since_seconds < group.since_seconds)
            group.since_seconds = backend->since_seconds;
        if (backend->since_seconds > group.oldest_seconds)
            group.oldest_seconds = backend->since_seconds;
    }
    return group;
}

/* "cp1", "cp1 and cp2", "cp1, cp2, cp3 and 5 more" */
static void put_names(const struct group *group, struct textbuf *out)
{
    unsigned told = 0;

    for (const struct snapshot_backend *b = group->first; told < group->count; b++) {
        if (!are_alike(b, group->first))
            continue;
        if (told == NAMES_TOLD) {
            textbuf_printf(out, " and %u more", group->count - told);
            return;
        }
        if (told > 0)
            textbuf_puts(out, told + 1 == group->count ? " and " : ", ");
        textbuf_puts(out, b->name);
        told++;
    }
}

/* The service that has to be up before this one is; NULL where that is not known. */
static const char *required_by(const struct snapshot *snapshot,
                               const struct snapshot_service *service)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].slot == service->required)
            return snapshot->services[i].name;
    }
    return NULL;
}

/* " (connection refused)", or what blocked ones wait for. */
static void put_reason(const struct snapshot *snapshot, const struct group *group,
                       struct textbuf *out)
{
    const char *required = required_by(snapshot, group->service);
    const char *reason = reason_of(group->first);

    if (group->first->status == STATUS_BLOCKED && group->count == 1)
        reason = group->first->blocked_by;
    if (reason[0] != '\0')
        textbuf_printf(out, " (%s)", reason);
    else if (group->first->status == STATUS_BLOCKED && required != NULL)
        textbuf_printf(out, " (%s is not up there)", required);
}

/* " for 4m 12s"; " for at least 12s" of those that are not of one age. */
static void put_age(const struct group *group, struct textbuf *out)
{
    bool is_one_age = group->since_seconds == group->oldest_seconds;
    bool is_new = !is_one_age && group->since_seconds == 0;
    char age[AGE_TEXT_SIZE];

    age_format(is_new ? group->oldest_seconds : group->since_seconds, age);
    textbuf_printf(out, " for %s%s", is_one_age ? "" : is_new ? "up to " : "at least ", age);
}

/* " have been down for 4m 12s (connection refused)" */
static void put_state(const struct snapshot *snapshot, const struct group *group,
                      struct textbuf *out)
{
    static const char *const words[] = {
        [STATUS_MAINT] = "in maint",
        [STATUS_DRAIN] = "in drain",
        [STATUS_DOWN] = "down",
        [STATUS_BLOCKED] = "blocked",
        [STATUS_UNCHECKED] = "unchecked",
        [STATUS_SUSPECT] = "suspect",
        [STATUS_UP] = "up",
    };

    textbuf_printf(out, " %s been %s", group->count == 1 ? "has" : "have",
                   words[group->first->status]);
    put_age(group, out);
    put_reason(snapshot, group, out);
}

static void tell_group(struct telling *telling, const struct snapshot_backend *first)
{
    struct group group = group_of(telling->service, first);

    telling->told[telling->groups++] = first;
    textbuf_puts(telling->out, "; ");
    put_names(&group, telling->out);
    put_state(telling->snapshot, &group, telling->out);
}

/* Those that are not up, the worst first. */
static void tell_groups(struct telling *telling)
{
    static const enum snapshot_status order[] = {STATUS_DOWN,      STATUS_BLOCKED, STATUS_SUSPECT,
                                                 STATUS_UNCHECKED, STATUS_DRAIN,   STATUS_MAINT};
    const struct snapshot_service *service = telling->service;

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        for (size_t k = 0; k < service->backend_count; k++) {
            const struct snapshot_backend *backend = &service->backends[k];

            if (backend->status != order[i] || is_told(telling, backend))
                continue;
            if (telling->groups < GROUPS_TOLD)
                tell_group(telling, backend);
            else
                telling->untold++;
        }
    }
    if (telling->untold > 0)
        textbuf_printf(telling->out, "; %u more %s not up", telling->untold,
                       telling->untold == 1 ? "is" : "are");
}

/* ---- the sentence ---- */

/* All backends are in one state for one reason: " its only controller", " all 3 controllers". */
static void put_all(const struct snapshot_service *service, struct textbuf *out)
{
    size_t count = service->backend_count;

    if (count == 1)
        textbuf_printf(out, "its only %s", noun(service, true));
    else if (count == 2)
        textbuf_printf(out, "both %s", noun(service, false));
    else
        textbuf_printf(out, "all %zu %s", count, noun(service, false));
}

static const char *verdict_on(const struct snapshot_service *service)
{
    size_t known = service->backend_count - count_status(service, STATUS_UNCHECKED);

    if (count_status(service, STATUS_UP) > 0)
        return "is reachable";
    if (count_status(service, STATUS_SUSPECT) > 0)
        return "may be reachable";
    if (known == 0)
        return "is not known to be reachable yet";
    return service->never_good ? "is not reachable, and never was" : "is not reachable";
}

/* ", and etcd needs 2": who is not known yet may be among them. */
static void put_quorum(const struct snapshot_service *service, struct textbuf *out)
{
    size_t needed = service->backend_count / 2 + 1;

    if (strcmp(service->name, CONTROLLERS) == 0 && count_status(service, STATUS_UP) +
                                                           count_status(service, STATUS_SUSPECT) +
                                                           count_status(service, STATUS_UNCHECKED) <
                                                       needed)
        textbuf_printf(out, ", and etcd needs %zu", needed);
}

static void tell_backends(struct telling *telling)
{
    const struct snapshot_service *service = telling->service;
    unsigned up = count_status(service, STATUS_UP);
    struct group group = group_of(service, &service->backends[0]);

    if (group.count == service->backend_count) {
        put_all(service, telling->out);
        if (up > 0)
            textbuf_puts(telling->out, group.count == 1 ? " is up" : " are up");
        else
            put_state(telling->snapshot, &group, telling->out);
        return;
    }
    if (up == 0)
        textbuf_printf(telling->out, "none of %zu %s is up", service->backend_count,
                       noun(service, false));
    else
        textbuf_printf(telling->out, "%u of %zu %s %s up", up, service->backend_count,
                       noun(service, false), up == 1 ? "is" : "are");
    put_quorum(service, telling->out);
    tell_groups(telling);
}

void sentence_service(const struct snapshot *snapshot, const struct snapshot_service *service,
                      struct textbuf *out)
{
    struct telling telling = {.snapshot = snapshot, .service = service, .out = out};

    textbuf_puts(out, service->name);
    if (!service->enabled) {
        textbuf_puts(out, " is disabled.");
        return;
    }
    if (!has_worker(snapshot)) {
        textbuf_puts(out, " is not reachable: no worker is running.");
        return;
    }
    if (service->backend_count == 0) {
        textbuf_puts(out, " is not reachable: it has no backends.");
        return;
    }
    textbuf_printf(out, " %s: ", verdict_on(service));
    tell_backends(&telling);
    textbuf_puts(out, ".");
}
