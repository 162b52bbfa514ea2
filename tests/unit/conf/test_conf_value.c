#include "conf/conf_value.h"

#include <string.h>

#include "base/defs.h"
#include "base/log.h"
#include "conf/conf.h"
#include "unit/unit.h"

extern const struct unit_test conf_value_tests[];

struct value_case {
    enum conf_section section;
    const char *key;
    const char *text;
    const char *reason; /* "" = accepted */
};

static const struct value_case cases[] = {
    {CONF_IN_SERVICE, "enabled", "yes", ""},
    {CONF_IN_SERVICE, "enabled", "no", ""},
    {CONF_IN_SERVICE, "enabled", "true", "\"true\" is neither yes nor no"},
    {CONF_IN_SERVICE, "enabled", "Yes", "\"Yes\" is neither yes nor no"},

    {CONF_IN_K0SLB, "workers", "auto", ""},
    {CONF_IN_K0SLB, "workers", "1", ""},
    {CONF_IN_K0SLB, "workers", "16", ""},
    {CONF_IN_K0SLB, "workers", "0", "\"0\" is not a number from 1 to 16, or auto"},
    {CONF_IN_K0SLB, "workers", "17", "\"17\" is not a number from 1 to 16, or auto"},
    {CONF_IN_K0SLB, "workers", "-1", "\"-1\" is not a number from 1 to 16, or auto"},
    {CONF_IN_K0SLB, "workers", "two", "\"two\" is not a number from 1 to 16, or auto"},

    {CONF_IN_SERVICE, "retries", "0", ""},
    {CONF_IN_SERVICE, "retries", "17", "\"17\" is not a number from 0 to 16"},
    {CONF_IN_SERVICE, "retries", "1 2", "\"1 2\" is not a number from 0 to 16"},
    {CONF_IN_SERVICE, "backlog", "65536", "\"65536\" is not a number from 1 to 65535"},
    {CONF_IN_SERVICE, "backlog", "18446744073709551617",
     "\"18446744073709551617\" is not a number from 1 to 65535"},
    {CONF_IN_SERVICE, "port", "0", "\"0\" is not a number from 1 to 65535"},
    {CONF_IN_SERVICE, "port", "70000", "\"70000\" is not a number from 1 to 65535"},
    {CONF_IN_SERVICE, "check_rise", "0", "\"0\" is not a number from 1 to 100"},

    {CONF_IN_SERVICE, "check_interval", "10ms", ""},
    {CONF_IN_SERVICE, "check_interval", "24h", ""},
    {CONF_IN_SERVICE, "check_interval", "9ms", "\"9ms\" is not between 10ms and 24h"},
    {CONF_IN_SERVICE, "check_interval", "25h", "\"25h\" is not between 10ms and 24h"},
    {CONF_IN_SERVICE, "check_interval", "5", "\"5\" is not a duration such as 200ms, 2s, 5m or 1h"},
    {CONF_IN_SERVICE, "check_interval", "1.5s",
     "\"1.5s\" is not a duration such as 200ms, 2s, 5m or 1h"},
    {CONF_IN_SERVICE, "connect_timeout", "0", "\"0\" is not between 1ms and 24h"},
    {CONF_IN_SERVICE, "connect_timeout", "1ms", ""},

    {CONF_IN_SERVICE, "balance", "roundrobin", ""},
    {CONF_IN_SERVICE, "balance", "source-spread", ""},
    {CONF_IN_SERVICE, "balance", "busiest",
     "\"busiest\" is not leastconn, roundrobin, random, source or source-spread"},
    {CONF_IN_SERVICE, "check", "https", ""},
    {CONF_IN_SERVICE, "check", "h2", ""},
    {CONF_IN_SERVICE, "check", "http", "\"http\" is not https, h2, tls, tcp or none"},
    {CONF_IN_SERVICE, "check_method", "HEAD", ""},
    {CONF_IN_SERVICE, "check_method", "get", "\"get\" is not GET, HEAD or OPTIONS"},
    {CONF_IN_SERVICE, "check_verify", "yes", "\"yes\" is not none or ca"},
    {CONF_IN_SERVICE, "on_down", "dead", ""},
    {CONF_IN_SERVICE, "on_down", "never", "\"never\" is not dead, close or keep"},
    {CONF_IN_SERVICE, "on_down_spread", "0", ""},
    {CONF_IN_SERVICE, "on_down_spread", "61m", "\"61m\" is not between 0 and 1h"},
    {CONF_IN_SERVICE, "unready_close", "25h", "\"25h\" is not between 0 and 24h"},
    {CONF_IN_SERVICE, "slow_start", "2h", "\"2h\" is not between 0 and 1h"},
    {CONF_IN_SERVICE, "check_port", "0", "\"0\" is not a number from 1 to 65535"},

    {CONF_IN_SERVICE, "check_path", "/readyz?verbose&exclude=etcd", ""},
    {CONF_IN_SERVICE, "check_path", "readyz", "\"readyz\" does not begin with /"},
    {CONF_IN_SERVICE, "check_path", "/a b",
     "\"/a b\" has a character that no request may have; write it as %XX"},
    {CONF_IN_SERVICE, "check_path", "/a#b",
     "\"/a#b\" has a character that no request may have; write it as %XX"},
    {CONF_IN_SERVICE, "check_path", "/\xc3\xa4",
     "\"/\xc3\xa4\" has a character that no request may have; write it as %XX"},

    {CONF_IN_SERVICE, "check_expect", "200", ""},
    {CONF_IN_SERVICE, "check_expect", "200-299, 401,405", ""},
    {CONF_IN_SERVICE, "check_expect", "199",
     "\"199\" is neither a status from 200 to 599 nor a range such as 200-299"},
    {CONF_IN_SERVICE, "check_expect", "600",
     "\"600\" is neither a status from 200 to 599 nor a range such as 200-299"},
    {CONF_IN_SERVICE, "check_expect", "2xx",
     "\"2xx\" is neither a status from 200 to 599 nor a range such as 200-299"},
    {CONF_IN_SERVICE, "check_expect", "200 401",
     "\"200 401\" is neither a status from 200 to 599 nor a range such as 200-299"},
    {CONF_IN_SERVICE, "check_expect", "200-",
     "\"200-\" is neither a status from 200 to 599 nor a range such as 200-299"},
    {CONF_IN_SERVICE, "check_expect", "299-200", "\"299-200\" ends before it begins"},
    {CONF_IN_SERVICE, "check_expect", "200,", "an item of the list is empty"},

    {CONF_IN_SERVICE, "check_sni", "lb.example", ""},
    {CONF_IN_SERVICE, "check_sni", "10.0.0.1",
     "\"10.0.0.1\" is an address; TLS asks for names alone"},
    {CONF_IN_SERVICE, "check_sni", "fd00::1",
     "\"fd00::1\" is an address; TLS asks for names alone"},
    {CONF_IN_SERVICE, "check_sni", "a_b", "\"a_b\" is not a host name"},
    {CONF_IN_SERVICE, "check_cert", "client.crt", "\"client.crt\" is not an absolute path"},
    {CONF_IN_SERVICE, "requires", "kubeAPI", ""},
    {CONF_IN_SERVICE, "requires", "a b",
     "\"a b\" is not a name of at most 49 letters, digits, - _ and ."},

    {CONF_IN_K0SLB, "credentials", "/etc/k0slb/credentials/", ""},
    {CONF_IN_K0SLB, "credentials", "credentials", "\"credentials\" is not an absolute path"},
    {CONF_IN_K0SLB, "ca", "/etc/k0slb/", "\"/etc/k0slb/\" names a directory, not a file"},
    {CONF_IN_K0SLB, "external_address", "lb.example:6443, 10.0.0.1, fd00::1, [fd00::2]:443", ""},
    {CONF_IN_K0SLB, "external_address", "https://lb.example",
     "\"https://lb.example\" is a URL: write the address or name alone"},

    {CONF_IN_SERVICE, "all_down", "close", "\"close\" is not try or refuse"},
    {CONF_IN_K0SLB, "log", "syslog", ""},
    {CONF_IN_K0SLB, "log", "file", "\"file\" is not auto, stderr or syslog"},
    {CONF_IN_K0SLB, "log_level", "all", "\"all\" is not error, warning, notice, info or debug"},
    {CONF_IN_K0SLB, "relay", "sendfile", "\"sendfile\" is not auto, copy or splice"},

    {CONF_IN_K0SLB, "name", "k0s-lb_2.test", ""},
    {CONF_IN_K0SLB, "name", ".hidden",
     "\".hidden\" is not a name of at most 49 letters, digits, - _ and ."},
    {CONF_IN_K0SLB, "name", "a/b",
     "\"a/b\" is not a name of at most 49 letters, digits, - _ and ."},
    {CONF_IN_K0SLB, "name", "0123456789012345678901234567890123456789012345678", ""},
    {CONF_IN_K0SLB, "name", "01234567890123456789012345678901234567890123456789",
     "\"01234567890123456789012345678901234567890123456789\" is not a name of at most 49 letters, "
     "digits, - _ and ."},

    {CONF_IN_K0SLB, "pid_file", "/run/k0slb/a b.pid", ""},
    {CONF_IN_K0SLB, "pid_file", "k0slb.pid", "\"k0slb.pid\" is not an absolute path"},
    {CONF_IN_K0SLB, "pid_file", "../k0slb.pid", "\"../k0slb.pid\" is not an absolute path"},
    {CONF_IN_K0SLB, "pid_file", "/run/", "\"/run/\" names a directory, not a file"},
    {CONF_IN_K0SLB, "pid_file", "/", "\"/\" names a directory, not a file"},

    {CONF_IN_STATS, "listen", ":9000, 127.0.0.1:9001", ""},
    {CONF_IN_STATS, "listen", ":9000,,:9001", "an item of the list is empty"},
    {CONF_IN_STATS, "listen", ":9000,", "an item of the list is empty"},
    {CONF_IN_STATS, "listen", ":9000 :9001",
     "\":9000 :9001\" is not ADDRESS:PORT; a list has commas"},
    {CONF_IN_STATS, "allow", "all", ""},
    {CONF_IN_STATS, "allow", "private, controllers,192.0.2.0/24 ,fd00::/8", ""},
    {CONF_IN_STATS, "allow", "private,", "an item of the list is empty"},
    {CONF_IN_SERVICE, "allow", "fd00::/129",
     "\"fd00::/129\" is no range such as 10.0.0.0/8, and none of all, private, controllers"},
    {CONF_IN_SERVICE, "deny", "10.0.0.0/8,2001:db8::/32, 192.0.2.1", ""},
    {CONF_IN_SERVICE, "deny", "none",
     "\"none\" is no range such as 10.0.0.0/8, and none of all, private, controllers"},
    {CONF_IN_SERVICE, "source_address", "10.0.0.5, fd00::5", ""},
    {CONF_IN_SERVICE, "source_address", "10.0.0.5,", "an item of the list is empty"},

    {CONF_IN_SERVICE, "dead_client_timeout", "0", ""},
    {CONF_IN_SERVICE, "dead_client_timeout", "0s", ""},
    {CONF_IN_SERVICE, "dead_client_timeout", "2s", ""},
    {CONF_IN_SERVICE, "dead_client_timeout", "12h", ""},
    {CONF_IN_SERVICE, "dead_client_timeout", "1999ms", "\"1999ms\" is not 0 or between 2s and 12h"},
    {CONF_IN_SERVICE, "dead_backend_timeout", "13h", "\"13h\" is not 0 or between 2s and 12h"},
    {CONF_IN_SERVICE, "dead_backend_timeout", "30",
     "\"30\" is not a duration such as 200ms, 2s, 5m or 1h"},
    {CONF_IN_SERVICE, "hello_timeout", "0", ""},
    {CONF_IN_SERVICE, "hello_timeout", "25h", "\"25h\" is not between 0 and 24h"},
    {CONF_IN_SERVICE, "max_connections", "1000000", ""},
    {CONF_IN_SERVICE, "max_connections", "1000001",
     "\"1000001\" is not a number from 0 to 1000000"},
    {CONF_IN_SERVICE, "max_connections", "-1", "\"-1\" is not a number from 0 to 1000000"},
    {CONF_IN_SERVICE, "source_max_connections", "65536",
     "\"65536\" is not a number from 0 to 65535"},
    {CONF_IN_SERVICE, "log_connections", "1", "\"1\" is neither yes nor no"},
    {CONF_IN_K0SLB, "max_sources", "16", ""},
    {CONF_IN_K0SLB, "max_sources", "0", "\"0\" is not a number from 16 to 1048576"},
    {CONF_IN_K0SLB, "max_sources", "1048577", "\"1048577\" is not a number from 16 to 1048576"},

    {CONF_IN_SERVICE, "server a", "10.0.0.1:22 weight=2", ""},
    {CONF_IN_SERVICE, "server a", "10.0.0.1:22 weight=0", ""},
    {CONF_IN_SERVICE, "server a", "10.0.0.1:22 weight=256", ""},
    {CONF_IN_SERVICE, "server a", "10.0.0.1:22 weight=257",
     "weight \"257\" is not a number from 0 to 256"},
    {CONF_IN_CONTROLLERS, "a", "10.0.0.1 weight=2", ""},
    {CONF_IN_CONTROLLERS, "a", "10.0.0.1 weight=257",
     "weight \"257\" is not a number from 0 to 256"},
};

static void each_type_takes_its_own(void)
{
    char reason[CONF_REASON_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct conf_key *key = conf_key_find(cases[i].section, cases[i].key);
        int result;

        CU_ASSERT_PTR_NOT_NULL_FATAL(key);
        reason[0] = '\0';
        result = conf_value_check(key, cases[i].text, reason);
        ASSERT_TEXT(reason, cases[i].reason);
        ASSERT_NUMBER(result, *cases[i].reason == '\0' ? 0 : -1);
    }
}

static void store(enum conf_section section, const char *key, const char *text, void *base)
{
    char reason[CONF_REASON_SIZE];

    ASSERT_NUMBER(conf_value_store(conf_key_find(section, key), text, base, reason), 0);
}

static void stored_in_fields_of_every_width(void)
{
    struct conf_service service;
    struct conf_global global;

    memset(&service, 0xee, sizeof(service));
    memset(&global, 0xee, sizeof(global));
    store(CONF_IN_SERVICE, "enabled", "yes", &service);
    store(CONF_IN_SERVICE, "port", "65535", &service);
    store(CONF_IN_SERVICE, "backlog", "65535", &service);
    store(CONF_IN_SERVICE, "connect_timeout", "24h", &service);
    store(CONF_IN_SERVICE, "check", "none", &service);
    store(CONF_IN_K0SLB, "workers", "auto", &global);
    store(CONF_IN_K0SLB, "log_level", "debug", &global);
    store(CONF_IN_K0SLB, "name", "abc", &global);
    store(CONF_IN_K0SLB, "credentials", "/etc/k0slb//", &global);
    store(CONF_IN_SERVICE, "check_host", "fd00::1", &service);
    ASSERT_NUMBER(service.enabled, 1);
    ASSERT_NUMBER(service.balance, 0xee);
    ASSERT_NUMBER(service.port, 65535);
    ASSERT_NUMBER(service.backlog, 65535);
    ASSERT_NUMBER(service.retries, 0xeeeeeeee);
    ASSERT_NUMBER(service.connect_timeout, 86400000);
    ASSERT_NUMBER(service.check, CHECK_NONE);
    ASSERT_NUMBER(global.workers, 0);
    ASSERT_NUMBER(global.log_level, LOG_LEVEL_DEBUG);
    ASSERT_TEXT(global.name, "abc");
    ASSERT_TEXT(global.credentials, "/etc/k0slb");
    ASSERT_TEXT(service.check_host, "[fd00::1]");
}

static void refused_changes_nothing(void)
{
    struct conf_service service = {.retries = 5};
    char reason[CONF_REASON_SIZE];

    ASSERT_NUMBER(
        conf_value_store(conf_key_find(CONF_IN_SERVICE, "retries"), "99", &service, reason), -1);
    ASSERT_NUMBER(service.retries, 5);
}

static void defaults_of_the_table(void)
{
    struct conf_service service = {0};

    conf_value_store_defaults(CONF_IN_SERVICE, &service);
    ASSERT_NUMBER(service.enabled, 1);
    ASSERT_NUMBER(service.port, 0);
    ASSERT_NUMBER(service.backlog, 4096);
    ASSERT_NUMBER(service.balance, BALANCE_LEASTCONN);
    ASSERT_NUMBER(service.check, CHECK_TLS);
    ASSERT_NUMBER(service.check_interval, 1000);
    ASSERT_NUMBER(service.check_fast_interval, 200);
    ASSERT_NUMBER(service.check_down_interval, 1000);
    ASSERT_NUMBER(service.check_connect_timeout, 1000);
    ASSERT_NUMBER(service.check_timeout, 3000);
    ASSERT_NUMBER(service.check_rise, 2);
    ASSERT_NUMBER(service.check_fall, 3);
    ASSERT_NUMBER(service.connect_timeout, 2000);
    ASSERT_NUMBER(service.retries, 3);
    ASSERT_NUMBER(service.all_down, ALL_DOWN_TRY);
    ASSERT_NUMBER(service.hello_timeout, 0);
    ASSERT_NUMBER(service.dead_client_timeout, 90000);
    ASSERT_NUMBER(service.dead_backend_timeout, 30000);
    ASSERT_NUMBER(service.max_connections, 0);
    ASSERT_NUMBER(service.source_max_connections, 0);
    ASSERT_NUMBER(service.log_connections, 0);
}

const struct unit_test conf_value_tests[] = {
    {"each_type_takes_its_own", each_type_takes_its_own},
    {"stored_in_fields_of_every_width", stored_in_fields_of_every_width},
    {"refused_changes_nothing", refused_changes_nothing},
    {"defaults_of_the_table", defaults_of_the_table},
    {NULL, NULL},
};
