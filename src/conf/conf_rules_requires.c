#include "conf/conf_rules.h"

#include <stdio.h>
#include <string.h>

/* Where a service's `requires` was written; "" and line 0 = nowhere. */
struct source {
    char section[CONF_SECTION_SIZE];
    uint32_t line;
    bool refused;
};

static void find_source(const struct conf_rules *rules, const struct conf_service *service,
                        struct source *out)
{
    const struct conf_statement *said;

    conf_services_section(service->name, out->section);
    said = conf_statements_find(rules->statements, out->section, "requires");
    if (said == NULL && conf_services_built_in_value(service->name, "requires") == NULL) {
        said = conf_statements_find(rules->statements, "defaults", "requires");
        if (said != NULL)
            strcpy(out->section, "defaults");
    }
    out->line = said != NULL ? said->line : 0;
    out->refused = said != NULL && said->refused;
}

static uint16_t find_service(const struct conf *conf, const char *name)
{
    for (uint16_t i = 0; i < conf->service_count; i++) {
        if (strcmp(conf->services[i].name, name) == 0)
            return i;
    }
    return CONF_NO_INDEX;
}

static uint16_t find_backend(const struct conf *conf, const struct conf_service *service,
                             const char *name)
{
    for (unsigned i = 0; i < service->backend_count; i++) {
        unsigned index = service->first_backend + i;

        if (strcmp(conf->backends[index].name, name) == 0)
            return (uint16_t)index;
    }
    return CONF_NO_INDEX;
}

/* Whether the service asks for another one at all. What nobody wrote asks for what is there. */
static bool is_wanted(const struct conf_rules *rules, const struct conf_service *service,
                      const struct source *source)
{
    uint16_t index = find_service(rules->conf, service->requires);

    if (strcmp(service->requires, "none") == 0 || source->refused || !service->enabled)
        return false;
    /* One line in [defaults] is for all others. */
    if (strcmp(source->section, "defaults") == 0 && strcmp(service->requires, service->name) == 0)
        return false;
    return source->line != 0 ||
           (index != CONF_NO_INDEX && rules->conf->services[index].enabled != 0);
}

/* Returns its index, or CONF_NO_INDEX after a message. */
static uint16_t find_required(const struct conf_rules *rules, const struct conf_service *service,
                              const struct source *source)
{
    uint16_t index = find_service(rules->conf, service->requires);

    if (index != CONF_NO_INDEX && rules->conf->services[index].enabled)
        return index;
    if (index != CONF_NO_INDEX)
        conf_report_add(rules->report, CONF_ERROR, source->line, source->section, "requires",
                        "service %s has enabled = no", service->requires);
    else if (!rules->statements->section_lost)
        conf_report_add(rules->report, CONF_ERROR, source->line, source->section, "requires",
                        "there is no service \"%s\"", service->requires);
    return CONF_NO_INDEX;
}

static bool is_backend_refused(const struct conf_rules *rules, const struct conf_service *service)
{
    char section[CONF_SECTION_SIZE];

    return conf_rules_is_backend_refused(rules, conf_services_section(service->name, section));
}

static void report_mismatch(const struct conf_rules *rules, const struct conf_service *service,
                            const struct source *source, const char *name)
{
    const char *required = rules->conf->services[service->required].name;

    if (source->line != 0)
        conf_report_add(rules->report, CONF_ERROR, source->line, source->section, "requires",
                        "service %s has no backend named \"%s\", as %s has; give both the same "
                        "names, or write requires = none",
                        required, name, service->name);
    else
        conf_report_add(rules->report, CONF_WARNING, 0, source->section, "requires",
                        "has no effect, for service %s has no backend named \"%s\"; give both the "
                        "same names, or write requires = none",
                        required, name);
}

static void forget_required(const struct conf_rules *rules, struct conf_service *service)
{
    service->required = CONF_NO_INDEX;
    for (unsigned i = 0; i < service->backend_count; i++)
        rules->conf->backends[service->first_backend + i].required = CONF_NO_INDEX;
}

/* Finds each backend's namesake; the first that has none is reported, and nothing is required. */
static void match_backends(const struct conf_rules *rules, struct conf_service *service,
                           const struct source *source)
{
    struct conf *conf = rules->conf;
    const struct conf_service *required = &conf->services[service->required];

    if (is_backend_refused(rules, service) || is_backend_refused(rules, required))
        return;
    for (unsigned i = 0; i < service->backend_count; i++) {
        struct conf_backend *backend = &conf->backends[service->first_backend + i];

        backend->required = find_backend(conf, required, backend->name);
        if (backend->required != CONF_NO_INDEX)
            continue;
        report_mismatch(rules, service, source, backend->name);
        forget_required(rules, service);
        return;
    }
}

static void check_service(const struct conf_rules *rules, struct conf_service *service)
{
    struct source source;

    service->required = CONF_NO_INDEX;
    find_source(rules, service, &source);
    if (!is_wanted(rules, service, &source))
        return;
    service->required = find_required(rules, service, &source);
    if (service->required != CONF_NO_INDEX)
        match_backends(rules, service, &source);
}

/* Whether the way from a service leads back to it; it is reported where its lowest index is. */
static bool is_first_of_cycle(const struct conf *conf, uint16_t start)
{
    uint16_t at = conf->services[start].required;

    for (unsigned steps = 0; at != CONF_NO_INDEX && steps < conf->service_count; steps++) {
        if (at == start)
            return true;
        if (at < start)
            return false;
        at = conf->services[at].required;
    }
    return false;
}

/* "a requires b, which requires c, which requires a" */
static void name_cycle(const struct conf *conf, uint16_t start, char *text, size_t room)
{
    uint16_t at = conf->services[start].required;
    size_t length = (size_t)snprintf(text, room, "%s requires %s", conf->services[start].name,
                                     conf->services[at].name);

    while (at != start && length < room) {
        at = conf->services[at].required;
        length += (size_t)snprintf(text + length, room - length, ", which requires %s",
                                   conf->services[at].name);
    }
}

static void check_cycle(const struct conf_rules *rules, uint16_t index)
{
    const struct conf_service *service = &rules->conf->services[index];
    struct source source;
    char cycle[200];

    if (!is_first_of_cycle(rules->conf, index))
        return;
    find_source(rules, service, &source);
    name_cycle(rules->conf, index, cycle, sizeof(cycle));
    conf_report_add(rules->report, CONF_ERROR, source.line, source.section, "requires",
                    "none of them could ever be used: %s", cycle);
}

void conf_rules_requires(const struct conf_rules *rules)
{
    const struct conf *conf = rules->conf;

    if (conf->service_count > CONF_MAX_SERVICES || conf->backend_count > CONF_MAX_BACKENDS)
        return;
    for (uint16_t i = 0; i < conf->service_count; i++)
        check_service(rules, &rules->conf->services[i]);
    for (uint16_t i = 0; i < conf->service_count; i++)
        check_cycle(rules, i);
}
