/* Backends of one service that are one machine: whoever counts them counts it twice. */
#include "conf/conf_rules.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_same_place(const struct conf_backend *a, const struct conf_backend *b)
{
    return addr_equal(&a->address, &b->address) && strcasecmp(a->host, b->host) == 0;
}

/* The services have the controllers in common: of these it is told once. */
static void report(const struct conf_rules *rules, const struct conf_backend *late,
                   const struct conf_backend *early)
{
    char section[CONF_SECTION_SIZE];
    char key[sizeof("server ") + CONF_NAME_SIZE];

    conf_services_section(rules->conf->services[late->service].name, section);
    if (conf_services_has_servers(rules->statements, section)) {
        snprintf(key, sizeof(key), "server %s", late->name);
    } else {
        strcpy(section, "controllers");
        snprintf(key, sizeof(key), "%s", late->name);
    }
    conf_report_add(rules->report, CONF_WARNING, conf_rules_line(rules, section, key), section, key,
                    "the same address as %s: one machine counts as two", early->name);
}

static void check_service(const struct conf_rules *rules, const struct conf_service *service)
{
    const struct conf_backend *list = &rules->conf->backends[service->first_backend];

    for (unsigned late = 1; late < service->backend_count; late++) {
        unsigned early = 0;

        while (early < late && !is_same_place(&list[early], &list[late]))
            early++;
        if (early < late)
            report(rules, &list[late], &list[early]);
    }
}

void conf_rules_twins(const struct conf_rules *rules)
{
    for (unsigned i = 0; i < rules->conf->service_count; i++) {
        if (rules->conf->services[i].enabled)
            check_service(rules, &rules->conf->services[i]);
    }
}
