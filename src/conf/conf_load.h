/* Reads one configuration file into a value. The only file that knows inih. */
#ifndef K0SLB_CONF_CONF_LOAD_H
#define K0SLB_CONF_CONF_LOAD_H

#include "base/defs.h"
#include "conf/conf.h"
#include "conf/conf_report.h"

/*
 * Reads, checks and fills in the file. Returns 0 with *conf filled, to be freed by conf_free(), or
 * -1 with *conf empty; *report then holds every mistake of the file, sorted by line (also what the
 * system said when it cannot be read). Warnings may be there in both cases. Resolves no names,
 * changes nothing, and binds nothing but a moment's socket to each source address. The caller sets
 * report->path and frees the report.
 */
int conf_load(struct conf *conf, const char *path, struct conf_report *report) MUST_CHECK;

/*
 * The instance's name alone, from a file that may be wrong otherwise: `name` of [k0slb] where that
 * line parses, else "k0slb". For k0slbctl. Returns `name`.
 */
char *conf_load_name(const char *path, char name[CONF_NAME_SIZE]);

/* The directory of `credentials` in the same way, whether it is there or not; or the default one.
 */
char *conf_load_credentials(const char *path, char directory[CONF_PATH_SIZE]);

/* Where credentials are when nobody says: SYSCONFDIR/k0slb/credentials. */
const char *conf_default_credentials(void);

/* Where the file is when nobody says: SYSCONFDIR/k0slb/k0slb.ini. */
const char *conf_default_path(void);

#endif
