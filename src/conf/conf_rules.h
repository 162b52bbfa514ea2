/* What the parts of conf_check_all() share. Nobody else needs it. */
#ifndef K0SLB_CONF_CONF_RULES_H
#define K0SLB_CONF_CONF_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/conf_report.h"
#include "conf/conf_services.h"
#include "conf/conf_statement.h"

struct conf_rules {
    struct conf *conf;
    const struct conf_statements *statements;
    struct conf_report *report;
};

/* The line of a key, or of a section's header by key ""; 0 = it is not there. */
uint32_t conf_rules_line(const struct conf_rules *rules, const char *section, const char *key);

/* Whether backends may be missing only because somebody wrote them wrong. */
bool conf_rules_is_backend_refused(const struct conf_rules *rules, const char *section);

/* The section that a service has a list from: its own, or "defaults". Returns `section`. */
const char *conf_rules_list_section(const struct conf_rules *rules,
                                    const struct conf_service *service, const char *key,
                                    char section[CONF_SECTION_SIZE]);

/* The rules that each service has to keep by itself. */
void conf_rules_services(const struct conf_rules *rules);

/* source_address: this machine has to have them, and a backend to be reached from there. */
void conf_rules_sources(const struct conf_rules *rules);

/*
 * credentials, ca, check_cert and check_key: settles which files there are, and what is wrong with
 * them as far as that can be told without reading a key.
 */
void conf_rules_credentials(const struct conf_rules *rules);

/* What a check says and asks: settles host, name and verification after conf_rules_credentials().
 */
void conf_rules_checks(const struct conf_rules *rules);

/* requires: finds the service and the backends that are meant. */
void conf_rules_requires(const struct conf_rules *rules);

/* Two backends of a service with one address and port. */
void conf_rules_twins(const struct conf_rules *rules);

#endif
