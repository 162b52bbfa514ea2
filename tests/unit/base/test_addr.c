#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/defs.h"
#include "unit/unit.h"

extern const struct unit_test addr_tests[];

/* What addr_parse() makes of a text; `ip` NULL: it is refused. */
static const struct {
    const char *text;
    const char *ip;
    enum addr_family family;
} literals[] = {
    {"10.0.0.1", "10.0.0.1", ADDR_IPV4},
    {"0.0.0.0", "0.0.0.0", ADDR_IPV4},
    {"255.255.255.255", "255.255.255.255", ADDR_IPV4},
    {"::", "::", ADDR_IPV6},
    {"::1", "::1", ADDR_IPV6},
    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", ADDR_IPV6},
    {"2001:db8::192.0.2.1", "2001:db8::c000:201", ADDR_IPV6},
    {"::ffff:10.0.0.1", "10.0.0.1", ADDR_IPV4},
    {"::ffff:a00:1", "10.0.0.1", ADDR_IPV4},
    {"::1%lo", "::1%lo", ADDR_IPV6},
    {"", NULL, ADDR_NONE},
    {"10.0.0", NULL, ADDR_NONE},
    {"10.0.0.256", NULL, ADDR_NONE},
    {"127.0.0.512", NULL, ADDR_NONE},
    {"10.0.0.1 ", NULL, ADDR_NONE},
    {" 10.0.0.1", NULL, ADDR_NONE},
    {"10.0.0.1:80", NULL, ADDR_NONE},
    {"10.0.0.1%lo", NULL, ADDR_NONE},
    {"[::1]", NULL, ADDR_NONE},
    {":::", NULL, ADDR_NONE},
    {"12345::", NULL, ADDR_NONE},
    {"::1%", NULL, ADDR_NONE},
    {"::1%no-such-interface", NULL, ADDR_NONE},
    {"localhost", NULL, ADDR_NONE},
    {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff", NULL, ADDR_NONE},
};

static void test_parse(void)
{
    for (size_t i = 0; i < ARRAY_LEN(literals); i++) {
        char text[ADDR_TEXT_SIZE];
        struct addr addr = {.family = 99, .port = 7};
        int result = addr_parse(&addr, literals[i].text);

        ASSERT_TEXT(result == -1 ? "refused" : addr_format_ip(&addr, text),
                    literals[i].ip == NULL ? "refused" : literals[i].ip);
        /* Refused: untouched. Else: no port, and no byte left over. */
        ASSERT_NUMBER(addr.family, result == -1 ? 99 : (int)literals[i].family);
        ASSERT_NUMBER(addr.port, result == -1 ? 7 : 0);
    }
}

static void test_unused_bytes_are_zero(void)
{
    static const uint8_t zero[12];
    struct addr addr;

    CU_ASSERT_FATAL(addr_parse(&addr, "::ffff:1.2.3.4") == 0);
    CU_ASSERT(memcmp(addr.ip + 4, zero, sizeof(zero)) == 0);
    ASSERT_NUMBER(addr.scope, 0);
    ASSERT_NUMBER(addr.reserved, 0);
}

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static const struct {
    const char *text;
    bool is_name;
} names[] = {
    {"localhost", true},
    {"k0s-controller1", true},
    {"a", true},
    {"A.B-C.example", true},
    {"3com.example", true},
    {"10.0.0.1.example", true},
    {"example.com.", true},
    {"1a", true},
    {LABEL_63, true},
    {LABEL_63 "." LABEL_63 "." LABEL_63 "."
              "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy",
     true},
    {"", false},
    {".", false},
    {"127.0.0.512", false},
    {"1", false},
    {"example.1", false},
    {"example.1.", false},
    {"a..b", false},
    {".a", false},
    {"-a", false},
    {"a-", false},
    {"a-.b", false},
    {"a.-b", false},
    {"a_b", false},
    {"a b", false},
    {"a:1", false},
    {"::1", false},
    {"h\xc3\xb6st", false},
    {LABEL_63 "x", false},
    {LABEL_63 "." LABEL_63 "." LABEL_63 "."
              "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
     false},
};

static void test_host_name(void)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char got[300];
        char wanted[300];

        snprintf(got, sizeof(got), "%s: %d", names[i].text, addr_is_host_name(names[i].text));
        snprintf(wanted, sizeof(wanted), "%s: %d", names[i].text, names[i].is_name);
        ASSERT_TEXT(got, wanted);
    }
}

static void test_format(void)
{
    char text[ADDR_TEXT_SIZE];
    struct addr addr;
    struct addr none = {0};

    CU_ASSERT_FATAL(addr_parse(&addr, "10.0.0.1") == 0);
    addr.port = 6443;
    ASSERT_TEXT(addr_format(&addr, text), "10.0.0.1:6443");
    ASSERT_TEXT(addr_format_ip(&addr, text), "10.0.0.1");
    CU_ASSERT_FATAL(addr_parse(&addr, "::1%lo") == 0);
    addr.port = 65535;
    ASSERT_TEXT(addr_format(&addr, text), "[::1%lo]:65535");
    ASSERT_TEXT(addr_format(&none, text), "-");
    ASSERT_TEXT(addr_format_ip(&none, text), "-");
}

/* An address survives the way through a sockaddr and back, all of it. */
static void test_sockaddr_round_trip(void)
{
    static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "::1%lo", "0.0.0.0", "::"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct sockaddr_storage storage;
        struct addr addr;
        struct addr back;

        CU_ASSERT_FATAL(addr_parse(&addr, texts[i]) == 0);
        addr.port = 8132;
        ASSERT_NUMBER(addr_to_sockaddr(&addr, &storage), addr.family == ADDR_IPV4
                                                             ? sizeof(struct sockaddr_in)
                                                             : sizeof(struct sockaddr_in6));
        memset(&back, 0xff, sizeof(back));
        addr_from_sockaddr(&back, &storage);
        CU_ASSERT(memcmp(&addr, &back, sizeof(addr)) == 0);
    }
}

static void test_sockaddr_odd(void)
{
    struct sockaddr_storage storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
    struct addr addr = {0};
    char text[ADDR_TEXT_SIZE];

    ASSERT_NUMBER(addr_to_sockaddr(&addr, &storage), 0);
    memset(&storage, 0, sizeof(storage));
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(9443);
    in6->sin6_scope_id = 5;
    CU_ASSERT_FATAL(inet_pton(AF_INET6, "::ffff:192.0.2.9", &in6->sin6_addr) == 1);
    addr_from_sockaddr(&addr, &storage);
    ASSERT_TEXT(addr_format(&addr, text), "192.0.2.9:9443");
    ASSERT_NUMBER(addr.family, ADDR_IPV4);
    ASSERT_NUMBER(addr.scope, 0);
    storage.ss_family = AF_UNIX;
    addr_from_sockaddr(&addr, &storage);
    ASSERT_NUMBER(addr.family, ADDR_NONE);
    ASSERT_NUMBER(addr.port, 0);
}

static void test_equal(void)
{
    struct addr a;
    struct addr b;

    CU_ASSERT_FATAL(addr_parse(&a, "10.0.0.1") == 0 && addr_parse(&b, "10.0.0.1") == 0);
    CU_ASSERT(addr_equal(&a, &b) && addr_same_ip(&a, &b));
    b.port = 1;
    CU_ASSERT(!addr_equal(&a, &b) && addr_same_ip(&a, &b));
    CU_ASSERT_FATAL(addr_parse(&b, "10.0.0.2") == 0);
    CU_ASSERT(!addr_equal(&a, &b) && !addr_same_ip(&a, &b));
    CU_ASSERT_FATAL(addr_parse(&b, "a00:1::") == 0); /* the same first bytes, another family */
    CU_ASSERT(!addr_same_ip(&a, &b));
    CU_ASSERT_FATAL(addr_parse(&a, "::1") == 0 && addr_parse(&b, "::1%lo") == 0);
    CU_ASSERT(!addr_same_ip(&a, &b));
}

static void test_any(void)
{
    static const struct {
        const char *text;
        bool any;
    } rows[] = {{"0.0.0.0", true}, {"::", true}, {"0.0.0.1", false}, {"::1", false}};
    struct addr addr = {0};

    CU_ASSERT(!addr_is_any(&addr));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CU_ASSERT_FATAL(addr_parse(&addr, rows[i].text) == 0);
        ASSERT_NUMBER(addr_is_any(&addr), rows[i].any);
    }
}

const struct unit_test addr_tests[] = {
    {"parse", test_parse},
    {"unused_bytes_are_zero", test_unused_bytes_are_zero},
    {"host_name", test_host_name},
    {"format", test_format},
    {"sockaddr_round_trip", test_sockaddr_round_trip},
    {"sockaddr_odd", test_sockaddr_odd},
    {"equal", test_equal},
    {"any", test_any},
    {NULL, NULL},
};
