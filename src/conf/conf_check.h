/* What has to be true of a whole configuration, beyond each value being one of its type. */
#ifndef K0SLB_CONF_CONF_CHECK_H
#define K0SLB_CONF_CONF_CHECK_H

#include "conf/conf.h"
#include "conf/conf_report.h"
#include "conf/conf_statement.h"

/*
 * Holds every rule against the filled configuration and reports what breaks one. Nothing is said to
 * be missing where something was refused. Also settles what depends on the machine: the number of
 * workers for `auto`, the numbers of user and group, whether it has the source addresses.
 */
void conf_check_all(struct conf *conf, const struct conf_statements *statements,
                    struct conf_report *report);

#endif
