/*
 * What is wrong with a file that the configuration names, found out by who can tell what it holds:
 * said at the place where it is named, like every other mistake.
 */
#ifndef K0SLB_CONF_CONF_NAMED_H
#define K0SLB_CONF_CONF_NAMED_H

#include "conf/conf.h"
#include "conf/conf_report.h"

enum conf_file { CONF_FILE_CA, CONF_FILE_CERT, CONF_FILE_KEY };

/*
 * Adds "FILE:LINE: [section] key: reason" as an error. `service` is the one that shows the
 * certificate or key, or NULL for CONF_FILE_CA. Sort the report when all have been added.
 */
void conf_named_refuse(const struct conf *conf, const struct conf_service *service,
                       enum conf_file file, const char *reason, struct conf_report *report);

#endif
