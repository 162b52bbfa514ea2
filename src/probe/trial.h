/*
 * Whether the files of a configuration can be used, told before anybody uses them: every
 * certificate and key is read, understood and held against its counterpart. A process that must
 * never have a key in its memory has this done by another one.
 */
#ifndef K0SLB_PROBE_TRIAL_H
#define K0SLB_PROBE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "conf/conf_named.h"
#include "probe/credentials.h"
#include "probe/keyring.h"

/* What is wrong with which file: a value, at home in a pipe. */
struct trial_fault {
    uint16_t service; /* index of the first one that shows it; CONF_NO_INDEX = it is `ca` */
    uint16_t file;    /* enum conf_file */
    char reason[CREDENTIALS_ERROR_SIZE]; /* begins with the path */
};

/* Is told of each fault. */
typedef void trial_fn(void *context, const struct trial_fault *fault);

struct trial {
    struct keyring_wants wants;
    bool
        minds_dates; /* a certificate that has ended is at fault; of several in `ca`, all of them */
    struct keyring keyring;    /* trial_read()'s */
    struct trial_fault unread; /* a reason: it could not read them all */
};

/* Reads the files: what may need root. Sets what is not set by the caller above. */
void trial_read(struct trial *trial);

/* Judges what was read, tells each fault, and overwrites it all. Returns how many there were. */
unsigned trial_judge(struct trial *trial, trial_fn *fn, void *context);

/* Adds a fault where the file is named. */
void trial_report(const struct conf *conf, const struct trial_fault *fault,
                  struct conf_report *report);

/*
 * All of it, in this process, for an accepted configuration: adds what is wrong to its report.
 * Returns 0, or -1 when there was anything.
 */
int trial_conf(const struct conf *conf, struct conf_report *report) MUST_CHECK;

#endif
