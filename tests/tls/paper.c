#include "tls/paper.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY_S 86400L

static EVP_PKEY *make_key(void)
{
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    if (making == NULL || EVP_PKEY_keygen_init(making) != 1 ||
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(making, NID_X9_62_prime256v1) != 1 ||
        EVP_PKEY_keygen(making, &key) != 1)
        abort();
    EVP_PKEY_CTX_free(making);
    return key;
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL || X509_add_ext(certificate, extension, -1) != 1)
        abort();
    X509_EXTENSION_free(extension);
}

static void extend_all(X509 *certificate, X509 *issuer, const struct paper_request *request)
{
    extend(certificate, issuer, NID_subject_key_identifier, "hash");
    if (!request->has_no_key_id)
        extend(certificate, issuer, NID_authority_key_identifier, "keyid");
    if (request->is_authority)
        extend(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE");
    if (request->names != NULL)
        extend(certificate, issuer, NID_subject_alt_name, request->names);
}

void paper_make(struct paper *paper, const struct paper *issuer,
                const struct paper_request *request)
{
    X509 *certificate = X509_new();
    X509 *signer = issuer == NULL ? certificate : issuer->certificate;
    X509_NAME *name;
    static long serial;

    paper->key = make_key();
    paper->certificate = certificate;
    if (certificate == NULL)
        abort();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), request->from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), request->until_s);
    name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)request->common_name, -1, -1, 0);
    if (X509_set_version(certificate, 2) != 1 ||
        X509_set_issuer_name(certificate, X509_get_subject_name(signer)) != 1 ||
        X509_set_pubkey(certificate, paper->key) != 1)
        abort();
    extend_all(certificate, signer, request);
    if (X509_sign(certificate, issuer == NULL ? paper->key : issuer->key, EVP_sha256()) == 0)
        abort();
}

void paper_fini(struct paper *paper)
{
    X509_free(paper->certificate);
    EVP_PKEY_free(paper->key);
}

void paper_make_authority(struct paper *paper, const char *common_name)
{
    const struct paper_request request = {
        .common_name = common_name,
        .from_s = -3600,
        .until_s = 3650 * DAY_S,
        .is_authority = true,
    };

    paper_make(paper, NULL, &request);
}

void paper_make_leaf(struct paper *paper, const struct paper *issuer, const char *common_name)
{
    const struct paper_request request = {
        .common_name = common_name,
        .names = "DNS:localhost,IP:127.0.0.1",
        .from_s = -3600,
        .until_s = 365 * DAY_S,
    };

    paper_make(paper, issuer, &request);
}

void paper_save_certificate(const struct paper *paper, const char *path)
{
    FILE *file = fopen(path, "we");

    if (file == NULL || PEM_write_X509(file, paper->certificate) != 1 || fclose(file) != 0)
        abort();
}

void paper_save_key(const struct paper *paper, const char *path)
{
    FILE *file;
    mode_t mask = umask(077);

    unlink(path);
    file = fopen(path, "we");
    umask(mask);
    if (file == NULL || PEM_write_PrivateKey(file, paper->key, NULL, NULL, 0, NULL, NULL) != 1 ||
        fclose(file) != 0)
        abort();
}
