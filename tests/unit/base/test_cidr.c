#include <stdio.h>

#include "base/cidr.h"
#include "base/defs.h"
#include "unit/unit.h"

extern const struct unit_test cidr_tests[];

/* The range as it was understood, or "refused". */
static const char *understood(const char *text, char out[ADDR_TEXT_SIZE + 8])
{
    struct cidr cidr;
    struct addr addr = {0};
    char ip[ADDR_TEXT_SIZE];

    if (cidr_parse(&cidr, text) == -1)
        return "refused";
    addr.family = cidr.family;
    for (size_t i = 0; i < sizeof(addr.ip); i++)
        addr.ip[i] = cidr.ip[i];
    snprintf(out, ADDR_TEXT_SIZE + 8, "%s/%u", addr_format_ip(&addr, ip), cidr.prefix);
    return out;
}

static void test_parse(void)
{
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        {"10.0.0.0/8", "10.0.0.0/8"},
        {"10.1.2.3/8", "10.0.0.0/8"},
        {"10.1.2.3/31", "10.1.2.2/31"},
        {"10.1.2.3", "10.1.2.3/32"},
        {"10.1.2.3/0", "0.0.0.0/0"},
        {"172.31.255.255/12", "172.16.0.0/12"},
        {"fd00::1/8", "fd00::/8"},
        {"2001:db8::ff/121", "2001:db8::80/121"},
        {"::1", "::1/128"},
        {"::/0", "::/0"},
        {"::ffff:10.0.0.1", "10.0.0.1/32"},
        {"", "refused"},
        {"/8", "refused"},
        {"10.0.0.0/", "refused"},
        {"10.0.0.0/33", "refused"},
        {"10.0.0.0/-1", "refused"},
        {"10.0.0.0/8/8", "refused"},
        {"10.0.0.0/8 ", "refused"},
        {"10.0.0.0/255.0.0.0", "refused"},
        {"10.0.0/8", "refused"},
        {"::/129", "refused"},
        {"::1%lo/128", "refused"},
        {"::ffff:10.0.0.0/104", "refused"},
        {"example.com/8", "refused"},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff/8", "refused"},
    };
    char text[ADDR_TEXT_SIZE + 8];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ASSERT_TEXT(understood(rows[i].text, text), rows[i].wanted);
}

static void test_refused_is_untouched(void)
{
    struct cidr cidr = {.family = 99};

    ASSERT_NUMBER(cidr_parse(&cidr, "10.0.0.0/33"), -1);
    ASSERT_NUMBER(cidr.family, 99);
}

static void test_contains(void)
{
    static const struct {
        const char *range;
        const char *addr;
        bool inside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.0", false},
        {"192.0.2.2/31", "192.0.2.3", true},
        {"192.0.2.2/31", "192.0.2.4", false},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "10.0.0.1", false},
        {"::/0", "ffff::", true},
        {"10.0.0.0/8", "::ffff:10.0.0.1", true},
        {"fc00::/7", "fdff::1", true},
        {"fc00::/7", "fe00::1", false},
        {"2001:db8::80/121", "2001:db8::ff", true},
        {"2001:db8::80/121", "2001:db8::7f", false},
        {"::1/128", "::1", true},
        {"::1/128", "::2", false},
        {"fe80::/10", "fe80::1", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cidr cidr;
        struct addr addr;
        char got[120];
        char wanted[120];

        CU_ASSERT_FATAL(cidr_parse(&cidr, rows[i].range) == 0);
        CU_ASSERT_FATAL(addr_parse(&addr, rows[i].addr) == 0);
        snprintf(got, sizeof(got), "%s in %s: %d", rows[i].addr, rows[i].range,
                 cidr_contains(&cidr, &addr));
        snprintf(wanted, sizeof(wanted), "%s in %s: %d", rows[i].addr, rows[i].range,
                 rows[i].inside);
        ASSERT_TEXT(got, wanted);
    }
}

static void test_no_address_is_nowhere(void)
{
    struct cidr cidr;
    struct addr none = {0};

    CU_ASSERT_FATAL(cidr_parse(&cidr, "0.0.0.0/0") == 0);
    CU_ASSERT(!cidr_contains(&cidr, &none));
}

static void test_list(void)
{
    struct cidr list[2];
    struct addr addr;

    CU_ASSERT_FATAL(cidr_parse(&list[0], "10.0.0.0/8") == 0);
    CU_ASSERT_FATAL(cidr_parse(&list[1], "::1") == 0);
    CU_ASSERT_FATAL(addr_parse(&addr, "::1") == 0);
    CU_ASSERT(cidr_list_contains(list, 2, &addr));
    CU_ASSERT(!cidr_list_contains(list, 1, &addr));
    CU_ASSERT(!cidr_list_contains(list, 0, &addr));
}

static void test_private(void)
{
    static const struct {
        const char *addr;
        bool is_private;
    } rows[] = {
        {"127.0.0.1", true},
        {"127.255.0.1", true},
        {"10.0.0.1", true},
        {"172.16.0.1", true},
        {"172.31.0.1", true},
        {"192.168.255.1", true},
        {"100.64.0.1", true},
        {"100.127.255.1", true},
        {"169.254.1.1", true},
        {"::1", true},
        {"fc00::1", true},
        {"fdff::1", true},
        {"fe80::1", true},
        {"febf::1", true},
        {"::ffff:10.0.0.1", true},
        {"8.8.8.8", false},
        {"172.15.0.1", false},
        {"172.32.0.1", false},
        {"192.167.0.1", false},
        {"192.169.0.1", false},
        {"100.63.0.1", false},
        {"100.128.0.1", false},
        {"169.253.0.1", false},
        {"0.0.0.0", false},
        {"::", false},
        {"::2", false},
        {"fec0::1", false},
        {"2001:db8::1", false},
        {"::ffff:8.8.8.8", false},
    };
    size_t count;
    const struct cidr *ranges = cidr_private(&count);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct addr addr;
        char got[120];
        char wanted[120];

        CU_ASSERT_FATAL(addr_parse(&addr, rows[i].addr) == 0);
        snprintf(got, sizeof(got), "%s: %d", rows[i].addr,
                 cidr_list_contains(ranges, count, &addr));
        snprintf(wanted, sizeof(wanted), "%s: %d", rows[i].addr, rows[i].is_private);
        ASSERT_TEXT(got, wanted);
    }
}

const struct unit_test cidr_tests[] = {
    {"parse", test_parse},
    {"refused_is_untouched", test_refused_is_untouched},
    {"contains", test_contains},
    {"no_address_is_nowhere", test_no_address_is_nowhere},
    {"list", test_list},
    {"private", test_private},
    {NULL, NULL},
};
