#include "authority.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY_S       (24L * 60 * 60)
#define CA_DAYS     3650
#define SERVER_DAYS 365

struct authority {
    X509 *certificate;
    EVP_PKEY *key;
};

/* Prints what failed and OpenSSL's own reason, or errno's; always -1. */
static int complain(const char *what)
{
    unsigned long code = ERR_peek_last_error();

    fprintf(stderr, "k0slb-standin: %s: %s\n", what,
            code != 0 ? ERR_reason_error_string(code) : strerror(errno));
    ERR_clear_error();
    return -1;
}

static EVP_PKEY *make_key(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) != 1 ||
        EVP_PKEY_keygen(ctx, &key) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX ctx;
    bool added;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_name(X509_NAME *name, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

static bool set_random_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool set = number != NULL && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
               BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;

    BN_free(number);
    return set;
}

/* A certificate for KEY with number and dates, still without names; NULL on failure. */
static X509 *new_certificate(EVP_PKEY *key, long days)
{
    X509 *certificate = X509_new();

    /* An hour back: the clocks of two machines may differ. */
    if (certificate != NULL && X509_set_version(certificate, 2) == 1 &&
        set_random_serial(certificate) && X509_set_pubkey(certificate, key) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY_S) != NULL)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static X509 *make_root(EVP_PKEY *key)
{
    X509 *root = new_certificate(key, CA_DAYS);

    if (root != NULL && add_name(X509_get_subject_name(root), "CN", "kubernetes-ca") &&
        X509_set_issuer_name(root, X509_get_subject_name(root)) == 1 &&
        add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE") &&
        add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(root, root, NID_subject_key_identifier, "hash") &&
        X509_sign(root, key, EVP_sha256()) != 0)
        return root;
    X509_free(root);
    return NULL;
}

/* Opens DIR/NAME anew with MODE; NULL with errno. */
static FILE *create_file(const char *dir, const char *name, mode_t mode)
{
    char path[4096];
    FILE *file;
    int fd;

    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd == -1)
        return NULL;
    file = fdopen(fd, "w");
    if (file == NULL)
        close(fd);
    return file;
}

static bool write_certificate(const char *dir, X509 *certificate)
{
    FILE *file = create_file(dir, "ca.crt", 0644);
    bool written = file != NULL && PEM_write_X509(file, certificate) == 1;

    return (file == NULL || fclose(file) == 0) && written;
}

static bool write_key(const char *dir, EVP_PKEY *key)
{
    FILE *file = create_file(dir, "ca.key", 0600);
    bool written = file != NULL && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;

    return (file == NULL || fclose(file) == 0) && written;
}

int authority_make(const char *dir)
{
    EVP_PKEY *key = make_key();
    X509 *root = key != NULL ? make_root(key) : NULL;
    int result = 0;

    if (root == NULL)
        result = complain("cannot make an authority");
    else if (mkdir(dir, 0755) == -1 && errno != EEXIST)
        result = complain(dir);
    else if (!write_key(dir, key) || !write_certificate(dir, root))
        result = complain(dir);
    X509_free(root);
    EVP_PKEY_free(key);
    return result;
}

static FILE *open_file(const char *dir, const char *name)
{
    char path[4096];

    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return fopen(path, "re");
}

struct authority *authority_open(const char *dir)
{
    struct authority *authority = calloc(1, sizeof(*authority));
    FILE *certificate = open_file(dir, "ca.crt");
    FILE *key = open_file(dir, "ca.key");

    if (authority != NULL && certificate != NULL && key != NULL) {
        authority->certificate = PEM_read_X509(certificate, NULL, NULL, NULL);
        authority->key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
    }
    if (authority == NULL || authority->certificate == NULL || authority->key == NULL) {
        complain(dir);
        authority_free(authority);
        authority = NULL;
    }
    if (certificate != NULL)
        fclose(certificate);
    if (key != NULL)
        fclose(key);
    return authority;
}

void authority_free(struct authority *authority)
{
    if (authority == NULL)
        return;
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    free(authority);
}

static bool is_address(const char *text)
{
    struct in6_addr unused;

    return inet_pton(AF_INET, text, &unused) == 1 || inet_pton(AF_INET6, text, &unused) == 1;
}

static bool add_alternative_names(X509 *certificate, const struct authority_request *request)
{
    char *names = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&names, &size);
    bool added;

    if (text == NULL)
        return false;
    fprintf(text, "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
                  "DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1");
    if (strcmp(request->address, "127.0.0.1") != 0)
        fprintf(text, ",IP:%s", request->address);
    for (size_t i = 0; i < request->name_count; i++)
        fprintf(text, ",%s:%s", is_address(request->names[i]) ? "IP" : "DNS", request->names[i]);
    added = fclose(text) == 0 && add_extension(certificate, NULL, NID_subject_alt_name, names);
    free(names);
    return added;
}

static X509 *make_server_certificate(const struct authority *authority,
                                     const struct authority_request *request, EVP_PKEY *key)
{
    X509 *server = new_certificate(key, SERVER_DAYS);
    X509 *root = authority->certificate;

    if (server != NULL && add_name(X509_get_subject_name(server), "O", "kubernetes") &&
        add_name(X509_get_subject_name(server), "OU", request->unit) &&
        add_name(X509_get_subject_name(server), "CN", request->common_name) &&
        X509_set_issuer_name(server, X509_get_subject_name(root)) == 1 &&
        add_extension(server, root, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(server, root, NID_key_usage, "critical,digitalSignature") &&
        add_extension(server, root, NID_ext_key_usage, "serverAuth,clientAuth") &&
        add_extension(server, root, NID_authority_key_identifier, "keyid") &&
        add_alternative_names(server, request) &&
        X509_sign(server, authority->key, EVP_sha256()) != 0)
        return server;
    X509_free(server);
    return NULL;
}

int authority_issue(const struct authority *authority, const struct authority_request *request,
                    SSL_CTX *ctx)
{
    EVP_PKEY *key = make_key();
    X509 *server = key != NULL ? make_server_certificate(authority, request, key) : NULL;
    int result = 0;

    if (server == NULL || SSL_CTX_use_certificate(ctx, server) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, key) != 1)
        result = complain("cannot make a server certificate");
    X509_free(server);
    EVP_PKEY_free(key);
    return result;
}

int authority_share(const SSL_CTX *like, SSL_CTX *ctx)
{
    if (SSL_CTX_use_certificate(ctx, SSL_CTX_get0_certificate(like)) == 1 &&
        SSL_CTX_use_PrivateKey(ctx, SSL_CTX_get0_privatekey(like)) == 1)
        return 0;
    return complain("cannot share a server certificate");
}

int authority_trust(const struct authority *authority, SSL_CTX *ctx)
{
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority->certificate) == 1)
        return 0;
    return complain("cannot trust the authority");
}
