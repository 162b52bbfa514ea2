/*
 * What the statements mean: each gets its row of the table, or a message that says why it has none,
 * or that its value is none.
 */
#ifndef K0SLB_CONF_CONF_RESOLVE_H
#define K0SLB_CONF_CONF_RESOLVE_H

#include "conf/conf_keys.h"
#include "conf/conf_report.h"
#include "conf/conf_statement.h"

/*
 * Sets `row` of every statement, and `refused` where section, key or value is wrong, the value is
 * empty, or the key was set before; each of these is reported once. Nothing is reported about
 * the keys of an unknown section.
 */
void conf_resolve(struct conf_statements *statements, struct conf_report *report);

/*
 * Stores the scalars that the section with that text sets, wherever it was opened, in the struct at
 * `base` (struct conf_global for "k0slb", struct conf_service for the services and "defaults").
 */
void conf_apply(const struct conf_statements *statements, const char *section, void *base);

#endif
