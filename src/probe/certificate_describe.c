#include "base/certificate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/defs.h"

#include "probe/credentials_parts.h"

/* ---- texts ---- */

/* Copies a foreign text; control characters become '?'. */
static void put_text(char *out, size_t room, const char *data, size_t size)
{
    size_t i;

    for (i = 0; i < size && i + 1 < room; i++) {
        unsigned char byte = (unsigned char)data[i];

        out[i] = byte < 0x20 || byte == 0x7f ? '?' : data[i];
    }
    out[i] = '\0';
}

static void put_name(char *out, size_t room, const X509_NAME *name)
{
    BIO *text = BIO_new(BIO_s_mem());
    char *data = NULL;
    long size = 0;

    if (text != NULL &&
        X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        size = BIO_get_mem_data(text, &data);
    if (size > 0)
        put_text(out, room, data, (size_t)size);
    BIO_free(text);
}

static void put_common_name(char *out, size_t room, X509_NAME *subject)
{
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    X509_NAME_ENTRY *entry = index < 0 ? NULL : X509_NAME_get_entry(subject, index);
    unsigned char *text = NULL;
    int size = entry == NULL ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));

    if (size > 0)
        put_text(out, room, (const char *)text, (size_t)size);
    OPENSSL_free(text);
}

int64_t certificate_seconds(const ASN1_TIME *time)
{
    struct tm tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* ---- names ---- */

static void add_name(struct certificate *out, const char *name)
{
    size_t used = strlen(out->names);
    size_t size = strlen(name);

    if (used + 1 + size + 1 > sizeof(out->names)) {
        out->names_cut = true;
        return;
    }
    if (used > 0)
        out->names[used++] = ' ';
    memcpy(out->names + used, name, size + 1);
}

/* A name with a NUL or a blank in it, or one that looks like an address, is there to deceive. */
static void add_host_name(struct certificate *out, const ASN1_IA5STRING *string)
{
    char name[254];
    size_t size = (size_t)ASN1_STRING_length(string);
    const char *host = name;

    if (size == 0 || size >= sizeof(name))
        return;
    memcpy(name, ASN1_STRING_get0_data(string), size);
    name[size] = '\0';
    if (strlen(name) == size && name[size - 1] == '.')
        name[--size] = '\0';
    if (strncmp(host, "*.", 2) == 0)
        host += 2;
    if (strlen(name) == size && addr_is_host_name(host))
        add_name(out, name);
}

static void add_address(struct certificate *out, const ASN1_OCTET_STRING *string)
{
    struct addr address = {0};
    char text[ADDR_TEXT_SIZE];
    int size = ASN1_STRING_length(string);

    if (size != 4 && size != 16)
        return;
    address.family = size == 4 ? ADDR_IPV4 : ADDR_IPV6;
    memcpy(address.ip, ASN1_STRING_get0_data(string), (size_t)size);
    add_name(out, addr_format_ip(&address, text));
}

static void put_names(struct certificate *out, X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS)
            add_host_name(out, name->d.dNSName);
        else if (name->type == GEN_IPADD)
            add_address(out, name->d.iPAddress);
    }
    GENERAL_NAMES_free(names);
}

/* ---- who signed ---- */

static void put_key_id(struct certificate *out, const unsigned char *data, int size)
{
    if (size <= 0 || (size_t)size > sizeof(out->issuer_key))
        return;
    memcpy(out->issuer_key, data, (size_t)size);
    out->issuer_key_size = (uint8_t)size;
}

/*
 * The key that signed, as the certificate names it (the authority key identifier); where it does
 * not, the SHA-1 of the authority's public key, by which most of those identifiers are made.
 */
static void put_issuer_key(struct certificate *out, X509 *certificate, const X509 *issuer)
{
    AUTHORITY_KEYID *named =
        X509_get_ext_d2i(certificate, NID_authority_key_identifier, NULL, NULL);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (named != NULL && named->keyid != NULL)
        put_key_id(out, ASN1_STRING_get0_data(named->keyid), ASN1_STRING_length(named->keyid));
    else if (issuer != NULL && X509_pubkey_digest(issuer, EVP_sha1(), digest, &size) == 1)
        put_key_id(out, digest, (int)size);
    AUTHORITY_KEYID_free(named);
}

/* The one that signed it, among those that came along; NULL when it did not come. */
static X509 *find_issuer(X509 *certificate, STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *other = sk_X509_value(chain, i);

        if (X509_check_issued(other, certificate) == X509_V_OK)
            return other;
    }
    return X509_check_issued(certificate, certificate) == X509_V_OK ? certificate : NULL;
}

/* Whether the chain leads to the authority; its certificates' dates are looked at elsewhere. */
static X509 *verify(struct certificate *out, X509_STORE_CTX *check, X509 *certificate,
                    STACK_OF(X509) * chain, const struct probe_authority *authority)
{
    STACK_OF(X509) * verified;

    if (check == NULL || X509_STORE_CTX_init(check, authority->store, certificate, chain) != 1) {
        snprintf(out->problem, sizeof(out->problem), "out of memory");
        return NULL;
    }
    out->trusted = X509_verify_cert(check) == 1;
    if (!out->trusted) {
        snprintf(out->problem, sizeof(out->problem), "%s",
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
        return NULL;
    }
    verified = X509_STORE_CTX_get0_chain(check);
    return sk_X509_value(verified, sk_X509_num(verified) > 1 ? 1 : 0);
}

static void put_issuer(struct certificate *out, X509 *certificate, STACK_OF(X509) * chain,
                       const struct probe_authority *authority)
{
    X509_STORE_CTX *check = NULL;
    const X509 *issuer = NULL;

    if (authority != NULL) {
        check = X509_STORE_CTX_new();
        issuer = verify(out, check, certificate, chain, authority);
        out->authority_known = true;
    }
    if (issuer == NULL)
        issuer = find_issuer(certificate, chain);
    put_issuer_key(out, certificate, issuer);
    if (issuer != NULL)
        out->issuer_not_after_s = certificate_seconds(X509_get0_notAfter(issuer));
    X509_STORE_CTX_free(check);
}

void certificate_describe(struct certificate *out, X509 *certificate, STACK_OF(X509) * chain,
                          const struct probe_authority *authority)
{
    unsigned size = 0;

    ERR_clear_error();
    memset(out, 0, sizeof(*out));
    put_name(out->issuer, sizeof(out->issuer), X509_get_issuer_name(certificate));
    put_common_name(out->common_name, sizeof(out->common_name), X509_get_subject_name(certificate));
    (void)X509_digest(certificate, EVP_sha256(), out->fingerprint, &size);
    out->not_before_s = certificate_seconds(X509_get0_notBefore(certificate));
    out->not_after_s = certificate_seconds(X509_get0_notAfter(certificate));
    put_names(out, certificate);
    put_issuer(out, certificate, chain, authority);
    ERR_clear_error();
}
