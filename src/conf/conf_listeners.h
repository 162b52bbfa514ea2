/* Which sockets to bind, and who may come in: what `listen` and `allow` say. */
#ifndef K0SLB_CONF_CONF_LISTENERS_H
#define K0SLB_CONF_CONF_LISTENERS_H

#include <stdint.h>

#include "conf/conf.h"
#include "conf/conf_statement.h"

/*
 * Adds the sockets of a section's `listen` statements to conf->listeners, which has room for one
 * more than CONF_MAX_LISTENERS; the one too many is left for the check that reports it. `fallback`
 * (NULL = nothing) stands for the statements when there is none, refused ones included.
 */
void conf_listeners_add(struct conf *conf, const struct conf_statements *statements,
                        const char *section, const char *fallback, uint16_t owner);

/* The same for `allow`, with conf->cidrs and CONF_MAX_CIDRS. */
void conf_access_fill(struct conf *conf, const struct conf_statements *statements,
                      const char *section, const char *fallback, struct conf_access *access);

#endif
