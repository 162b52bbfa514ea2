/* Keys and certificates made on the spot, for servers and clients of tests. */
#ifndef K0SLB_TESTS_TLS_PAPER_H
#define K0SLB_TESTS_TLS_PAPER_H

#include <stdbool.h>

#include <openssl/x509.h>

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

/* To a file; a key to one that only its owner can read. */
void paper_save_certificate(const struct paper *paper, const char *path);
void paper_save_key(const struct paper *paper, const char *path);

#endif
