/* Keys and certificates made on the spot. */
#ifndef K0SLB_TESTS_UNIT_PROBE_PAPER_H
#define K0SLB_TESTS_UNIT_PROBE_PAPER_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "probe/credentials.h"

struct paper {
    EVP_PKEY *key;
    X509 *certificate;
};

struct paper_request {
    const char *common_name;
    const char *names; /* "DNS:localhost,IP:127.0.0.1", or NULL */
    long from_s;       /* from now */
    long until_s;
    bool is_authority;
    bool has_no_key_id; /* does not say which key signed it */
};

/* Signed by `issuer`, or by itself for NULL. Free with paper_fini(). */
void paper_make(struct paper *paper, const struct paper *issuer,
                const struct paper_request *request);
void paper_fini(struct paper *paper);

/* An authority for ten years; a leaf of it for a year, good for localhost and 127.0.0.1. */
void paper_make_authority(struct paper *paper, const char *common_name);
void paper_make_leaf(struct paper *paper, const struct paper *issuer, const char *common_name);

/* As the content of a file of that name; free pem->data, which is all that is allocated. */
void paper_write_certificate(const struct paper *paper, const char *name, struct probe_pem *pem);
void paper_write_key(const struct paper *paper, const char *name, struct probe_pem *pem);
void paper_free_pem(struct probe_pem *pem);

/* Credentials of a paper, as the probe takes them. */
struct probe_authority *paper_authority(const struct paper *paper);
struct probe_identity *paper_identity(const struct paper *paper);

#endif
