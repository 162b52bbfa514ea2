/*
 * Values that are lists: which sockets to bind, who may come in, where connections come from. Each
 * array of *conf has room for one element more than a configuration may hold; the one too many is
 * left for the check that reports it.
 */
#ifndef K0SLB_CONF_CONF_LISTENERS_H
#define K0SLB_CONF_CONF_LISTENERS_H

#include <stdint.h>

#include "conf/conf.h"
#include "conf/conf_statement.h"

/* A key of a section, which may be written several times. */
struct conf_list {
    const struct conf_statements *statements;
    const char *section;
    const char *key;
    const char *fallback; /* stands for the statements when there is none, refused ones included */
};

/* Adds the sockets of a `listen` to conf->listeners. */
void conf_listeners_add(struct conf *conf, const struct conf_list *list, uint16_t owner);

/* Adds the ranges of an `allow` or a `deny` to conf->cidrs and says in *access what they allow. */
void conf_access_fill(struct conf *conf, const struct conf_list *list, struct conf_access *access);

/* Adds the addresses of a `source_address` to conf->locals, for this service. */
void conf_locals_fill(struct conf *conf, const struct conf_list *list,
                      struct conf_service *service);

/* Adds the addresses of `external_address` to conf->externals. */
void conf_externals_fill(struct conf *conf, const struct conf_list *list);

/* Sets the statuses of a `check_expect`, and no others. */
void conf_expect_fill(struct conf *conf, const struct conf_list *list,
                      struct conf_service *service);

#endif
