#include "conf/conf_rules.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/textbuf.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_rules_tests[];

/* An address for documentation (RFC 5737, RFC 3849): no machine has it. */
#define ELSEWHERE  "192.0.2.77"
#define ELSEWHERE6 "2001:db8::77"
#define NAMES      "[controllers]\nc1 = cp1.example\nc2 = cp2.example\n"

static struct loaded loaded;

/* A service x with so many servers, in the lines from 4 on. */
static void load_servers(const char *head, unsigned count, const char *tail)
{
    char text[4096];
    size_t length = (size_t)snprintf(text, sizeof(text), "[service x]\nlisten = :1\n%s\n", head);

    for (unsigned i = 1; i <= count; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "server s%u = 10.0.0.%u:1\n", i, i);
    snprintf(text + length, sizeof(text) - length, "%s", tail);
    load_text(&loaded, text);
}

static void expect_servers(const char *head, unsigned count, const char *tail, const char *errors)
{
    load_servers(head, count, tail);
    assert_lines(loaded.errors, errors);
    loaded_free(&loaded);
}

static void source_spread_has_sixteen_places(void)
{
    static const char tail[] = "[defaults]\nbalance = source-spread\n";

    expect_servers("balance = source-spread", 16, "", "");
    expect_servers("balance = source-spread", 17, "",
                   "t.ini:3: [service x] balance: source-spread tells at most 16 backends apart, "
                   "and service x has 17; use leastconn");
    expect_servers("; nothing", 17, tail,
                   "t.ini:22: [defaults] balance: source-spread tells at most 16 backends apart, "
                   "and service x has 17; use leastconn");
    expect_servers("balance = leastconn", 17, tail, "");
    expect_servers("enabled = no", 17,
                   "[defaults]\nbalance = source-spread\n"
                   "[service y]\nlisten = :2\nserver a = 10.0.0.1:1\n",
                   "");
}

/* By default konnectivity has it, too; where nothing was written there is no line to name. */
static void too_many_controllers_for_konnectivity(void)
{
    static const char errors[] = "t.ini: [service konnectivity] balance: source-spread tells at "
                                 "most 16 backends apart, and service konnectivity has 17; use "
                                 "leastconn";
    char text[1024] = "[controllers]\n";
    size_t length = strlen(text);

    for (int i = 1; i <= 17; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "c%d = 10.0.0.%d\n", i, i);
    load_text(&loaded, text);
    assert_lines(loaded.errors, errors);
    loaded_free(&loaded);
    snprintf(text + length, sizeof(text) - length, "[defaults]\nbalance = random\n");
    load_text(&loaded, text);
    assert_lines(loaded.errors, errors);
    loaded_free(&loaded);
    snprintf(text + length, sizeof(text) - length, "[service konnectivity]\nbalance = leastconn\n");
    load_good(&loaded, text);
    loaded_free(&loaded);
    snprintf(text + length, sizeof(text) - length, "[service konnectivity]\nenabled = no\n");
    load_good(&loaded, text);
    loaded_free(&loaded);
}

static const struct expectation konnectivity_cases[] = {
    {CONTROLLERS "[service konnectivity]\nbalance = source\n",
     "t.ini:5: [service konnectivity] balance: source would never let an agent reach every "
     "controller; use source-spread"},
    {CONTROLLERS "[service kubeAPI]\nbalance = source\n", ""},
    {CONTROLLERS "[defaults]\nbalance = source\n", ""},
    {CONTROLLERS "[service konnectivity]\nidle_timeout = 30m\n",
     "t.ini:5: [service konnectivity] idle_timeout: 30m would end tunnels that are well, for they "
     "are silent for an hour; write 0, or 1h or more"},
    {CONTROLLERS "[service konnectivity]\nidle_timeout = 1ms\n",
     "t.ini:5: [service konnectivity] idle_timeout: 1ms would end tunnels that are well, for they "
     "are silent for an hour; write 0, or 1h or more"},
    {CONTROLLERS "[service konnectivity]\nidle_timeout = 0\n", ""},
    {CONTROLLERS "[service konnectivity]\nidle_timeout = 1h\n", ""},
    {CONTROLLERS "[service konnectivity]\nidle_timeout = 24h\n", ""},
    {CONTROLLERS "[service kubeAPI]\nidle_timeout = 1m\n", ""},
    {CONTROLLERS "[defaults]\nidle_timeout = 1m\n", ""},
};

static void what_konnectivity_cannot_bear(void)
{
    expect_errors(konnectivity_cases, ARRAY_LEN(konnectivity_cases));
}

static const struct expectation source_cases[] = {
    {CONTROLLERS "[service kubeAPI]\nsource_address = 127.0.0.2, 127.0.0.3\n", ""},
    {CONTROLLERS "[service kubeAPI]\nsource_address = " ELSEWHERE "\n",
     "t.ini:5: [service kubeAPI] source_address: \"" ELSEWHERE
     "\" cannot be connected from: this machine has no such address"},
    /* The line is that of the one that is wrong. */
    {CONTROLLERS "[service kubeAPI]\nsource_address = 127.0.0.2\n"
                 "source_address = 127.0.0.3, " ELSEWHERE "\nsource_address = 127.0.0.4\n",
     "t.ini:6: [service kubeAPI] source_address: \"" ELSEWHERE
     "\" cannot be connected from: this machine has no such address"},
    /* Three services have it from there, and it is told once. */
    {CONTROLLERS "[defaults]\nsource_address = " ELSEWHERE "\n",
     "t.ini:5: [defaults] source_address: \"" ELSEWHERE
     "\" cannot be connected from: this machine has no such address"},
    {CONTROLLERS "[service kubeAPI]\nsource_address = 127.0.0.2:80\n",
     "t.ini:5: [service kubeAPI] source_address: \"127.0.0.2:80\": a source address is written "
     "without a port"},
    {CONTROLLERS "[service kubeAPI]\nsource_address =\n",
     "t.ini:5: [service kubeAPI] source_address: the value is empty"},
    /* One mistake at a time: where backends are wrong, nothing is said about their families. */
    {"[controllers]\na = fd00::11\nb = 10.0.0.512\n[service kubeAPI]\n"
     "source_address = 127.0.0.2\n",
     "t.ini:3: [controllers] b: \"10.0.0.512\" is not an address"},
    {"[controllers]\na = fd00::11\n[service kubeAPI]\nsource_address = 127.0.0.2\n",
     "t.ini:4: [service kubeAPI] source_address: \"127.0.0.2\" is of no use: no backend has an "
     "IPv4 address"},
    {"[controllers]\na = fd00::11\nb = 10.0.0.12\n[service kubeAPI]\n"
     "source_address = 127.0.0.2\n",
     ""},
    /* From [defaults] it is of use where one of the services can use it. */
    {"[controllers]\na = fd00::11\n[service x]\nlisten = :1\nserver b = 10.0.0.1:1\n"
     "[defaults]\nsource_address = 127.0.0.2\n",
     ""},
};

static void source_addresses_that_can_be_used(void)
{
    expect_errors(source_cases, ARRAY_LEN(source_cases));
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can = fd != -1 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0;

    fd_close(&fd);
    return can;
}

static void source_addresses_of_ipv6(void)
{
    static const struct expectation cases[] = {
        {CONTROLLERS "[service kubeAPI]\nsource_address = ::1\n",
         "t.ini:5: [service kubeAPI] source_address: \"::1\" is of no use: no backend has an IPv6 "
         "address"},
        {"[controllers]\na = fd00::11\n[service kubeAPI]\nsource_address = [::1]\n", ""},
        {"[controllers]\na = fd00::11\n[service kubeAPI]\nsource_address = " ELSEWHERE6 "\n",
         "t.ini:4: [service kubeAPI] source_address: \"" ELSEWHERE6
         "\" cannot be connected from: this machine has no such address"},
        {"[controllers]\na = fd00::11\n[service kubeAPI]\nsource_address = fe80::77\n",
         "t.ini:4: [service kubeAPI] source_address: \"fe80::77\" cannot be connected from: behind "
         "a link-local address stands its interface, as in fe80::1%eth0"},
    };

    if (!has_ipv6())
        unit_skip("no IPv6 here");
    else
        expect_errors(cases, ARRAY_LEN(cases));
}

/* The message of that severity; "" = none. */
static const char *message_of(enum conf_severity severity, const char *key)
{
    for (size_t i = 0; i < loaded.report.count; i++) {
        const struct conf_message *message = &loaded.report.messages[i];

        if (message->severity == severity && strstr(message->text, key) != NULL)
            return message->text;
    }
    return "";
}

static void the_family_of_a_name_is_not_known(void)
{
    load_good(&loaded, NAMES "[service kubeAPI]\nsource_address = 127.0.0.2\n");
    ASSERT_TEXT(message_of(CONF_WARNING, "source_address"),
                "t.ini:5: [service kubeAPI] source_address: \"127.0.0.2\" is of no use unless a "
                "backend's name has an IPv4 address");
    loaded_free(&loaded);
    load_good(&loaded, NAMES "c3 = 127.0.0.13\n[service kubeAPI]\nsource_address = 127.0.0.2\n");
    ASSERT_TEXT(message_of(CONF_WARNING, "source_address"), "");
    loaded_free(&loaded);
}

/* From 127.0.0.2 connect(2) reaches this machine alone: who writes it hardly means it. */
static void a_source_address_that_reaches_no_backend(void)
{
    static const char far_warning[] =
        "t.ini:5: [service kubeAPI] source_address: \"127.0.0.2\" reaches no backend: connections "
        "from a loopback address stay on this machine";

    load_good(&loaded, CONTROLLERS "[service kubeAPI]\nsource_address = 127.0.0.2\n");
    ASSERT_TEXT(message_of(CONF_WARNING, "source_address"), far_warning);
    loaded_free(&loaded);
    load_good(&loaded, CONTROLLERS "[service kubeAPI]\nsource_address = 127.0.0.2\n"
                                   "server a = 10.0.0.1:6443\nserver b = 127.0.0.11:6443\n");
    ASSERT_TEXT(message_of(CONF_WARNING, "source_address"), "");
    loaded_free(&loaded);
}

/* A file for the time of some work, perhaps; but nobody is served by it. */
static void nothing_but_weight_0(void)
{
    load_good(&loaded, "[controllers]\nc1 = 10.0.0.1 weight=0\nc2 = 10.0.0.2 weight=0 backup\n");
    ASSERT_TEXT(message_of(CONF_WARNING, "weight"),
                "t.ini:1: [controllers]: every backend has weight 0: no connection is served");
    loaded_free(&loaded);
    load_good(&loaded, CONTROLLERS "[service x]\nlisten = :1\nserver a = 10.0.0.1:1 weight=0\n");
    ASSERT_TEXT(message_of(CONF_WARNING, "weight"),
                "t.ini:4: [service x]: every backend has weight 0: no connection is served");
    loaded_free(&loaded);
    load_good(&loaded, "[controllers]\nc1 = 10.0.0.1 weight=0\nc2 = 10.0.0.2 backup\n"
                       "[service x]\nenabled = no\nlisten = :1\nserver a = 10.0.0.1:1 weight=0\n");
    ASSERT_TEXT(message_of(CONF_WARNING, "weight"), "");
    loaded_free(&loaded);
}

static void sixty_four_source_addresses(void)
{
    struct textbuf text;

    textbuf_init(&text, 100000);
    textbuf_printf(&text, "%s[service kubeAPI]\n", CONTROLLERS);
    for (int i = 0; i < 60; i++)
        textbuf_printf(&text, "source_address = 127.0.1.%d\n", i);
    textbuf_printf(&text, "[defaults]\nsource_address = 127.0.2.1, 127.0.2.2\n");
    textbuf_printf(&text, "source_address = 127.0.2.3, 127.0.2.4\n");
    load_good(&loaded, text.data);
    ASSERT_NUMBER(loaded.conf.local_count, 64);
    loaded_free(&loaded);
    textbuf_printf(&text, "source_address = 127.0.2.5, 127.0.2.6\n");
    load_text(&loaded, text.data);
    ASSERT_TEXT(loaded.errors,
                "t.ini:68: [defaults] source_address: more than 64 source addresses in all");
    loaded_free(&loaded);
    textbuf_fini(&text);
}

/* Writes so many ranges, all in one section. */
static void write_ranges(struct textbuf *text, const char *section, const char *key, unsigned count)
{
    textbuf_printf(text, "[%s]\n", section);
    for (unsigned i = 0; i < count; i++)
        textbuf_printf(text, "%s = 10.%u.%u.0/24\n", key, i / 250, i % 250);
}

/* The one range too many is reported where it is: services in their order, [stats] last. */
static void two_hundred_fifty_six_ranges(void)
{
    static const struct {
        const char *section;
        const char *key;
        unsigned line; /* of the list's first */
    } cases[] = {
        {"stats", "allow", 7},
        {"service konnectivity", "allow", 7},
        {"service konnectivity", "deny", 7},
        {"defaults", "allow", 7},
        {"defaults", "deny", 7},
    };
    char wanted[160];
    struct textbuf text;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        textbuf_init(&text, 100000);
        textbuf_printf(&text, "%s", CONTROLLERS);
        write_ranges(&text, "service kubeAPI", "allow", 1);
        write_ranges(&text, cases[i].section, cases[i].key, 255);
        if (strcmp(cases[i].section, "stats") != 0)
            textbuf_printf(&text, "[stats]\nallow = all\n");
        load_good(&loaded, text.data);
        ASSERT_NUMBER(loaded.conf.cidr_count, 256);
        loaded_free(&loaded);
        textbuf_printf(&text, "[%s]\n%s = fd00::/8\n", cases[i].section, cases[i].key);
        load_text(&loaded, text.data);
        snprintf(wanted, sizeof(wanted),
                 "t.ini:%u: [%s] %s: more than 256 ranges in all (private counts as 9)",
                 cases[i].line, cases[i].section, cases[i].key);
        ASSERT_TEXT(loaded.errors, wanted);
        loaded_free(&loaded);
        textbuf_fini(&text);
    }
}

/* The word is nine ranges for all that have it from [defaults] together. */
static void private_for_everybody(void)
{
    struct textbuf text;

    textbuf_init(&text, 100000);
    textbuf_printf(&text, "%s[defaults]\nallow = private\ndeny = private\n", CONTROLLERS);
    for (int i = 4; i <= 64; i++)
        textbuf_printf(&text, "[service s%d]\nlisten = 127.0.0.1:%d\n", i, 7000 + i);
    load_good(&loaded, text.data);
    ASSERT_NUMBER(loaded.conf.cidr_count, 27);
    loaded_free(&loaded);
    textbuf_fini(&text);
}

const struct unit_test conf_rules_tests[] = {
    {"source_spread_has_sixteen_places", source_spread_has_sixteen_places},
    {"too_many_controllers_for_konnectivity", too_many_controllers_for_konnectivity},
    {"what_konnectivity_cannot_bear", what_konnectivity_cannot_bear},
    {"source_addresses_that_can_be_used", source_addresses_that_can_be_used},
    {"source_addresses_of_ipv6", source_addresses_of_ipv6},
    {"the_family_of_a_name_is_not_known", the_family_of_a_name_is_not_known},
    {"nothing_but_weight_0", nothing_but_weight_0},
    {"a_source_address_that_reaches_no_backend", a_source_address_that_reaches_no_backend},
    {"sixty_four_source_addresses", sixty_four_source_addresses},
    {"two_hundred_fifty_six_ranges", two_hundred_fifty_six_ranges},
    {"private_for_everybody", private_for_everybody},
    {NULL, NULL},
};
