/*
 * Trying the files of a configuration (probe/trial.h) without a key in the master's memory: another
 * process reads them, as root where the master is, gives that up, judges them and is waited for. A
 * disk that hangs costs TRIAL_RUN_MS, and is then what is wrong with the files.
 */
#ifndef K0SLB_MASTER_TRIAL_RUN_H
#define K0SLB_MASTER_TRIAL_RUN_H

#include <stdint.h>

#include "base/defs.h"
#include "conf/conf.h"
#include "conf/conf_report.h"
#include "conf/epoch.h"
#include "probe/trial.h"

#define TRIAL_RUN_MS 2000

/*
 * Tries those of an accepted configuration and adds what is wrong to its report. `log` is the log
 * pipe's writing end, or -1 while there is none. Returns 0, or -1 when there was anything.
 */
int trial_run_conf(const struct conf *conf, int log, struct conf_report *report) MUST_CHECK;

/* Tries those of an epoch. Returns 0; or -1 with the first fault in *fault. */
int trial_run_epoch(const struct epoch *epoch, int log, bool minds_dates,
                    struct trial_fault *fault) MUST_CHECK;

#endif
