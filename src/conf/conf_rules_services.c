#include "conf/conf_rules.h"

#include <string.h>

#include "base/strnum.h"

/* A konnectivity tunnel that nobody uses says nothing for so long. */
#define SILENT_TUNNEL_MS UINT64_C(3600000)

static bool is_konnectivity(const struct conf_service *service)
{
    return strcmp(service->name, "konnectivity") == 0;
}

static void check_listen(const struct conf_rules *rules, const struct conf_service *service,
                         const char *section)
{
    const char *meant = conf_services_suggest(service->name);
    uint32_t line = conf_rules_line(rules, section, "");

    if (conf_services_is_built_in(service->name) ||
        conf_statements_find(rules->statements, section, "listen") != NULL ||
        conf_statements_has_refused(rules->statements, section))
        return;
    if (meant != NULL)
        conf_report_add(rules->report, CONF_ERROR, line, section, NULL,
                        "\"listen\" is missing; did you mean [service %s]?", meant);
    else
        conf_report_add(rules->report, CONF_ERROR, line, section, NULL,
                        "\"listen\" is missing: write listen = ADDRESS:PORT");
}

/* Without `port` the controllers are asked at the port that is listened on: there must be one. */
static void check_port(const struct conf_rules *rules, const struct conf_service *service,
                       const char *section)
{
    if (service->port != 0 || service->listener_count == 0 ||
        conf_services_has_servers(rules->statements, section) ||
        conf_statements_has_refused(rules->statements, section))
        return;
    conf_report_add(rules->report, CONF_ERROR, conf_rules_line(rules, section, "listen"), section,
                    "listen", "more than one port: say which one the controllers have by port = N");
}

static void check_backends(const struct conf_rules *rules, const struct conf_service *service,
                           const char *section)
{
    uint32_t controllers = conf_rules_line(rules, "controllers", "");

    if (rules->conf->backend_count == 0 || service->backend_count != 0 || !service->enabled ||
        rules->conf->backend_count > CONF_MAX_BACKENDS ||
        conf_rules_is_backend_refused(rules, section))
        return;
    /* The same for every service without servers of its own, hence reported once. */
    if (controllers != 0)
        conf_report_add(rules->report, CONF_ERROR, controllers, "controllers", NULL,
                        "no controller: write NAME = ADDRESS for each of them");
    else
        conf_report_add(rules->report, CONF_ERROR, conf_rules_line(rules, section, ""), section,
                        NULL,
                        "no backend: write server NAME = ADDRESS:PORT, or fill in [controllers]");
}

static bool has_weight(const struct conf_rules *rules, const struct conf_service *service)
{
    for (unsigned i = 0; i < service->backend_count; i++) {
        if (rules->conf->backends[service->first_backend + i].weight > 0)
            return true;
    }
    return false;
}

/* Nothing new goes to any of them, not even while all_down = try. */
static void check_weights(const struct conf_rules *rules, const struct conf_service *service,
                          const char *section)
{
    const char *home =
        conf_services_has_servers(rules->statements, section) ? section : "controllers";

    if (!service->enabled || service->backend_count == 0 || has_weight(rules, service) ||
        rules->report->errors > 0)
        return;
    conf_report_add(rules->report, CONF_WARNING, conf_rules_line(rules, home, ""), home, NULL,
                    "every backend has weight 0: no connection is served");
}

/* Where the service's way of balancing was written; "" and line 0 = it is the default. */
static uint32_t find_balance(const struct conf_rules *rules, const struct conf_service *service,
                             char section[CONF_SECTION_SIZE])
{
    uint32_t line = conf_rules_line(rules, section, "balance");

    if (line != 0 || conf_services_is_built_in(service->name))
        return line;
    line = conf_rules_line(rules, "defaults", "balance");
    if (line != 0)
        strcpy(section, "defaults");
    return line;
}

static void check_balance(const struct conf_rules *rules, const struct conf_service *service,
                          const char *own_section)
{
    char section[CONF_SECTION_SIZE];
    uint32_t line = find_balance(rules, service, strcpy(section, own_section));

    /* An agent redials until it holds a tunnel to each controller: by its address it gets one. */
    if (service->balance == BALANCE_SOURCE && is_konnectivity(service))
        conf_report_add(rules->report, CONF_ERROR, line, section, "balance",
                        "source would never let an agent reach every controller; use "
                        "source-spread");
    if (service->balance == BALANCE_SOURCE_SPREAD && service->enabled &&
        service->backend_count > CONF_MAX_SPREAD)
        conf_report_add(rules->report, CONF_ERROR, line, section, "balance",
                        "source-spread tells at most %d backends apart, and service %s has %u; "
                        "use leastconn",
                        CONF_MAX_SPREAD, service->name, (unsigned)service->backend_count);
}

static void check_idle(const struct conf_rules *rules, const struct conf_service *service,
                       const char *section)
{
    char text[STRNUM_DURATION_SIZE];

    if (service->idle_timeout == 0 || service->idle_timeout >= SILENT_TUNNEL_MS ||
        !is_konnectivity(service))
        return;
    conf_report_add(rules->report, CONF_ERROR, conf_rules_line(rules, section, "idle_timeout"),
                    section, "idle_timeout",
                    "%s would end tunnels that are well, for they are silent for an hour; write 0, "
                    "or 1h or more",
                    strnum_format_duration(service->idle_timeout, text));
}

void conf_rules_services(const struct conf_rules *rules)
{
    char section[CONF_SECTION_SIZE];

    for (unsigned i = 0; i < rules->conf->service_count; i++) {
        struct conf_service *service = &rules->conf->services[i];

        conf_services_section(service->name, section);
        check_listen(rules, service, section);
        check_port(rules, service, section);
        check_backends(rules, service, section);
        check_weights(rules, service, section);
        check_balance(rules, service, section);
        check_idle(rules, service, section);
        if (service->check_fast_interval > service->check_interval)
            service->check_fast_interval = service->check_interval;
    }
}
