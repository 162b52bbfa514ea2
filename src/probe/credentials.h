/*
 * Whom to trust and who we are: made from the bytes of PEM files that somebody else has read, so
 * that it can be done before root is given up, and without an engine.
 */
#ifndef K0SLB_PROBE_CREDENTIALS_H
#define K0SLB_PROBE_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct probe_authority;
struct certificate;
struct probe_identity;

/* Room for what is wrong with a file, its name included. */
#define CREDENTIALS_ERROR_SIZE 512

/* The content of a file. The bytes are not kept; the name is for error texts. */
struct probe_pem {
    const char *name;
    const char *data;
    size_t size;
};

/*
 * The certificates of one or more authorities. NULL with a line without newline in `error`
 * ("/etc/k0slb/ca.crt: holds no certificate"). Outlives the questions that name it.
 */
struct probe_authority *probe_authority_new(const struct probe_pem *pem,
                                            char error[CREDENTIALS_ERROR_SIZE]) MUST_CHECK;
void probe_authority_free(struct probe_authority *authority);

/* When the last of its certificates ends, in seconds since 1970. */
int64_t probe_authority_ends_s(const struct probe_authority *authority);

/* What its first certificate says. */
void probe_authority_describe(const struct probe_authority *authority, struct certificate *out);

/*
 * Our certificate (first in its file; the rest is its chain) and its key, which may not have a
 * passphrase. NULL with a line in `error`, also when the two do not belong together. Dates are not
 * looked at. Outlives the questions that name it.
 */
struct probe_identity *probe_identity_new(const struct probe_pem *certificate,
                                          const struct probe_pem *key,
                                          char error[CREDENTIALS_ERROR_SIZE]) MUST_CHECK;
void probe_identity_free(struct probe_identity *identity);

/* What our certificate says; with an authority, also whether that has signed it. */
void probe_identity_describe(const struct probe_identity *identity,
                             const struct probe_authority *authority, struct certificate *out);

#endif
