#include "base/pem.h"

#include <stdbool.h>
#include <string.h>

struct span {
    const char *text;
    size_t size;
};

/* Whether it holds the block with that label, its begin before its end. */
static bool has_block(const struct span *span, const char *begin, const char *end)
{
    const char *found = memmem(span->text, span->size, begin, strlen(begin));

    if (found == NULL)
        return false;
    return memmem(found, span->size - (size_t)(found - span->text), end, strlen(end)) != NULL;
}

static bool has_text(const struct span *span, const char *text)
{
    return memmem(span->text, span->size, text, strlen(text)) != NULL;
}

static bool has_certificate(const struct span *span)
{
    return has_block(span, "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
}

static bool has_key(const struct span *span)
{
    static const char *const labels[][2] = {
        {"-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"},
        {"-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"},
        {"-----BEGIN EC PRIVATE KEY-----", "-----END EC PRIVATE KEY-----"},
    };

    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        if (has_block(span, labels[i][0], labels[i][1]))
            return true;
    }
    return false;
}

static bool is_encrypted(const struct span *span)
{
    return has_text(span, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
           has_text(span, "Proc-Type: 4,ENCRYPTED");
}

const char *pem_refuse(const char *text, size_t size, enum pem_kind kind)
{
    const struct span span = {text, size};

    if (!has_text(&span, "-----BEGIN "))
        return "is not PEM";
    if (kind == PEM_CERTIFICATE) {
        if (has_certificate(&span))
            return NULL;
        return has_key(&span) ? "holds a private key, not a certificate" : "holds no certificate";
    }
    if (is_encrypted(&span))
        return "holds a key that needs a passphrase";
    if (has_key(&span))
        return NULL;
    return has_certificate(&span) ? "holds a certificate, not a private key"
                                  : "holds no private key";
}
