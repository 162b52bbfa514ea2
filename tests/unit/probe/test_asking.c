#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/asking.h"

static const struct conf_service plain = {
    .name = "s",
    .enabled = 1,
    .check = CHECK_HTTPS,
    .check_method = METHOD_HEAD,
    .check_verify = VERIFY_CA,
    .check_path = "/v1beta1/ca",
    .check_connect_timeout = 1000,
    .check_timeout = 3000,
    .check_expect = {[405 / 64] = UINT64_C(1) << 405 % 64},
    .required = CONF_NO_INDEX,
};

/* An epoch of that service alone. */
static const struct epoch *epoch_of(const struct conf_service *service)
{
    struct conf_service copy = *service;
    struct conf conf = {.global = {.name = "unit"}, .services = &copy, .service_count = 1};
    int fd = epoch_seal(&conf, 1);
    const struct epoch *epoch = fd == -1 ? NULL : epoch_map(fd);

    CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
    close(fd);
    return epoch;
}

static struct addr address_of(const char *text, uint16_t port)
{
    struct addr address;

    CU_ASSERT_FATAL(addr_parse(&address, text) == 0);
    address.port = port;
    return address;
}

static void test_https(void)
{
    const struct addr address = address_of("10.0.0.1", 9443);
    const struct epoch *epoch = epoch_of(&plain);
    struct probe_question question = {.context = &question};
    struct asking asking;

    asking_init(&asking, epoch, 0, NULL);
    asking_fill(&asking, &address, true, &question);
    ASSERT_NUMBER(question.kind, PROBE_HTTPS);
    CU_ASSERT_TRUE(addr_equal(&question.address, &address));
    ASSERT_NUMBER(question.connect_timeout_ms, 1000);
    ASSERT_NUMBER(question.answer_timeout_ms, 3000);
    CU_ASSERT_PTR_EQUAL(question.context, &question);
    CU_ASSERT_PTR_NOT_NULL_FATAL(question.http);
    ASSERT_TEXT(question.http->method, "HEAD");
    ASSERT_TEXT(question.http->path, "/v1beta1/ca");
    CU_ASSERT_PTR_NULL(question.http->host);
    ASSERT_NUMBER(question.http->expected[405 / 64] >> 405 % 64 & 1, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(question.tls);
    CU_ASSERT_TRUE(question.tls->verify);
    CU_ASSERT_PTR_NULL(question.tls->sni);
    CU_ASSERT_PTR_NULL(question.tls->identity);
    epoch_unmap(epoch);
}

static void test_names_and_port(void)
{
    const struct addr address = address_of("fd00::1", 6443);
    struct conf_service service = plain;
    struct probe_question question = {0};
    const struct epoch *epoch;
    struct asking asking;

    service.check_port = 10443;
    service.check_verify = VERIFY_NONE;
    strcpy(service.check_host, "k8s.example");
    strcpy(service.check_sni, "api.example");
    epoch = epoch_of(&service);
    asking_init(&asking, epoch, 0, NULL);
    asking_fill(&asking, &address, true, &question);
    ASSERT_NUMBER(question.address.port, 10443);
    ASSERT_TEXT(question.http->host, "k8s.example");
    ASSERT_TEXT(question.tls->sni, "api.example");
    CU_ASSERT_FALSE(question.tls->verify);
    epoch_unmap(epoch);
}

static void test_kinds(void)
{
    static const struct {
        enum conf_check check;
        enum probe_kind kind;
        bool has_tls;
        bool has_http;
    } rows[] = {
        {CHECK_TCP, PROBE_TCP, false, false},
        {CHECK_TLS, PROBE_TLS, true, false},
        {CHECK_H2, PROBE_H2, true, false},
        {CHECK_HTTPS, PROBE_HTTPS, true, true},
    };
    const struct addr address = address_of("10.0.0.1", 1);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct conf_service service = plain;
        struct probe_question question = {0};
        const struct epoch *epoch;
        struct asking asking;

        service.check = rows[i].check;
        epoch = epoch_of(&service);
        asking_init(&asking, epoch, 0, NULL);
        asking_fill(&asking, &address, true, &question);
        ASSERT_NUMBER(question.kind, rows[i].kind);
        ASSERT_NUMBER(question.tls != NULL, rows[i].has_tls);
        ASSERT_NUMBER(question.http != NULL, rows[i].has_http);
        epoch_unmap(epoch);
    }
}

static void test_full_handshakes(void)
{
    static const struct {
        bool is_up;
        uint64_t full_ms;
        uint64_t now_ms;
        bool wants;
    } rows[] = {
        {true, 0, 100000, false}, /* there is none to take up */
        {true, 40001, 100000, false}, {true, 40000, 100000, true}, {true, 1, 100000, true},
        {false, 99999, 100000, true}, {false, 0, 100000, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ASSERT_NUMBER(asking_wants_full(rows[i].is_up, rows[i].full_ms, rows[i].now_ms),
                      rows[i].wants);
}

/* Connections are kept with whoever is up and asked over HTTPS, between questions that are close.
 */
static void test_kept(void)
{
    static const struct {
        enum conf_check check;
        uint64_t interval_ms;
        uint64_t fast_ms;
        bool is_up;
        uint64_t kept_ms;
    } rows[] = {
        {CHECK_HTTPS, 1000, 200, true, 100},
        {CHECK_HTTPS, 1000, 200, false, 0},
        {CHECK_HTTPS, 100, 200, true, 50},
        {CHECK_HTTPS, 9000, 9000, true, 500},
        {CHECK_HTTPS, ASKING_FULL_MS - 1, 200, true, 100},
        {CHECK_HTTPS, ASKING_FULL_MS, 200, true, 0},
        {CHECK_TLS, 1000, 200, true, 0},
        {CHECK_H2, 1000, 200, true, 0},
    };
    const struct addr address = address_of("10.0.0.1", 6443);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct conf_service service = plain;
        struct probe_question question = {0};
        const struct epoch *epoch;
        struct asking asking;

        service.check = rows[i].check;
        service.check_interval = rows[i].interval_ms;
        service.check_fast_interval = rows[i].fast_ms;
        epoch = epoch_of(&service);
        asking_init(&asking, epoch, 0, NULL);
        asking_fill(&asking, &address, rows[i].is_up, &question);
        ASSERT_NUMBER(question.kept_timeout_ms, rows[i].kept_ms);
        epoch_unmap(epoch);
    }
}

const struct unit_test asking_tests[] = {
    {"https", test_https}, {"names_and_port", test_names_and_port},
    {"kinds", test_kinds}, {"full_handshakes", test_full_handshakes},
    {"kept", test_kept},   {NULL, NULL},
};
