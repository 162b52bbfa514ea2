#include "conf/conf_check.h"

#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf_rules.h"
#include "conf/conf_services.h"

/* `auto` takes no more; a controller's traffic does not ask for them. */
#define AUTO_WORKERS_MOST 8

uint32_t conf_rules_line(const struct conf_rules *rules, const char *section, const char *key)
{
    const struct conf_statement *found = conf_statements_find(rules->statements, section, key);

    return found != NULL ? found->line : 0;
}

bool conf_rules_is_backend_refused(const struct conf_rules *rules, const char *section)
{
    return rules->statements->section_lost ||
           conf_statements_has_refused(rules->statements, "controllers") ||
           conf_statements_has_refused(rules->statements, section);
}

const char *conf_rules_list_section(const struct conf_rules *rules,
                                    const struct conf_service *service, const char *key,
                                    char section[CONF_SECTION_SIZE])
{
    conf_services_section(service->name, section);
    if (conf_statements_find(rules->statements, section, key) == NULL)
        strcpy(section, "defaults");
    return section;
}

static void check_workers(const struct conf_rules *rules)
{
    struct conf_global *global = &rules->conf->global;
    cpu_set_t usable;
    int count = 1;

    if (global->workers != 0)
        return;
    /* A machine with more CPUs than fit the set fails here, and has more than enough. */
    if (sched_getaffinity(0, sizeof(usable), &usable) == 0)
        count = CPU_COUNT(&usable);
    else
        count = AUTO_WORKERS_MOST;
    global->workers = (uint16_t)(count < AUTO_WORKERS_MOST ? count : AUTO_WORKERS_MOST);
}

/* The account for the children; NULL after a message, or where it does not matter. */
static const struct passwd *find_user(const struct conf_rules *rules)
{
    struct conf_global *global = &rules->conf->global;
    const struct conf_statement *said = conf_statements_find(rules->statements, "k0slb", "user");
    const struct passwd *found;

    if (said != NULL && said->refused)
        return NULL;
    found = getpwnam(global->user);
    /* A file that is refused anyway needs no word about the children's default user. */
    if (found != NULL || (said == NULL && (geteuid() != 0 || rules->report->errors > 0)))
        return found;
    if (said != NULL) {
        conf_report_add(rules->report, CONF_ERROR, said->line, "k0slb", "user",
                        "there is no user \"%s\" on this machine", global->user);
        return NULL;
    }
    conf_report_add(rules->report, CONF_WARNING, 0, "k0slb", "user",
                    "there is no user \"%s\", the children run as \"nobody\"; make it with: "
                    "useradd --system --no-create-home --shell /usr/sbin/nologin %s",
                    global->user, global->user);
    strcpy(global->user, "nobody");
    found = getpwnam(global->user);
    if (found == NULL)
        conf_report_add(rules->report, CONF_ERROR, 0, "k0slb", "user",
                        "there is no user \"nobody\" either");
    return found;
}

static void check_user(const struct conf_rules *rules)
{
    struct conf_global *global = &rules->conf->global;
    const struct passwd *user = find_user(rules);

    global->change_user = geteuid() == 0;
    global->uid = geteuid();
    global->gid = getegid();
    if (user == NULL)
        return;
    if (user->pw_uid == 0)
        conf_report_add(rules->report, CONF_ERROR, conf_rules_line(rules, "k0slb", "user"), "k0slb",
                        "user", "\"%s\" is root: what carries connections has to be somebody else",
                        global->user);
    if (global->change_user) {
        global->uid = user->pw_uid;
        global->gid = user->pw_gid;
    }
}

static void check_group(const struct conf_rules *rules)
{
    struct conf_global *global = &rules->conf->global;
    const struct group *group;

    if (global->group[0] == '\0')
        return;
    group = getgrnam(global->group);
    if (group == NULL)
        conf_report_add(rules->report, CONF_ERROR, conf_rules_line(rules, "k0slb", "group"),
                        "k0slb", "group", "there is no group \"%s\" on this machine",
                        global->group);
    else if (global->change_user)
        global->gid = group->gr_gid;
}

/* A path for every instance of its own, where nothing is said. */
static void check_pid_file(const struct conf_rules *rules)
{
    struct conf_global *global = &rules->conf->global;
    const struct conf_statement *said =
        conf_statements_find(rules->statements, "k0slb", "pid_file");

    _Static_assert(sizeof(K0SLB_RUNSTATEDIR "/.pid") + CONF_NAME_SIZE <= CONF_PATH_SIZE,
                   "the default path has room");
    global->has_pid_file = said != NULL;
    if (said == NULL)
        snprintf(global->pid_file, sizeof(global->pid_file), K0SLB_RUNSTATEDIR "/%s.pid",
                 global->name);
}

static void check_service_count(const struct conf_rules *rules)
{
    char section[CONF_SECTION_SIZE];

    if (rules->conf->service_count <= CONF_MAX_SERVICES)
        return;
    conf_services_section(rules->conf->services[CONF_MAX_SERVICES].name, section);
    conf_report_add(rules->report, CONF_ERROR, conf_rules_line(rules, section, ""), section, NULL,
                    "more than %d services", CONF_MAX_SERVICES);
}

static void check_backend_count(const struct conf_rules *rules)
{
    if (rules->conf->backend_count > CONF_MAX_BACKENDS)
        conf_report_add(rules->report, CONF_ERROR, 0, NULL, NULL,
                        "more than %d backends in all services together", CONF_MAX_BACKENDS);
}

static const char *owner_section(const struct conf_rules *rules,
                                 const struct conf_listener *listener,
                                 char section[CONF_SECTION_SIZE])
{
    if (listener->owner == CONF_STATS_OWNER)
        return "stats";
    return conf_services_section(rules->conf->services[listener->owner].name, section);
}

static void check_listener_count(const struct conf_rules *rules)
{
    const struct conf_listener *last = &rules->conf->listeners[CONF_MAX_LISTENERS];
    char section[CONF_SECTION_SIZE];

    if (rules->conf->listener_count > CONF_MAX_LISTENERS)
        conf_report_add(rules->report, CONF_ERROR, last->line, owner_section(rules, last, section),
                        "listen", "more than %d listening sockets in all (:PORT counts as two)",
                        CONF_MAX_LISTENERS);
}

static void report_ranges(const struct conf_rules *rules, const char *section, const char *key)
{
    conf_report_add(rules->report, CONF_ERROR, conf_rules_line(rules, section, key), section, key,
                    "more than %d ranges in all (private counts as 9)", CONF_MAX_CIDRS);
}

/* Whether the list holds the one range too many. */
static bool is_overfull(const struct conf_access *access)
{
    return access->first_cidr <= CONF_MAX_CIDRS &&
           access->first_cidr + access->cidr_count > CONF_MAX_CIDRS;
}

/* The lists of services come first. */
static void check_range_count(const struct conf_rules *rules)
{
    char section[CONF_SECTION_SIZE];

    if (rules->conf->cidr_count <= CONF_MAX_CIDRS)
        return;
    for (unsigned i = 0; i < rules->conf->service_count; i++) {
        const struct conf_service *service = &rules->conf->services[i];
        const char *key = is_overfull(&service->allow) ? "allow" : "deny";

        if (!is_overfull(&service->allow) && !is_overfull(&service->deny))
            continue;
        report_ranges(rules, conf_rules_list_section(rules, service, key, section), key);
        return;
    }
    report_ranges(rules, "stats", "allow");
}

/* Whether both cannot be bound at once. Sockets of the two families never collide. */
static bool is_overlap(const struct conf_listener *a, const struct conf_listener *b)
{
    if (a->address.family != b->address.family || a->address.port != b->address.port)
        return false;
    return addr_same_ip(&a->address, &b->address) || addr_is_any(&a->address) ||
           addr_is_any(&b->address);
}

static const char *socket_text(const struct conf_listener *listener, char text[ADDR_TEXT_SIZE])
{
    if (listener->both)
        snprintf(text, ADDR_TEXT_SIZE, ":%u", (unsigned)listener->address.port);
    else
        addr_format(&listener->address, text);
    return text;
}

static void report_overlap(const struct conf_rules *rules, const struct conf_listener *early,
                           const struct conf_listener *late)
{
    char late_section[CONF_SECTION_SIZE];
    char early_section[CONF_SECTION_SIZE];
    char late_text[ADDR_TEXT_SIZE];
    char early_text[ADDR_TEXT_SIZE];
    char place[24] = "by default";

    if (early->line > late->line) {
        const struct conf_listener *swapped = early;

        early = late;
        late = swapped;
    }
    if (early->line != 0)
        snprintf(place, sizeof(place), "line %lu", (unsigned long)early->line);
    conf_report_add(rules->report, CONF_ERROR, late->line, owner_section(rules, late, late_section),
                    "listen", "%s overlaps %s of [%s] (%s)", socket_text(late, late_text),
                    socket_text(early, early_text), owner_section(rules, early, early_section),
                    place);
}

static void check_overlaps(const struct conf_rules *rules)
{
    const struct conf_listener *list = rules->conf->listeners;

    for (unsigned i = 0; i < rules->conf->listener_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            /* Of two pairs the IPv4 halves have been reported already. */
            bool told = list[i].both && list[j].both && list[i].address.family == ADDR_IPV6;

            if (!told && is_overlap(&list[i], &list[j]))
                report_overlap(rules, &list[j], &list[i]);
        }
    }
}

/* Nobody serves anything, and nothing was refused that might have. */
static void check_purpose(const struct conf_rules *rules)
{
    uint32_t line = conf_rules_line(rules, "controllers", "");
    char section[CONF_SECTION_SIZE] = "controllers";
    bool enabled = false;

    if (rules->statements->section_lost)
        return;
    for (unsigned i = 0; i < rules->conf->service_count; i++) {
        enabled |= rules->conf->services[i].enabled != 0;
        conf_services_section(rules->conf->services[i].name, section);
        if (conf_rules_is_backend_refused(rules, section))
            return;
    }
    if (rules->conf->backend_count == 0)
        conf_report_add(rules->report, CONF_ERROR, line, line != 0 ? "controllers" : NULL, NULL,
                        "nothing to serve: write the addresses of the k0s controllers into "
                        "[controllers], one NAME = ADDRESS for each");
    else if (!enabled)
        conf_report_add(rules->report, CONF_ERROR, 0, NULL, NULL,
                        "nothing to serve: every service has enabled = no");
}

void conf_check_all(struct conf *conf, const struct conf_statements *statements,
                    struct conf_report *report)
{
    static void (*const all[])(const struct conf_rules *) = {
        check_workers,          check_service_count, check_backend_count, check_listener_count,
        check_range_count,      check_overlaps,      conf_rules_services, conf_rules_sources,
        conf_rules_credentials, conf_rules_checks,   conf_rules_requires, conf_rules_twins,
        check_purpose,          check_user,          check_group,         check_pid_file,
    };
    const struct conf_rules rules = {conf, statements, report};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        all[i](&rules);
}
