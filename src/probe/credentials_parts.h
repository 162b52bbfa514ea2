/* Inside the room: what credentials are made of, and certificates read by their help. */
#ifndef K0SLB_PROBE_CREDENTIALS_PARTS_H
#define K0SLB_PROBE_CREDENTIALS_PARTS_H

#include <openssl/x509.h>

#include "base/certificate.h"
#include "probe/credentials.h"

struct probe_authority {
    X509_STORE *store;
    X509 *first;                                       /* of the file */
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]; /* of all its certificates together */
    int64_t ends_s;                                    /* the last of them */
};

struct probe_identity {
    X509 *certificate;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* what follows in its file; may be empty */
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE];
};

/*
 * Fills *out but for version and alpn. `chain` is what came with it (itself included or not), or
 * NULL; without an authority nothing is trusted and `problem` is empty.
 */
void certificate_describe(struct certificate *out, X509 *certificate, STACK_OF(X509) * chain,
                          const struct probe_authority *authority);

/* In seconds since 1970; 0: cannot be told. */
int64_t certificate_seconds(const ASN1_TIME *time);

#endif
