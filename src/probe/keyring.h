/*
 * The certificates and keys that probes need, as bytes. They are read between a checker's fork and
 * its loss of root; trust.h says what they mean.
 */
#ifndef K0SLB_PROBE_KEYRING_H
#define K0SLB_PROBE_KEYRING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/defs.h"
#include "base/safe_file.h"
#include "conf/epoch.h"

/* Room for a path and what is wrong with it. */
#define KEYRING_REASON (CONF_PATH_SIZE + SAFE_FILE_REASON)

/* Of a service that shows no certificate. */
#define KEYRING_NONE UINT16_MAX

/* What the services with the same two paths show. */
struct keyring_pair {
    const char *cert_path; /* by reference */
    const char *key_path;
    struct safe_file cert;
    struct safe_file key;
};

/* Valid while the epoch is mapped, or the configuration there. */
struct keyring {
    const char *ca_path; /* by reference; "" = no CA is known, and `ca` is empty */
    struct safe_file ca;
    struct keyring_pair *pairs;
    unsigned pair_count;
    uint16_t pair_of[CONF_MAX_SERVICES]; /* of a service by its index, or KEYRING_NONE */
};

/* Who needs files: the services of an epoch, or of a configuration that may become one. */
struct keyring_wants {
    const char *ca_path; /* "" = none; all by reference */
    const struct conf_service *services;
    unsigned service_count;
    bool takes_any; /* a file that is bad stays empty, and the others are read */
};

struct keyring_wants keyring_wants_of_conf(const struct conf *conf);
struct keyring_wants keyring_wants_of_epoch(const struct epoch *epoch);

/* Whether there is any file to read. */
bool keyring_wants_any(const struct keyring_wants *wants);

/*
 * Reads every file that the services need, each once. Returns 0, to be ended by
 * keyring_free(), or -1 with *keyring empty and in `reason` which file is bad and why: one that is
 * not there, unreadable, no regular file, empty, larger than SAFE_FILE_MOST, writable by everybody;
 * a key also when everybody may read it or it belongs to somebody who is neither root nor this
 * user, with the service that shows it in *service (CONF_NO_INDEX: it is the CA). What the files
 * hold is not looked at.
 */
int keyring_gather(struct keyring *keyring, const struct keyring_wants *wants, uint16_t *service,
                   char reason[KEYRING_REASON]) MUST_CHECK;

/* The same for an epoch. */
int keyring_read(struct keyring *keyring, const struct epoch *epoch, uint16_t *service,
                 char reason[KEYRING_REASON]) MUST_CHECK;

/* Overwrites every byte that was read, and frees. */
void keyring_free(struct keyring *keyring);

/*
 * A number for the present state of these files, by stat(2) alone: device, inode, modification
 * time, size, owner and permissions of each, or that it is not there. Another number means that one
 * of them has changed. For the master, which looks every 10 s.
 */
uint64_t keyring_mark(const struct keyring_wants *wants);

/* What one file adds to such a number; NULL = it is not there. */
uint64_t keyring_fold(uint64_t mark, const struct stat *status);

#endif
