#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>

#include "base/certificate.h"
#include "base/certificate_names.h"
#include "base/defs.h"
#include "probe/credentials.h"

#include "pem.h"

#define DAY_S 86400L

struct desk {
    struct paper ca;
    struct paper leaf;
    struct probe_pem ca_pem;
    struct probe_pem leaf_pem;
    struct probe_pem key_pem;
    char error[CREDENTIALS_ERROR_SIZE];
};

static void desk_open(struct desk *desk)
{
    paper_make_authority(&desk->ca, "kubernetes-ca");
    paper_make_leaf(&desk->leaf, &desk->ca, "k0slb");
    paper_write_certificate(&desk->ca, "/etc/ca.crt", &desk->ca_pem);
    paper_write_certificate(&desk->leaf, "/etc/client.crt", &desk->leaf_pem);
    paper_write_key(&desk->leaf, "/etc/client.key", &desk->key_pem);
    strcpy(desk->error, "(nothing)");
}

static void desk_close(struct desk *desk)
{
    paper_free_pem(&desk->ca_pem);
    paper_free_pem(&desk->leaf_pem);
    paper_free_pem(&desk->key_pem);
    paper_fini(&desk->leaf);
    paper_fini(&desk->ca);
}

static void test_good_files(void)
{
    struct desk desk;
    struct probe_authority *authority;
    struct probe_identity *identity;
    struct certificate facts;
    struct certificate ours;

    desk_open(&desk);
    authority = probe_authority_new(&desk.ca_pem, desk.error);
    identity = probe_identity_new(&desk.leaf_pem, &desk.key_pem, desk.error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(authority);
    CU_ASSERT_PTR_NOT_NULL_FATAL(identity);
    probe_authority_describe(authority, &facts);
    ASSERT_TEXT(facts.common_name, "kubernetes-ca");
    CU_ASSERT_TRUE(facts.not_after_s > time(NULL) + 3640 * DAY_S);
    probe_identity_describe(identity, authority, &ours);
    ASSERT_TEXT(ours.common_name, "k0slb");
    ASSERT_TEXT(ours.issuer, "CN=kubernetes-ca");
    ASSERT_TEXT(ours.problem, "");
    CU_ASSERT_TRUE(ours.authority_known && ours.trusted);
    ASSERT_NUMBER(ours.issuer_not_after_s, facts.not_after_s);
    CU_ASSERT_TRUE(ours.not_after_s <= time(NULL) + 365 * DAY_S + 1 &&
                   ours.not_before_s <= time(NULL) - 3599);
    probe_identity_free(identity);
    probe_authority_free(authority);
    desk_close(&desk);
}

static void refuse_authority(struct desk *desk, struct probe_pem pem, const char *words)
{
    CU_ASSERT_PTR_NULL(probe_authority_new(&pem, desk->error));
    ASSERT_TEXT(desk->error, words);
}

static void refuse_identity(struct desk *desk, struct probe_pem certificate, struct probe_pem key,
                            const char *words)
{
    CU_ASSERT_PTR_NULL(probe_identity_new(&certificate, &key, desk->error));
    ASSERT_TEXT(desk->error, words);
}

static const struct probe_pem nothing = {"/etc/x", "", 0};
static const struct probe_pem prose = {"/etc/x", "no PEM\n", 7};

static void test_bad_files(void)
{
    struct desk desk;
    struct probe_pem half;

    desk_open(&desk);
    half = desk.ca_pem;
    half.size /= 2;
    refuse_authority(&desk, nothing, "/etc/x: holds no certificate (PEM)");
    refuse_authority(&desk, prose, "/etc/x: holds no certificate (PEM)");
    refuse_authority(&desk, desk.key_pem, "/etc/client.key: holds no certificate (PEM)");
    refuse_authority(&desk, half, "/etc/ca.crt: a certificate cannot be read (bad end line)");
    refuse_identity(&desk, nothing, desk.key_pem, "/etc/x: holds no certificate (PEM)");
    refuse_identity(&desk, desk.leaf_pem, nothing, "/etc/x: holds no private key (PEM)");
    refuse_identity(&desk, desk.leaf_pem, desk.leaf_pem,
                    "/etc/client.crt: holds no private key (PEM)");
    refuse_identity(&desk, desk.ca_pem, desk.key_pem,
                    "/etc/client.key: is not the key of the certificate in /etc/ca.crt");
    desk_close(&desk);
}

/* OpenSSL would ask for the passphrase on the terminal. */
static void test_key_with_passphrase(void)
{
    static unsigned char phrase[] = "secret";
    struct probe_pem key = {.name = "/etc/client.key"};
    BIO *text = BIO_new(BIO_s_mem());
    struct desk desk;
    char *data;

    desk_open(&desk);
    CU_ASSERT_EQUAL_FATAL(
        PEM_write_bio_PrivateKey(text, desk.leaf.key, EVP_aes_128_cbc(), phrase, 6, NULL, NULL), 1);
    key.size = (size_t)BIO_get_mem_data(text, &data);
    key.data = data;
    refuse_identity(&desk, desk.leaf_pem, key,
                    "/etc/client.key: the key has a passphrase, which nobody could type");
    BIO_free(text);
    desk_close(&desk);
}

/* ---- who signed ---- */

static void describe(const struct paper *leaf, const struct paper *ca, struct certificate *out)
{
    struct probe_authority *authority = paper_authority(ca);
    struct probe_identity *identity = paper_identity(leaf);

    probe_identity_describe(identity, authority, out);
    probe_identity_free(identity);
    probe_authority_free(authority);
}

/* The names are the same, the keys are not: two controllers that were never joined. */
static void test_authorities_of_one_name(void)
{
    struct certificate mine;
    struct certificate yours;
    struct paper other;
    struct desk desk;

    desk_open(&desk);
    paper_make_authority(&other, "kubernetes-ca");
    describe(&desk.leaf, &desk.ca, &mine);
    describe(&desk.leaf, &other, &yours);
    CU_ASSERT_TRUE(mine.trusted);
    CU_ASSERT_FALSE(yours.trusted);
    CU_ASSERT_TRUE(yours.problem[0] != '\0');
    ASSERT_NUMBER(mine.issuer_key_size, 20);
    ASSERT_NUMBER(memcmp(mine.issuer_key, yours.issuer_key, 20), 0);
    describe(&other, &other, &yours);
    CU_ASSERT_TRUE(memcmp(mine.issuer_key, yours.issuer_key, 20) != 0);
    CU_ASSERT_TRUE(memcmp(mine.fingerprint, yours.fingerprint, 32) != 0);
    paper_fini(&other);
    desk_close(&desk);
}

/* A certificate that does not name the key that signed it: the authority's own key tells. */
static void test_key_without_name(void)
{
    static const struct paper_request request = {
        .common_name = "plain",
        .until_s = 3600,
        .has_no_key_id = true,
    };
    struct certificate plain;
    struct certificate named;
    struct paper leaf;
    struct desk desk;

    desk_open(&desk);
    paper_make(&leaf, &desk.ca, &request);
    describe(&leaf, &desk.ca, &plain);
    describe(&desk.leaf, &desk.ca, &named);
    ASSERT_NUMBER(plain.issuer_key_size, named.issuer_key_size);
    ASSERT_NUMBER(memcmp(plain.issuer_key, named.issuer_key, 20), 0);
    paper_fini(&leaf);
    desk_close(&desk);
}

static void test_dates_never_fail(void)
{
    static const struct paper_request ended_ca = {
        .common_name = "old-ca",
        .from_s = -20 * DAY_S,
        .until_s = -DAY_S,
        .is_authority = true,
    };
    static const struct paper_request rows[] = {
        {.common_name = "ended", .from_s = -20 * DAY_S, .until_s = -10 * DAY_S},
        {.common_name = "to come", .from_s = 10 * DAY_S, .until_s = 20 * DAY_S},
    };
    struct paper ca;

    paper_make(&ca, NULL, &ended_ca);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct certificate facts;
        struct paper leaf;

        paper_make(&leaf, &ca, &rows[i]);
        describe(&leaf, &ca, &facts);
        CU_ASSERT_TRUE(facts.trusted);
        CU_ASSERT_TRUE(labs((long)(facts.not_after_s - time(NULL)) - rows[i].until_s) <= 5);
        CU_ASSERT_TRUE(labs((long)(facts.issuer_not_after_s - time(NULL)) + DAY_S) <= 5);
        paper_fini(&leaf);
    }
    paper_fini(&ca);
}

/* ---- names ---- */

static void test_names(void)
{
    static const struct paper_request request = {
        .common_name = "kube\nrnetes",
        .names = "DNS:kubernetes,DNS:kubernetes.default.svc.,DNS:*.example.com,IP:127.0.0.1,"
                 "IP:fd00::1,DNS:10.0.0.1,DNS:a b,email:a@example.com",
        .until_s = 3600,
    };
    struct certificate facts;
    struct paper leaf;

    paper_make(&leaf, NULL, &request);
    describe(&leaf, &leaf, &facts);
    ASSERT_TEXT(facts.common_name, "kube?rnetes");
    ASSERT_TEXT(facts.names, "kubernetes kubernetes.default.svc *.example.com 127.0.0.1 fd00::1");
    CU_ASSERT_FALSE(facts.names_cut);
    CU_ASSERT_TRUE(certificate_names_have(facts.names, "k8s.example.com"));
    CU_ASSERT_FALSE(certificate_names_have(facts.names, "10.0.0.1"));
    paper_fini(&leaf);
}

static void test_many_names(void)
{
    static char names[8192];
    const struct paper_request request = {.common_name = "a", .names = names, .until_s = 3600};
    struct certificate facts;
    struct paper leaf;
    size_t size = 0;

    for (unsigned i = 0; i < 200; i++)
        size += (size_t)snprintf(names + size, sizeof(names) - size,
                                 "%sDNS:controller-number-%u.example", i == 0 ? "" : ",", i);
    paper_make(&leaf, NULL, &request);
    describe(&leaf, &leaf, &facts);
    CU_ASSERT_TRUE(facts.names_cut);
    CU_ASSERT_TRUE(strlen(facts.names) < sizeof(facts.names));
    CU_ASSERT_TRUE(certificate_names_have(facts.names, "controller-number-0.example"));
    paper_fini(&leaf);
}

const struct unit_test credentials_tests[] = {
    {"good_files", test_good_files},
    {"bad_files", test_bad_files},
    {"key_with_passphrase", test_key_with_passphrase},
    {"authorities_of_one_name", test_authorities_of_one_name},
    {"key_without_name", test_key_without_name},
    {"dates_never_fail", test_dates_never_fail},
    {"names", test_names},
    {"many_names", test_many_names},
    {NULL, NULL},
};
