#include "base/pem.h"

#include <string.h>

#include "unit/unit.h"

extern const struct unit_test pem_tests[];

#define BLOCK(label) "-----BEGIN " label "-----\nMA==\n-----END " label "-----\n"

static void told_by_its_labels(void)
{
    static const struct {
        const char *text;
        const char *as_certificate; /* NULL = good */
        const char *as_key;
    } cases[] = {
        {BLOCK("CERTIFICATE"), NULL, "holds a certificate, not a private key"},
        {"Subject: x\n" BLOCK("CERTIFICATE") BLOCK("CERTIFICATE"), NULL,
         "holds a certificate, not a private key"},
        {BLOCK("PRIVATE KEY"), "holds a private key, not a certificate", NULL},
        {BLOCK("RSA PRIVATE KEY"), "holds a private key, not a certificate", NULL},
        {BLOCK("EC PARAMETERS") BLOCK("EC PRIVATE KEY"), "holds a private key, not a certificate",
         NULL},
        {BLOCK("CERTIFICATE") BLOCK("PRIVATE KEY"), NULL, NULL},
        {BLOCK("ENCRYPTED PRIVATE KEY"), "holds no certificate",
         "holds a key that needs a passphrase"},
        {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n-----END RSA PRIVATE KEY-----",
         "holds a private key, not a certificate", "holds a key that needs a passphrase"},
        {BLOCK("PUBLIC KEY"), "holds no certificate", "holds no private key"},
        {"-----BEGIN CERTIFICATE-----\nMA==\n", "holds no certificate", "holds no private key"},
        {"-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n", "holds no certificate",
         "holds no private key"},
        {"0\x82\x01", "is not PEM", "is not PEM"},
        {"", "is not PEM", "is not PEM"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = strlen(cases[i].text);
        const char *certificate = pem_refuse(cases[i].text, size, PEM_CERTIFICATE);
        const char *key = pem_refuse(cases[i].text, size, PEM_KEY);

        ASSERT_TEXT(certificate != NULL ? certificate : "good",
                    cases[i].as_certificate != NULL ? cases[i].as_certificate : "good");
        ASSERT_TEXT(key != NULL ? key : "good", cases[i].as_key != NULL ? cases[i].as_key : "good");
    }
}

const struct unit_test pem_tests[] = {
    {"told_by_its_labels", told_by_its_labels},
    {NULL, NULL},
};
