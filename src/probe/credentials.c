#include "probe/credentials.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "probe/credentials_parts.h"

/* ---- reading ---- */

PRINTF_LIKE(2, 3)
static void complain(char error[CREDENTIALS_ERROR_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, CREDENTIALS_ERROR_SIZE, format, args);
    va_end(args);
    ERR_clear_error();
}

static BIO *open_pem(const struct probe_pem *pem)
{
    ERR_clear_error();
    return pem->size > INT_MAX ? NULL : BIO_new_mem_buf(pem->data, (int)pem->size);
}

/* Nobody is there to type a passphrase; that one was asked for is worth knowing. */
static int on_passphrase(char *out, int size, int writing, void *asked)
{
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

/* The reason of the newest error, or what to say when there is none. */
static const char *reason_or(const char *other)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    return reason != NULL ? reason : other;
}

static void free_all(STACK_OF(X509) * certificates)
{
    sk_X509_pop_free(certificates, X509_free);
}

/* Whether reading ended because there is nothing more that begins like a certificate. */
static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* All certificates of a file, one at least; NULL with `error`. Free with free_all(). */
static STACK_OF(X509) *
    read_certificates(const struct probe_pem *pem, char error[CREDENTIALS_ERROR_SIZE])
{
    STACK_OF(X509) *all = sk_X509_new_null();
    BIO *from = open_pem(pem);
    X509 *next = NULL;

    while (all != NULL && from != NULL &&
           (next = PEM_read_bio_X509(from, NULL, NULL, NULL)) != NULL) {
        if (sk_X509_push(all, next) == 0)
            break;
    }
    BIO_free(from);
    if (all != NULL && next == NULL && sk_X509_num(all) > 0 && is_at_end()) {
        ERR_clear_error();
        return all;
    }
    if (is_at_end())
        complain(error, "%s: holds no certificate (PEM)", pem->name);
    else
        complain(error, "%s: a certificate cannot be read (%s)", pem->name,
                 reason_or("out of memory"));
    X509_free(next);
    free_all(all);
    return NULL;
}

/* Whether there is anything to try: OpenSSL 3 does not tell that from a key that is damaged. */
static bool has_key(const struct probe_pem *pem)
{
    static const char label[] = "PRIVATE KEY-----";

    return memmem(pem->data, pem->size, label, sizeof(label) - 1) != NULL;
}

static EVP_PKEY *read_key(const struct probe_pem *pem, char error[CREDENTIALS_ERROR_SIZE])
{
    BIO *from = open_pem(pem);
    bool asked = false;
    EVP_PKEY *key = NULL;

    if (from != NULL)
        key = PEM_read_bio_PrivateKey(from, NULL, on_passphrase, &asked);
    if (key == NULL && asked)
        complain(error, "%s: the key has a passphrase, which nobody could type", pem->name);
    else if (key == NULL && !has_key(pem))
        complain(error, "%s: holds no private key (PEM)", pem->name);
    else if (key == NULL)
        complain(error, "%s: the key cannot be read (%s)", pem->name, reason_or("damaged"));
    BIO_free(from);
    return key;
}

/* ---- the authority ---- */

/* Any certificate of the file may end a chain, and dates are for warnings. */
static int fill_store(X509_STORE *store, const STACK_OF(X509) * all)
{
    for (int i = 0; i < sk_X509_num(all); i++) {
        if (X509_STORE_add_cert(store, sk_X509_value(all, i)) != 1)
            return -1;
    }
    return X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN) == 1
               ? 0
               : -1;
}

static int digest_all(const STACK_OF(X509) * all, uint8_t out[CERTIFICATE_FINGERPRINT_SIZE])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;

    for (int i = 0; good && i < sk_X509_num(all); i++) {
        unsigned char one[EVP_MAX_MD_SIZE];
        unsigned size = 0;

        good = X509_digest(sk_X509_value(all, i), EVP_sha256(), one, &size) == 1 &&
               EVP_DigestUpdate(digest, one, size) == 1;
    }
    good = good && EVP_DigestFinal_ex(digest, out, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return good ? 0 : -1;
}

static int64_t last_end(const STACK_OF(X509) * all)
{
    int64_t last_s = 0;

    for (int i = 0; i < sk_X509_num(all); i++) {
        int64_t end_s = certificate_seconds(X509_get0_notAfter(sk_X509_value(all, i)));

        last_s = end_s > last_s ? end_s : last_s;
    }
    return last_s;
}

static int fill_authority(struct probe_authority *authority, const STACK_OF(X509) * all)
{
    authority->store = X509_STORE_new();
    if (authority->store == NULL || fill_store(authority->store, all) == -1 ||
        digest_all(all, authority->fingerprint) == -1)
        return -1;
    authority->first = sk_X509_value(all, 0);
    X509_up_ref(authority->first);
    authority->ends_s = last_end(all);
    return 0;
}

struct probe_authority *probe_authority_new(const struct probe_pem *pem,
                                            char error[CREDENTIALS_ERROR_SIZE])
{
    STACK_OF(X509) *all = read_certificates(pem, error);
    struct probe_authority *authority;

    if (all == NULL)
        return NULL;
    authority = calloc(1, sizeof(*authority));
    if (authority == NULL || fill_authority(authority, all) == -1) {
        complain(error, "%s: cannot be used (%s)", pem->name, reason_or("out of memory"));
        probe_authority_free(authority);
        authority = NULL;
    }
    free_all(all);
    return authority;
}

void probe_authority_free(struct probe_authority *authority)
{
    if (authority == NULL)
        return;
    X509_STORE_free(authority->store);
    X509_free(authority->first);
    free(authority);
}

int64_t probe_authority_ends_s(const struct probe_authority *authority)
{
    return authority->ends_s;
}

void probe_authority_describe(const struct probe_authority *authority, struct certificate *out)
{
    certificate_describe(out, authority->first, NULL, authority);
}

/* ---- ourselves ---- */

struct probe_identity *probe_identity_new(const struct probe_pem *certificate,
                                          const struct probe_pem *key,
                                          char error[CREDENTIALS_ERROR_SIZE])
{
    struct probe_identity *identity = calloc(1, sizeof(*identity));
    unsigned size = 0;

    if (identity == NULL) {
        complain(error, "%s: out of memory", certificate->name);
        return NULL;
    }
    identity->chain = read_certificates(certificate, error);
    if (identity->chain != NULL)
        identity->key = read_key(key, error);
    if (identity->key == NULL) {
        probe_identity_free(identity);
        return NULL;
    }
    identity->certificate = sk_X509_shift(identity->chain);
    if (X509_check_private_key(identity->certificate, identity->key) != 1 ||
        X509_digest(identity->certificate, EVP_sha256(), identity->fingerprint, &size) != 1) {
        complain(error, "%s: is not the key of the certificate in %s", key->name,
                 certificate->name);
        probe_identity_free(identity);
        return NULL;
    }
    return identity;
}

void probe_identity_free(struct probe_identity *identity)
{
    if (identity == NULL)
        return;
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    free_all(identity->chain);
    free(identity);
}

void probe_identity_describe(const struct probe_identity *identity,
                             const struct probe_authority *authority, struct certificate *out)
{
    certificate_describe(out, identity->certificate, identity->chain, authority);
}
