#include "pem.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

/* Takes all that was written into memory. */
static void take(struct probe_pem *pem, const char *name, BIO *text)
{
    char *data;
    long size = BIO_get_mem_data(text, &data);
    char *copy = malloc((size_t)size);

    if (size <= 0 || copy == NULL)
        abort();
    memcpy(copy, data, (size_t)size);
    *pem = (struct probe_pem){.name = name, .data = copy, .size = (size_t)size};
    BIO_free(text);
}

void paper_write_certificate(const struct paper *paper, const char *name, struct probe_pem *pem)
{
    BIO *text = BIO_new(BIO_s_mem());

    if (text == NULL || PEM_write_bio_X509(text, paper->certificate) != 1)
        abort();
    take(pem, name, text);
}

void paper_write_key(const struct paper *paper, const char *name, struct probe_pem *pem)
{
    BIO *text = BIO_new(BIO_s_mem());

    if (text == NULL || PEM_write_bio_PrivateKey(text, paper->key, NULL, NULL, 0, NULL, NULL) != 1)
        abort();
    take(pem, name, text);
}

void paper_free_pem(struct probe_pem *pem)
{
    union {
        const char *data;
        char *owned;
    } text = {pem->data};

    free(text.owned);
    pem->data = NULL;
}

struct probe_authority *paper_authority(const struct paper *paper)
{
    char error[CREDENTIALS_ERROR_SIZE];
    struct probe_authority *authority;
    struct probe_pem pem;

    paper_write_certificate(paper, "ca.crt", &pem);
    authority = probe_authority_new(&pem, error);
    paper_free_pem(&pem);
    if (authority == NULL)
        abort();
    return authority;
}

struct probe_identity *paper_identity(const struct paper *paper)
{
    char error[CREDENTIALS_ERROR_SIZE];
    struct probe_identity *identity;
    struct probe_pem certificate;
    struct probe_pem key;

    paper_write_certificate(paper, "client.crt", &certificate);
    paper_write_key(paper, "client.key", &key);
    identity = probe_identity_new(&certificate, &key, error);
    paper_free_pem(&certificate);
    paper_free_pem(&key);
    if (identity == NULL)
        abort();
    return identity;
}
