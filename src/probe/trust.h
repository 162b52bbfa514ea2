/*
 * Everything that the probes of a configuration need of its files: whom to trust and who we are,
 * service by service. Made before root is given up, since keys may be root's alone.
 */
#ifndef K0SLB_PROBE_TRUST_H
#define K0SLB_PROBE_TRUST_H

#include <stdint.h>

#include "base/defs.h"
#include "conf/epoch.h"
#include "probe/credentials.h"

struct probe_trust;

/* What is wrong with which file. */
struct probe_trust_fault {
    uint16_t service; /* index of the first service that shows it; CONF_NO_INDEX = it is `ca` */
    char reason[CREDENTIALS_ERROR_SIZE]; /* a line that begins with the path, without newline */
};

/*
 * Reads and understands all of an epoch's files (keyring.h says which are refused); what was read
 * is overwritten before it returns. NULL with *fault filled. It outlives the questions that use it,
 * and the epoch has to be mapped while it is used.
 */
struct probe_trust *probe_trust_read(const struct epoch *epoch,
                                     struct probe_trust_fault *fault) MUST_CHECK;

/*
 * The same with whatever of it can be used: a CA or a pair that is at fault is as if there were
 * none. For who has to begin now, and cannot wait for better files. NULL when memory runs out.
 */
struct probe_trust *probe_trust_salvage(const struct epoch *epoch) MUST_CHECK;

void probe_trust_free(struct probe_trust *trust);

/* Whom to trust; NULL when no CA is known. */
const struct probe_authority *probe_trust_authority(const struct probe_trust *trust);

/* What a service shows, by its index in the epoch; NULL = nothing. */
const struct probe_identity *probe_trust_identity(const struct probe_trust *trust,
                                                  unsigned service);

#endif
