#include "conf/conf_services.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_services_tests[];

static struct loaded loaded;

static void controllers_bring_the_three_services(void)
{
    static const struct {
        const char *name;
        const char *listen;
        const char *backends;
        enum conf_balance balance;
        enum conf_check check;
    } wanted[] = {
        {"kubeAPI", "0.0.0.0:6443, [::]:6443", "c1 10.0.0.11:6443 1, c2 [fd00::12]:6443 7 backup",
         BALANCE_LEASTCONN, CHECK_HTTPS},
        {"konnectivity", "0.0.0.0:8132, [::]:8132",
         "c1 10.0.0.11:8132 1, c2 [fd00::12]:8132 7 backup", BALANCE_SOURCE_SPREAD, CHECK_H2},
        {"controllerJoinAPI", "0.0.0.0:9443, [::]:9443",
         "c1 10.0.0.11:9443 1, c2 [fd00::12]:9443 7 backup", BALANCE_LEASTCONN, CHECK_HTTPS},
    };
    char text[1024];

    load_good(&loaded, "[controllers]\nc1 = 10.0.0.11\nc2 = fd00::12 backup weight=7\n");
    ASSERT_NUMBER(loaded.conf.service_count, ARRAY_LEN(wanted));
    ASSERT_NUMBER(loaded.conf.backend_count, 6);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        const struct conf_service *service = &loaded.conf.services[i];

        ASSERT_TEXT(service->name, wanted[i].name);
        ASSERT_TEXT(listen_text(&loaded.conf, service, text), wanted[i].listen);
        ASSERT_TEXT(backends_text(&loaded.conf, service, text), wanted[i].backends);
        ASSERT_NUMBER(service->balance, wanted[i].balance);
        ASSERT_NUMBER(service->check, wanted[i].check);
        ASSERT_NUMBER(service->enabled, 1);
    }
    loaded_free(&loaded);
}

static void without_controllers_only_the_written_ones(void)
{
    char text[1024];

    load_good(&loaded, "[service konnectivity]\nserver a = 10.0.0.1:1\nserver b = 10.0.0.2:2\n");
    ASSERT_NUMBER(loaded.conf.service_count, 1);
    ASSERT_TEXT(loaded.conf.services[0].name, "konnectivity");
    ASSERT_NUMBER(loaded.conf.services[0].balance, BALANCE_SOURCE_SPREAD);
    ASSERT_TEXT(listen_text(&loaded.conf, &loaded.conf.services[0], text),
                "0.0.0.0:8132, [::]:8132");
    ASSERT_TEXT(backends_text(&loaded.conf, &loaded.conf.services[0], text),
                "a 10.0.0.1:1 1, b 10.0.0.2:2 1");
    loaded_free(&loaded);
}

/* A name is looked up later, by somebody else: here it stays a name, with each service's port. */
static void names_stay_names(void)
{
    char text[1024];

    load_good(&loaded, "[controllers]\nc1 = cp1.example weight=2\nc2 = 10.0.0.12\n"
                       "[service x]\nlisten = :1\nserver a = localhost:22 backup\n");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "kubeAPI"), text),
                "c1 cp1.example:6443 2, c2 10.0.0.12:6443 1");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "konnectivity"), text),
                "c1 cp1.example:8132 2, c2 10.0.0.12:8132 1");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "x"), text),
                "a localhost:22 1 backup");
    ASSERT_NUMBER(loaded.conf.backends[0].address.family, ADDR_NONE);
    loaded_free(&loaded);
}

/* Own section, else built-in, else [defaults], else the table; wherever the sections stand. */
static void precedence(void)
{
    static const char text[] =
        "[service kubeAPI]\nbalance = roundrobin\nretries = 5\n" CONTROLLERS
        "[defaults]\nbalance = leastconn\ncheck = tcp\nretries = 7\ncheck_fall = 9\n"
        "[service x]\nlisten = :7000\ncheck_fall = 1\n"
        "[service y]\nlisten = :7001\n[service y]\nbalance = roundrobin\n";
    static const struct {
        const char *name;
        enum conf_balance balance;
        enum conf_check check;
        unsigned retries;
        unsigned fall;
    } wanted[] = {
        {"kubeAPI", BALANCE_ROUNDROBIN, CHECK_HTTPS, 5, 9},
        {"konnectivity", BALANCE_SOURCE_SPREAD, CHECK_H2, 7, 9},
        {"controllerJoinAPI", BALANCE_LEASTCONN, CHECK_HTTPS, 7, 9},
        {"x", BALANCE_LEASTCONN, CHECK_TCP, 7, 1},
        {"y", BALANCE_ROUNDROBIN, CHECK_TCP, 7, 9},
    };

    load_good(&loaded, text);
    ASSERT_NUMBER(loaded.conf.service_count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        const struct conf_service *service = service_named(&loaded.conf, wanted[i].name);

        ASSERT_NUMBER(service->balance, wanted[i].balance);
        ASSERT_NUMBER(service->check, wanted[i].check);
        ASSERT_NUMBER(service->retries, wanted[i].retries);
        ASSERT_NUMBER(service->check_fall, wanted[i].fall);
        ASSERT_NUMBER(service->check_rise, 2);
    }
    loaded_free(&loaded);
}

/* Only its own section changes how soon a built-in service sends a hello to another backend. */
static void hellos_of_built_in_services(void)
{
    load_good(&loaded, CONTROLLERS "[defaults]\nhello_timeout = 3s\n"
                                   "[service konnectivity]\nhello_timeout = 0\n"
                                   "[service x]\nlisten = :7000\n"
                                   "[service y]\nlisten = :7001\nhello_timeout = 5s\n");
    ASSERT_NUMBER(service_named(&loaded.conf, "kubeAPI")->hello_timeout, 1000);
    ASSERT_NUMBER(service_named(&loaded.conf, "controllerJoinAPI")->hello_timeout, 1000);
    ASSERT_NUMBER(service_named(&loaded.conf, "konnectivity")->hello_timeout, 0);
    ASSERT_NUMBER(service_named(&loaded.conf, "x")->hello_timeout, 3000);
    ASSERT_NUMBER(service_named(&loaded.conf, "y")->hello_timeout, 5000);
    loaded_free(&loaded);
}

/* What is expected, of 200 to 599, in ranges. */
static void assert_expects(const struct conf_service *service, const char *wanted)
{
    char got[256] = "";
    size_t length = 0;

    for (unsigned status = 0; status <= 700; status++) {
        unsigned last = status;

        while (conf_expects(service, status) && conf_expects(service, last + 1))
            last++;
        if (conf_expects(service, status))
            length += (size_t)snprintf(got + length, sizeof(got) - length, " %u-%u", status, last);
        status = last;
    }
    ASSERT_TEXT(got[0] == ' ' ? got + 1 : got, wanted);
}

static void checks_of_built_in_services(void)
{
    const struct conf_service *service;

    load_good(&loaded, CONTROLLERS "[defaults]\ncheck_path = /\ncheck_expect = 204\n"
                                   "check_method = OPTIONS\nslow_start = 3s\n"
                                   "on_down_spread = 5s\nrequires = konnectivity\n"
                                   "[service x]\nlisten = :7000\ncheck = https\n"
                                   "check_expect = 200-202\ncheck_expect = 401, 599\n"
                                   "[service y]\nlisten = :7001\n");
    service = service_named(&loaded.conf, "kubeAPI");
    ASSERT_NUMBER(service->check_method, METHOD_GET);
    ASSERT_TEXT(service->check_path, "/readyz");
    assert_expects(service, "200-200 401-401");
    ASSERT_NUMBER(service->slow_start, 15000);
    ASSERT_NUMBER(service->on_down_spread, 5000);
    ASSERT_NUMBER(service->unready_close, 30000);
    ASSERT_NUMBER(service->on_down, ON_DOWN_DEAD);
    service = service_named(&loaded.conf, "konnectivity");
    ASSERT_NUMBER(service->on_down_spread, 0);
    ASSERT_NUMBER(service->slow_start, 3000);
    service = service_named(&loaded.conf, "controllerJoinAPI");
    ASSERT_NUMBER(service->check_method, METHOD_HEAD);
    ASSERT_TEXT(service->check_path, "/v1beta1/ca");
    assert_expects(service, "401-401 405-405");
    ASSERT_TEXT(service->requires, "kubeAPI");
    service = service_named(&loaded.conf, "x");
    ASSERT_NUMBER(service->check_method, METHOD_OPTIONS);
    ASSERT_TEXT(service->check_path, "/");
    assert_expects(service, "200-202 401-401 599-599");
    assert_expects(service_named(&loaded.conf, "y"), "204-204");
    loaded_free(&loaded);
}

static void own_values_change_a_built_in_check(void)
{
    const struct conf_service *service;

    load_good(&loaded, CONTROLLERS "[service kubeAPI]\ncheck_path = /livez\ncheck_expect = 200\n"
                                   "check_port = 7443\nslow_start = 0\n"
                                   "[service controllerJoinAPI]\nrequires = none\n");
    service = service_named(&loaded.conf, "kubeAPI");
    ASSERT_TEXT(service->check_path, "/livez");
    assert_expects(service, "200-200");
    ASSERT_NUMBER(service->check_port, 7443);
    ASSERT_NUMBER(service->slow_start, 0);
    service = service_named(&loaded.conf, "controllerJoinAPI");
    ASSERT_NUMBER(service->required, CONF_NO_INDEX);
    assert_expects(service, "401-401 405-405");
    loaded_free(&loaded);
}

/* "all", "controllers" and prefixes, joined by blanks. */
static void assert_access(const struct conf_access *access, const char *wanted)
{
    char got[256];
    size_t length = (size_t)snprintf(got, sizeof(got), "%s%s", access->everyone ? " all" : "",
                                     access->controllers ? " controllers" : "");

    for (unsigned i = 0; i < access->cidr_count; i++)
        length += (size_t)snprintf(got + length, sizeof(got) - length, " /%u",
                                   (unsigned)loaded.conf.cidrs[access->first_cidr + i].prefix);
    ASSERT_TEXT(got[0] == ' ' ? got + 1 : got, wanted);
}

static void everybody_may_come_in_by_default(void)
{
    load_good(&loaded, CONTROLLERS "[stats]\nallow = all\n");
    for (unsigned i = 0; i < loaded.conf.service_count; i++) {
        assert_access(&loaded.conf.services[i].allow, "all");
        assert_access(&loaded.conf.services[i].deny, "");
        ASSERT_NUMBER(loaded.conf.services[i].local_count, 0);
    }
    ASSERT_NUMBER(loaded.conf.cidr_count, 0);
    loaded_free(&loaded);
}

static void own_lists_replace_those_of_defaults(void)
{
    const struct conf *conf = &loaded.conf;

    load_good(&loaded, CONTROLLERS "[service kubeAPI]\nallow = 10.1.0.0/16\nallow = fd00::/48\n"
                                   "[service konnectivity]\nallow = all\ndeny = 10.2.0.0/15\n"
                                   "[service controllerJoinAPI]\nallow = controllers\n"
                                   "[defaults]\nallow = 10.0.0.0/8, 192.0.2.1\n"
                                   "deny = 10.9.0.0/17\nallow = controllers\n"
                                   "[service x]\nlisten = :7000\n"
                                   "[service y]\nlisten = :7001\n");
    assert_access(&service_named(conf, "kubeAPI")->allow, "/16 /48");
    assert_access(&service_named(conf, "kubeAPI")->deny, "/17");
    assert_access(&service_named(conf, "konnectivity")->allow, "all");
    assert_access(&service_named(conf, "konnectivity")->deny, "/15");
    assert_access(&service_named(conf, "controllerJoinAPI")->allow, "controllers");
    assert_access(&service_named(conf, "x")->allow, "controllers /8 /32");
    assert_access(&service_named(conf, "y")->allow, "controllers /8 /32");
    assert_access(&service_named(conf, "y")->deny, "/17");
    /* What is shared counts once: 2 + 2 of allow, 1 + 1 of deny, and the 9 of [stats]. */
    ASSERT_NUMBER(conf->cidr_count, 15);
    loaded_free(&loaded);
}

static void assert_locals(const char *name, const char *wanted)
{
    const struct conf_service *service = service_named(&loaded.conf, name);
    char got[256] = "";
    char text[ADDR_TEXT_SIZE];

    for (unsigned i = 0; i < service->local_count; i++) {
        strcat(got, i > 0 ? ", " : "");
        strcat(got, addr_format(&loaded.conf.locals[service->first_local + i], text));
    }
    ASSERT_TEXT(got, wanted);
}

static void source_addresses_are_inherited_too(void)
{
    load_good(&loaded, CONTROLLERS "[defaults]\nsource_address = 127.0.0.2, 127.0.0.3\n"
                                   "source_address = 127.0.0.4\n"
                                   "[service konnectivity]\nsource_address = 127.0.0.5\n");
    assert_locals("kubeAPI", "127.0.0.2:0, 127.0.0.3:0, 127.0.0.4:0");
    assert_locals("controllerJoinAPI", "127.0.0.2:0, 127.0.0.3:0, 127.0.0.4:0");
    assert_locals("konnectivity", "127.0.0.5:0");
    ASSERT_NUMBER(loaded.conf.local_count, 4);
    loaded_free(&loaded);
}

static void ports_on_the_controllers(void)
{
    char text[1024];

    load_good(&loaded, "[controllers]\na = 10.0.0.1\n"
                       "[service kubeAPI]\nlisten = 127.0.0.1:16443, 127.0.0.1:16444\n"
                       "[service konnectivity]\nport = 18132\n"
                       "[service x]\nlisten = 127.0.0.1:7000, [::1]:7000\n"
                       "[service y]\nlisten = :7001, :7002\nport = 7\n");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "kubeAPI"), text),
                "a 10.0.0.1:6443 1");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "konnectivity"), text),
                "a 10.0.0.1:18132 1");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "x"), text),
                "a 10.0.0.1:7000 1");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "y"), text),
                "a 10.0.0.1:7 1");
    loaded_free(&loaded);
}

static void servers_replace_controllers(void)
{
    char text[1024];

    load_good(&loaded, CONTROLLERS "[service kubeAPI]\nserver z = [fd00::9]:16443 weight=0\n");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "kubeAPI"), text),
                "z [fd00::9]:16443 0");
    ASSERT_TEXT(backends_text(&loaded.conf, service_named(&loaded.conf, "konnectivity"), text),
                "c1 10.0.0.11:8132 1, c2 10.0.0.12:8132 1");
    loaded_free(&loaded);
}

static void disabled_stays_in_the_list(void)
{
    const struct conf_service *service;

    load_good(&loaded, CONTROLLERS "[service konnectivity]\nenabled = no\n"
                                   "[service x]\nlisten = :8132\n");
    service = service_named(&loaded.conf, "konnectivity");
    ASSERT_NUMBER(service->enabled, 0);
    ASSERT_NUMBER(service->listener_count, 0);
    ASSERT_NUMBER(service->port, 8132);
    ASSERT_NUMBER(service_named(&loaded.conf, "controllerJoinAPI")->listener_count, 2);
    loaded_free(&loaded);
}

static void built_in_names(void)
{
    CU_ASSERT(conf_services_is_built_in("kubeAPI"));
    CU_ASSERT(!conf_services_is_built_in("kubeapi"));
    ASSERT_TEXT(conf_services_suggest("kubeapi"), "kubeAPI");
    ASSERT_TEXT(conf_services_suggest("konectivity"), "konnectivity");
    CU_ASSERT_PTR_NULL(conf_services_suggest("ssh"));
}

static void test_fast_is_never_slower(void)
{
    struct conf_service service = {.check_interval = 1000, .check_fast_interval = 200};

    ASSERT_NUMBER(conf_fast_interval(&service), 200);
    service.check_fast_interval = 3000;
    ASSERT_NUMBER(conf_fast_interval(&service), 1000);
}

const struct unit_test conf_services_tests[] = {
    {"controllers_bring_the_three_services", controllers_bring_the_three_services},
    {"names_stay_names", names_stay_names},
    {"without_controllers_only_the_written_ones", without_controllers_only_the_written_ones},
    {"precedence", precedence},
    {"hellos_of_built_in_services", hellos_of_built_in_services},
    {"checks_of_built_in_services", checks_of_built_in_services},
    {"own_values_change_a_built_in_check", own_values_change_a_built_in_check},
    {"everybody_may_come_in_by_default", everybody_may_come_in_by_default},
    {"own_lists_replace_those_of_defaults", own_lists_replace_those_of_defaults},
    {"source_addresses_are_inherited_too", source_addresses_are_inherited_too},
    {"ports_on_the_controllers", ports_on_the_controllers},
    {"servers_replace_controllers", servers_replace_controllers},
    {"disabled_stays_in_the_list", disabled_stays_in_the_list},
    {"built_in_names", built_in_names},
    {"fast_is_never_slower", test_fast_is_never_slower},
    {NULL, NULL},
};
