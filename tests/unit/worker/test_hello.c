#include "worker/hello.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/rng.h"
#include "unit/hello_bytes.h"
#include "unit/unit.h"

extern const struct unit_test hello_tests[];

/* Looks at a copy that ends where its memory ends, so that a sanitizer sees a read beyond it. */
static enum hello_verdict look(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size);
    size_t expected = 0;
    enum hello_verdict verdict;

    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    verdict = hello_look(copy, size, &expected);
    free(copy);
    if (verdict != HELLO_NONE)
        CU_ASSERT_TRUE(expected >= size && expected <= HELLO_MOST);
    if (verdict == HELLO_WHOLE)
        ASSERT_NUMBER(expected, size);
    return verdict;
}

/*
 * The verdicts over all that begins these bytes, as when each byte comes alone: first PART, then
 * either WHOLE, for at most one length, or NONE for good. Returns the last one.
 */
static enum hello_verdict look_at_all(const uint8_t *bytes, size_t size)
{
    enum hello_verdict last = HELLO_PART;

    for (size_t length = 1; length <= size; length++) {
        enum hello_verdict next = look(bytes, length);

        CU_ASSERT_TRUE(last == HELLO_PART || next == HELLO_NONE);
        last = next;
    }
    return last;
}

/* What is WHOLE at its end is nothing else before, and nothing else later. */
static void assert_hello(uint8_t *bytes, size_t size)
{
    ASSERT_NUMBER(look_at_all(bytes, size), HELLO_WHOLE);
    ASSERT_NUMBER(look(bytes, size - 1), HELLO_PART);
    bytes[size] = 22;
    ASSERT_NUMBER(look(bytes, size + 1), HELLO_NONE);
    bytes[size] = 'x';
    ASSERT_NUMBER(look(bytes, size + 1), HELLO_NONE);
}

static void test_sizes(void)
{
    static const struct hello_order orders[] = {
        {.size = HELLO_BYTES_LEAST},
        {.size = 517},
        {.size = 1700},
        {.size = 1700, .records = 2},
        {.size = 600, .records = 7},
        {.size = 4000, .records = 300},
        {.size = HELLO_MOST},
        {.size = HELLO_MOST, .records = 2},
    };
    uint8_t bytes[HELLO_BYTES_MOST];

    for (size_t i = 0; i < ARRAY_LEN(orders); i++)
        assert_hello(bytes, hello_bytes(bytes, &orders[i]));
}

/* Records of one byte: even the message's length comes in three of them. */
static void test_tiny_records(void)
{
    struct hello_order order = {.size = 6 * 120, .records = 120};
    uint8_t bytes[HELLO_BYTES_MOST];

    assert_hello(bytes, hello_bytes(bytes, &order));
}

static void test_too_large(void)
{
    static const struct hello_order orders[] = {
        {.size = HELLO_MOST + 1},
        {.size = HELLO_MOST + 1, .records = 2},
        {.size = HELLO_BYTES_MOST, .records = 3},
    };
    uint8_t bytes[HELLO_BYTES_MOST];

    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        hello_bytes(bytes, &orders[i]);
        ASSERT_NUMBER(look(bytes, 16), HELLO_NONE); /* its length is known by then */
        ASSERT_NUMBER(look(bytes, orders[i].size), HELLO_NONE);
    }
}

static void test_early_data(void)
{
    static const struct hello_order orders[] = {
        {.size = 517, .early_data = true},
        {.size = 1700, .records = 2, .early_data = true},
        {.size = 6 * 130, .records = 130, .early_data = true},
    };
    uint8_t bytes[HELLO_BYTES_MOST];

    for (size_t i = 0; i < ARRAY_LEN(orders); i++)
        ASSERT_NUMBER(look_at_all(bytes, hello_bytes(bytes, &orders[i])), HELLO_NONE);
}

/* A byte of a good hello is changed: what comes of it. */
static void test_changed(void)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {0, 23},    /* another record type */
        {1, 2},     /* another major version */
        {3, 0x7f},  /* a record that is too long */
        {5, 2},     /* another message */
        {6, 1},     /* a message that is too long */
        {8, 0x10},  /* one that is shorter than its record */
        {43, 255},  /* a session that runs over the end */
        {76, 255},  /* cipher suites that do */
        {82, 255},  /* compression methods that do, too */
        {85, 0xff}, /* extensions longer than the message */
        {88, 0xff}, /* an extension longer than all of them */
    };
    static const struct hello_order order = {.size = 300};
    uint8_t good[HELLO_BYTES_MOST];
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(good, &order);

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        memcpy(bytes, good, size);
        bytes[changes[i].at] = changes[i].value;
        ASSERT_NUMBER(look_at_all(bytes, size), HELLO_NONE);
    }
}

static void test_empty_record(void)
{
    static const uint8_t empty[] = {22, 3, 1, 0, 0};

    ASSERT_NUMBER(look(empty, 4), HELLO_PART);
    ASSERT_NUMBER(look(empty, 5), HELLO_NONE);
}

static void test_other_protocols(void)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\n",   "SSH-2.0-x\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x80\x2e\x01\x03\x01", /* SSL 2.0's hello */
        "\x17\x03\x03\x01",     "\x15\x03\x01",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        ASSERT_NUMBER(look((const uint8_t *)texts[i], strlen(texts[i])), HELLO_NONE);
}

/* A ClientHello of TLS 1.2 and before may have no extensions. */
static void test_without_extensions(void)
{
    uint8_t bytes[64] = {22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3};

    bytes[43] = 0; /* no session */
    bytes[45] = 2; /* one cipher suite */
    bytes[47] = 0x2f;
    bytes[48] = 1; /* one compression method */
    ASSERT_NUMBER(look_at_all(bytes, 50), HELLO_WHOLE);
}

/* What OpenSSL's client really sends; NULL for a version that it does not speak any more. */
static size_t real_hello(uint8_t *bytes, size_t room, int version, size_t protocols)
{
    uint8_t alpn[1024];
    char name[] = "kubernetes.default";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context != NULL ? SSL_new(context) : NULL;
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    int size = 0;

    memset(alpn, 1, sizeof(alpn));
    if (ssl != NULL && in != NULL && out != NULL) {
        SSL_set_bio(ssl, in, out);
        SSL_set_max_proto_version(ssl, version);
        SSL_set_tlsext_host_name(ssl, name);
        if (protocols > 0)
            SSL_set_alpn_protos(ssl, alpn, (unsigned)(2 * protocols));
        SSL_connect(ssl);
        size = BIO_read(out, bytes, (int)room);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    return size > 0 ? (size_t)size : 0;
}

static void test_real(void)
{
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size;

    size = real_hello(bytes, sizeof(bytes), TLS1_3_VERSION, 0);
    CU_ASSERT_TRUE(size > 100);
    assert_hello(bytes, size);
    size = real_hello(bytes, sizeof(bytes), TLS1_2_VERSION, 0);
    CU_ASSERT_TRUE(size > 100);
    assert_hello(bytes, size);
    size = real_hello(bytes, sizeof(bytes), TLS1_3_VERSION, 500);
    CU_ASSERT_TRUE(size > 1000);
    assert_hello(bytes, size);
}

/* Changes a few bytes, or cuts, or repeats a part. */
static size_t mutate(struct rng *rng, uint8_t *bytes, size_t size)
{
    for (unsigned i = rng_below(rng, 4); i > 0; i--)
        bytes[rng_below(rng, (uint32_t)size)] = (uint8_t)rng_below(rng, 256);
    /* Lengths are where it hurts. */
    if (rng_below(rng, 2) == 0)
        bytes[rng_below(rng, size < 100 ? (uint32_t)size : 100)] ^=
            (uint8_t)(1u << rng_below(rng, 8));
    if (rng_below(rng, 4) == 0)
        size = 1 + rng_below(rng, (uint32_t)size);
    return size;
}

static void test_random(void)
{
    enum { ROUNDS = 1500 };
    uint8_t bytes[HELLO_BYTES_MOST];
    struct rng rng;
    unsigned whole = 0;

    rng_seed(&rng, 20261123);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct hello_order order = {
            .size = 400 + rng_below(&rng, 200),
            .records = 1 + rng_below(&rng, 20),
            .early_data = rng_below(&rng, 8) == 0,
            .seed = (uint8_t)i,
        };
        size_t size = hello_bytes(bytes, &order);

        size = mutate(&rng, bytes, size);
        whole += look_at_all(bytes, size) == HELLO_WHOLE;
    }
    CU_ASSERT_TRUE(whole > 0 && whole < ROUNDS);
}

const struct unit_test hello_tests[] = {
    {"sizes", test_sizes},
    {"tiny_records", test_tiny_records},
    {"too_large", test_too_large},
    {"early_data", test_early_data},
    {"changed", test_changed},
    {"empty_record", test_empty_record},
    {"other_protocols", test_other_protocols},
    {"without_extensions", test_without_extensions},
    {"real", test_real},
    {"random", test_random},
    {NULL, NULL},
};
