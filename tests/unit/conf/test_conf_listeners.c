#include "conf/conf_listeners.h"

#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_listeners_tests[];

static struct loaded loaded;

static void a_list_that_is_repeated_appends(void)
{
    char text[1024];

    load_good(&loaded, CONTROLLERS "[service x]\nport = 1\nlisten = :7001, 127.0.0.1:7002\n"
                                   "listen = [::1]:7003\n");
    ASSERT_TEXT(listen_text(&loaded.conf, service_named(&loaded.conf, "x"), text),
                "0.0.0.0:7001, [::]:7001, 127.0.0.1:7002, [::1]:7003");
    ASSERT_NUMBER(loaded.conf.listeners[6].line, 6);
    ASSERT_NUMBER(loaded.conf.listeners[9].line, 7);
    ASSERT_NUMBER(loaded.conf.listeners[6].both, 1);
    ASSERT_NUMBER(loaded.conf.listeners[8].both, 0);
    loaded_free(&loaded);
}

static void stats_sockets_are_last(void)
{
    const struct conf *conf = &loaded.conf;

    load_good(&loaded, "[stats]\nlisten = 127.0.0.1:9001\n" CONTROLLERS);
    ASSERT_NUMBER(conf->listener_count, 7);
    ASSERT_NUMBER(conf->listeners[6].owner, CONF_STATS_OWNER);
    ASSERT_NUMBER(conf->listeners[6].address.port, 9001);
    ASSERT_NUMBER(conf->listeners[6].line, 2);
    loaded_free(&loaded);
}

static void stats_by_default_and_by_none(void)
{
    load_good(&loaded, CONTROLLERS);
    ASSERT_NUMBER(loaded.conf.listener_count, 8);
    ASSERT_NUMBER(loaded.conf.listeners[7].address.port, 9000);
    ASSERT_NUMBER(loaded.conf.listeners[7].address.family, ADDR_IPV6);
    ASSERT_NUMBER(loaded.conf.listeners[7].line, 0);
    loaded_free(&loaded);
    load_good(&loaded, CONTROLLERS "[stats]\nlisten =\n");
    ASSERT_NUMBER(loaded.conf.listener_count, 6);
    loaded_free(&loaded);
}

static void allow_is_private_by_default(void)
{
    const struct conf_access *allow = &loaded.conf.stats.allow;
    size_t count;

    load_good(&loaded, CONTROLLERS);
    cidr_private(&count);
    ASSERT_NUMBER(allow->cidr_count, count);
    ASSERT_NUMBER(allow->everyone, 0);
    ASSERT_NUMBER(allow->controllers, 0);
    loaded_free(&loaded);
}

static void allow_takes_words_and_ranges(void)
{
    const struct conf_access *allow = &loaded.conf.stats.allow;

    load_good(&loaded, CONTROLLERS "[stats]\nallow = controllers, 192.0.2.0/24\n"
                                   "allow = 2001:db8::/32\n");
    ASSERT_NUMBER(allow->cidr_count, 2);
    ASSERT_NUMBER(allow->everyone, 0);
    ASSERT_NUMBER(allow->controllers, 1);
    ASSERT_NUMBER(loaded.conf.cidrs[allow->first_cidr + 1].prefix, 32);
    loaded_free(&loaded);
    load_good(&loaded, CONTROLLERS "[stats]\nallow = all\n");
    ASSERT_NUMBER(allow->everyone, 1);
    loaded_free(&loaded);
}

static void the_page_renews_itself(void)
{
    static const struct {
        const char *text;
        uint64_t refresh;
    } cases[] = {
        {CONTROLLERS, 2000},
        {CONTROLLERS "[stats]\n", 2000},
        {CONTROLLERS "[stats]\nrefresh = 1m\n", 60000},
        {CONTROLLERS "[stats]\nrefresh = 0\n", 0},
    };
    static const struct expectation refused[] = {
        {CONTROLLERS "[stats]\nrefresh = 25h\n",
         "t.ini:5: [stats] refresh: \"25h\" is not between 0 and 24h"},
        {CONTROLLERS "[defaults]\nrefresh = 1s\n",
         "t.ini:5: [defaults] refresh: unknown key here; it belongs to [stats]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        load_good(&loaded, cases[i].text);
        ASSERT_NUMBER(loaded.conf.stats.refresh, cases[i].refresh);
        loaded_free(&loaded);
    }
    expect_errors(refused, ARRAY_LEN(refused));
}

const struct unit_test conf_listeners_tests[] = {
    {"a_list_that_is_repeated_appends", a_list_that_is_repeated_appends},
    {"stats_sockets_are_last", stats_sockets_are_last},
    {"stats_by_default_and_by_none", stats_by_default_and_by_none},
    {"allow_is_private_by_default", allow_is_private_by_default},
    {"allow_takes_words_and_ranges", allow_takes_words_and_ranges},
    {"the_page_renews_itself", the_page_renews_itself},
    {NULL, NULL},
};
