#include "conf/conf_address.h"

#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

extern const struct unit_test conf_address_tests[];

static void listen_items(void)
{
    static const struct {
        const char *item;
        const char *wanted; /* the sockets, or the reason */
    } cases[] = {
        {":6443", "0.0.0.0:6443 [::]:6443"},
        {"*:6443", "0.0.0.0:6443 [::]:6443"},
        {"0.0.0.0:6443", "0.0.0.0:6443"},
        {"[::]:6443", "[::]:6443"},
        {"[::1]:6443", "[::1]:6443"},
        {"127.0.0.1:1", "127.0.0.1:1"},
        {"127.0.0.1:65535", "127.0.0.1:65535"},
        {":0", "port 0 is not in 1 to 65535"},
        {":70000", "port 70000 is not in 1 to 65535"},
        {":", "\"\" is not a port number"},
        {":http", "\"http\" is not a port number"},
        {"6443", "\"6443\" is not ADDRESS:PORT; a port alone is written :6443"},
        {"10.0.0.1", "the port is missing in \"10.0.0.1\": write ADDRESS:PORT"},
        {"[::1]", "the port is missing in \"[::1]\": write ADDRESS:PORT"},
        {"fd00::1:6443", "\"fd00::1:6443\": an IPv6 address with its port is written "
                         "[fd00::1]:6443"},
        {"[::1", "\"]\" is missing in \"[::1\""},
        {"[::1]6443", "\"[::1]6443\" is not [ADDRESS]:PORT"},
        {"[10.0.0.1]:6443", "\"10.0.0.1\" is not an IPv6 address; only those stand in brackets"},
        {"[]:6443", "\"\" is not an IPv6 address; only those stand in brackets"},
        {"[::g]:6443", "\"::g\" is not an address"},
        {"127.0.0.512:6443", "\"127.0.0.512\" is not an address"},
        {"localhost:6443", "\"localhost\" is a host name: write an address of this machine, or "
                           ":PORT for all of them"},
        {"[::ffff:10.0.0.1]:80", "10.0.0.1:80"},
    };
    char reason[CONF_REASON_SIZE];
    struct conf_listener pair[2];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int count = conf_address_listen(cases[i].item, pair, reason);
        char got[CONF_REASON_SIZE + 160];
        char first[ADDR_TEXT_SIZE];
        char second[ADDR_TEXT_SIZE];

        if (count == -1)
            snprintf(got, sizeof(got), "%s", reason);
        else if (count == 1)
            snprintf(got, sizeof(got), "%s", addr_format(&pair[0].address, first));
        else
            snprintf(got, sizeof(got), "%s %s", addr_format(&pair[0].address, first),
                     addr_format(&pair[1].address, second));
        ASSERT_TEXT(got, cases[i].wanted);
        if (count > 0)
            ASSERT_NUMBER(pair[0].both, count == 2);
    }
}

struct server_case {
    const char *value;
    const char *wanted; /* "ADDRESS weight[ backup]", or the reason */
};

static void expect_server(const struct server_case *test, int result,
                          const struct conf_server *server, const char *reason)
{
    char got[CONF_REASON_SIZE + 100];
    char text[CONF_PLACE_SIZE];

    if (result == -1)
        snprintf(got, sizeof(got), "%s", reason);
    else
        snprintf(got, sizeof(got), "%s %u%s",
                 conf_place_format(server->host, &server->address, text), server->weight,
                 server->backup ? " backup" : "");
    if (result == 0)
        ASSERT_NUMBER(server->address.family == ADDR_NONE, server->host[0] != '\0');
    ASSERT_TEXT(got, test->wanted);
}

static void servers(void)
{
    static const struct server_case cases[] = {
        {"10.0.0.1:22", "10.0.0.1:22 1"},
        {"[fd00::1]:22 weight=0", "[fd00::1]:22 0"},
        {"10.0.0.1:22 \t weight=256  backup", "10.0.0.1:22 256 backup"},
        {"10.0.0.1:22 backup weight=3", "10.0.0.1:22 3 backup"},
        {"10.0.0.1", "the port is missing in \"10.0.0.1\": write ADDRESS:PORT"},
        {"web.example", "the port is missing in \"web.example\": write ADDRESS:PORT"},
        {"web.example:80", "web.example:80 1"},
        {"web:80 backup weight=3", "web:80 3 backup"},
        {"10.0.0.1.example:80", "10.0.0.1.example:80 1"},
        {"web.example:", "\"\" is not a port number"},
        {"web_1.example:80", "\"web_1.example\" is not an address"},
        {"-web:80", "\"-web\" is not an address"},
        {"fd00::1", "\"fd00::1\": an IPv6 address with its port is written [fd00::1]:6443"},
        {":22", "the address is missing"},
        {"*:22", "\"*\" is not an address"},
        {"0.0.0.0:22", "\"0.0.0.0\" is no machine's address"},
        {"[::]:22", "\"::\" is no machine's address"},
        {"10.0.0.1:0", "port 0 is not in 1 to 65535"},
        {"10.0.0.1:22 weight=257", "weight \"257\" is not a number from 0 to 256"},
        {"10.0.0.1:22 weight=", "weight \"\" is not a number from 0 to 256"},
        {"10.0.0.1:22 weight=-1", "weight \"-1\" is not a number from 0 to 256"},
        {"10.0.0.1:22 weight=1 weight=1", "\"weight\" stands there twice"},
        {"10.0.0.1:22 backup backup", "\"backup\" stands there twice"},
        {"10.0.0.1:22 wieght=1", "\"wieght=1\" is neither weight=N nor backup"},
        {"10.0.0.1:22, 10.0.0.2:22", "\"10.0.0.2:22\" is neither weight=N nor backup"},
    };
    char reason[CONF_REASON_SIZE];
    struct conf_server server;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int result = conf_address_server(cases[i].value, &server, reason);

        expect_server(&cases[i], result, &server, reason);
    }
}

static void controllers(void)
{
    static const struct server_case cases[] = {
        {"10.0.0.11", "10.0.0.11:0 1"},
        {"fd00::11", "[fd00::11]:0 1"},
        {"[fd00::11]", "[fd00::11]:0 1"},
        {"10.0.0.11 weight=5 backup", "10.0.0.11:0 5 backup"},
        {"10.0.0.11:6443", "\"10.0.0.11:6443\": a controller is written without a port, each "
                           "service has its own"},
        {"[fd00::11]:6443", "\"[fd00::11]:6443\": a controller is written without a port, each "
                            "service has its own"},
        {"127.0.0.512", "\"127.0.0.512\" is not an address"},
        {"10.0.0.11,10.0.0.12", "\"10.0.0.11,10.0.0.12\" is not an address"},
        {"cp1", "cp1:0 1"},
        {"CP1.Example. weight=0", "CP1.Example.:0 0"},
        {"cp1:6443", "\"cp1:6443\": a controller is written without a port, each service has its "
                     "own"},
        {"cp.1", "\"cp.1\" is not an address"},
        {"[cp1]", "\"cp1\" is not an IPv6 address; only those stand in brackets"},
        {"::", "\"::\" is no machine's address"},
        {"[10.0.0.11]", "\"10.0.0.11\" is not an IPv6 address; only those stand in brackets"},
    };
    char reason[CONF_REASON_SIZE];
    struct conf_server server;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int result = conf_address_controller(cases[i].value, &server, reason);

        expect_server(&cases[i], result, &server, reason);
    }
}

static void allowed(void)
{
    char reason[CONF_REASON_SIZE];
    struct conf_allow allow;

    ASSERT_NUMBER(conf_address_allow("all", &allow, reason), 0);
    ASSERT_NUMBER(allow.kind, CONF_ALLOW_ALL);
    ASSERT_NUMBER(conf_address_allow("private", &allow, reason), 0);
    ASSERT_NUMBER(allow.kind, CONF_ALLOW_PRIVATE);
    ASSERT_NUMBER(conf_address_allow("controllers", &allow, reason), 0);
    ASSERT_NUMBER(allow.kind, CONF_ALLOW_CONTROLLERS);
    ASSERT_NUMBER(conf_address_allow("10.1.2.3/8", &allow, reason), 0);
    ASSERT_NUMBER(allow.kind, CONF_ALLOW_RANGE);
    ASSERT_NUMBER(allow.range.prefix, 8);
    ASSERT_NUMBER(conf_address_allow("10.0.0.0/33", &allow, reason), -1);
    ASSERT_TEXT(reason, "\"10.0.0.0/33\" is no range such as 10.0.0.0/8, and none of all, private, "
                        "controllers");
    ASSERT_NUMBER(conf_address_allow("everyone", &allow, reason), -1);
    ASSERT_NUMBER(conf_address_allow("10.0.0.0/8 10.1.0.1", &allow, reason), -1);
    ASSERT_TEXT(reason, "\"10.0.0.0/8 10.1.0.1\" is not one range; a list has commas");
    ASSERT_NUMBER(conf_address_allow("fe80::1%lo", &allow, reason), -1);
    ASSERT_TEXT(reason, "\"fe80::1%lo\": a range is written without an interface");
}

static void sources(void)
{
    static const struct {
        const char *item;
        const char *reason; /* "" = accepted */
    } cases[] = {
        {"10.0.0.5", ""},
        {"127.0.0.9", ""},
        {"fd00::5", ""},
        {"[fd00::5]", ""},
        {"10.0.0.5:80", "\"10.0.0.5:80\": a source address is written without a port"},
        {"[fd00::5]:80", "\"[fd00::5]:80\": a source address is written without a port"},
        {":80", "\":80\": a source address is written without a port"},
        {"0.0.0.0", "\"0.0.0.0\" is no machine's address"},
        {"::", "\"::\" is no machine's address"},
        {"224.0.0.1", "\"224.0.0.1\" is no machine's address"},
        {"255.255.255.255", "\"255.255.255.255\" is no machine's address"},
        {"ff02::1", "\"ff02::1\" is no machine's address"},
        {"10.0.0.512", "\"10.0.0.512\" is not an address"},
        {"10.0.0.0/8", "\"10.0.0.0/8\" is not an address"},
        {"*", "\"*\" is not an address"},
        {"localhost", "\"localhost\" is a host name: write an address of this machine"},
        {"10.0.0.5 10.0.0.6", "\"10.0.0.5 10.0.0.6\" is not an address; a list has commas"},
    };
    char reason[CONF_REASON_SIZE];
    struct addr source;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int result;

        reason[0] = '\0';
        result = conf_address_source(cases[i].item, &source, reason);
        ASSERT_TEXT(reason, cases[i].reason);
        ASSERT_NUMBER(result, *cases[i].reason == '\0' ? 0 : -1);
        if (result == 0)
            ASSERT_NUMBER(source.port, 0);
    }
}

static void external_addresses(void)
{
    static const struct {
        const char *item;
        const char *host; /* as a Host field has it; NULL = refused */
        const char *reason;
    } cases[] = {
        {"10.0.0.10", "10.0.0.10", ""},
        {"10.0.0.10:443", "10.0.0.10", ""},
        {"lb.example:6443", "lb.example", ""},
        {"LB", "LB", ""},
        {"fd00::1", "[fd00::1]", ""},
        {"[fd00::1]", "[fd00::1]", ""},
        {"[fd00::1]:6443", "[fd00::1]", ""},
        {"10.0.0.512", NULL, "\"10.0.0.512\" is neither an address nor a host name"},
        {"*.example", NULL, "\"*.example\" is neither an address nor a host name"},
        {"0.0.0.0", NULL, "\"0.0.0.0\" is no machine's address"},
        {"224.0.0.1", NULL, "\"224.0.0.1\" is no machine's address"},
        {":6443", NULL, "the address is missing"},
        {"lb:0", NULL, "port 0 is not in 1 to 65535"},
        {"lb:x", NULL, "\"x\" is not a port number"},
        {"lb lb2", NULL, "\"lb lb2\" is not an address; a list has commas"},
        {"https://lb:6443", NULL, "\"https://lb:6443\" is a URL: write the address or name alone"},
    };
    char reason[CONF_REASON_SIZE];
    char host[CONF_HOST_SIZE];
    struct conf_external got;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int result;

        reason[0] = '\0';
        result = conf_address_external(cases[i].item, &got, reason);
        ASSERT_TEXT(reason, cases[i].reason);
        ASSERT_NUMBER(result, cases[i].host != NULL ? 0 : -1);
        if (result == 0)
            ASSERT_TEXT(conf_address_format_host(&got, host), cases[i].host);
    }
}

static void hosts_of_requests(void)
{
    static const char *const cases[][2] = {
        {"lb.example", "lb.example"}, {"lb.example:6443", "lb.example:6443"},
        {"10.0.0.1", "10.0.0.1"},     {"fd00::1", "[fd00::1]"},
        {"[fd00::1]", "[fd00::1]"},   {"[fd00:0::1]:443", "[fd00::1]:443"},
    };
    char reason[CONF_REASON_SIZE];
    char host[CONF_HOST_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ASSERT_NUMBER(conf_address_host(cases[i][0], host, reason), 0);
        ASSERT_TEXT(host, cases[i][1]);
    }
    ASSERT_NUMBER(conf_address_host("a/b", host, reason), -1);
    ASSERT_TEXT(reason, "\"a/b\" is neither an address nor a host name");
}

static void lists_split_at_commas(void)
{
    const char *rest = " a,\tb c , d";
    char item[CONF_LINE_SIZE];

    ASSERT_NUMBER(conf_list_next(&rest, item), 1);
    ASSERT_TEXT(item, "a");
    ASSERT_NUMBER(conf_list_next(&rest, item), 1);
    ASSERT_TEXT(item, "b c");
    ASSERT_NUMBER(conf_list_next(&rest, item), 1);
    ASSERT_TEXT(item, "d");
    ASSERT_NUMBER(conf_list_next(&rest, item), 0);
    rest = "a, ,b";
    ASSERT_NUMBER(conf_list_next(&rest, item), 1);
    ASSERT_NUMBER(conf_list_next(&rest, item), -1);
    rest = "";
    ASSERT_NUMBER(conf_list_next(&rest, item), -1);
}

static void too_long_is_refused(void)
{
    char reason[CONF_REASON_SIZE];
    struct conf_listener pair[2];
    struct conf_server server;
    char text[600];

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ASSERT_NUMBER(conf_address_listen(text, pair, reason), -1);
    ASSERT_NUMBER(conf_address_server(text, &server, reason), -1);
    ASSERT_NUMBER(conf_address_controller(text, &server, reason), -1);
}

const struct unit_test conf_address_tests[] = {
    {"listen_items", listen_items},
    {"servers", servers},
    {"controllers", controllers},
    {"allowed", allowed},
    {"sources", sources},
    {"external_addresses", external_addresses},
    {"hosts_of_requests", hosts_of_requests},
    {"lists_split_at_commas", lists_split_at_commas},
    {"too_long_is_refused", too_long_is_refused},
    {NULL, NULL},
};
