/* The services of a file, the built-in ones included, each with its sockets and backends. */
#ifndef K0SLB_CONF_CONF_SERVICES_H
#define K0SLB_CONF_CONF_SERVICES_H

#include <stdbool.h>

#include "conf/conf.h"
#include "conf/conf_statement.h"

/* Room for "service " and a name. */
#define CONF_SECTION_SIZE (CONF_NAME_SIZE + 8)

/*
 * Fills services, backends and listeners from resolved statements. A value comes from the service's
 * own section, else from what a built-in service's protocol needs, else from [defaults], else from
 * the table. Refused statements are passed over. Each array of *conf has room for one element more
 * than a configuration may hold; filling stops there, for the check that reports it.
 */
void conf_services_fill(struct conf *conf, const struct conf_statements *statements);

/* Whether it is one of the three that k0s needs. */
bool conf_services_is_built_in(const char *name);

/* What a built-in service needs for a key by its protocol; NULL = nothing, or no such service. */
const char *conf_services_built_in_value(const char *name, const char *key);

/* The built-in service whose name is one typo away; NULL = none. */
const char *conf_services_suggest(const char *name);

/* Writes "service NAME", as the statements have it, and returns `out`. */
char *conf_services_section(const char *name, char out[CONF_SECTION_SIZE]);

/* Whether the section has a `server` line, refused or not: then [controllers] are not for it. */
bool conf_services_has_servers(const struct conf_statements *statements, const char *section);

#endif
