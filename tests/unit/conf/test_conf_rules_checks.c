#include "conf/conf_rules.h"

#include "base/defs.h"
#include "base/textbuf.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_rules_checks_tests[];

#define X "[service x]\nlisten = :1\nserver a = 10.0.0.1:1\n"

static struct loaded loaded;

static const struct expectation cases[] = {
    {X "check = https\ncheck_method = HEAD\ncheck_path = /\ncheck_host = a\ncheck_expect = 200\n"
       "check_port = 2\ncheck_verify = none\ncheck_sni = a\n",
     ""},
    {X "check_path = /\n", "t.ini:4: [service x] check_path: says nothing to check = tls"},
    {X "check = tls\ncheck_sni = a\ncheck_verify = none\ncheck_port = 2\n", ""},
    {X "check = h2\ncheck_expect = 200\ncheck_sni = a\n",
     "t.ini:5: [service x] check_expect: says nothing to check = h2"},
    {X "check = tcp\ncheck_port = 2\ncheck_sni = a\ncheck_method = GET\ncheck_verify = none\n",
     "t.ini:6: [service x] check_sni: says nothing to check = tcp\n"
     "t.ini:7: [service x] check_method: says nothing to check = tcp\n"
     "t.ini:8: [service x] check_verify: says nothing to check = tcp"},
    {X "check = none\ncheck_port = 2\ncheck_host = a\n",
     "t.ini:5: [service x] check_port: says nothing to check = none\n"
     "t.ini:6: [service x] check_host: says nothing to check = none"},
    {X "check = tcp\ncheck_cert = /a\ncheck_key = /b\n",
     "t.ini:5: [service x] check_cert: says nothing to check = tcp\n"
     "t.ini:6: [service x] check_key: says nothing to check = tcp"},
    {X "check = http\ncheck_path = /\n",
     "t.ini:4: [service x] check: \"http\" is not https, h2, tls, tcp or none"},
    /* What is in [defaults] is for those that have a use for it. */
    {X "check = tcp\n[defaults]\ncheck_path = /\ncheck_expect = 204\ncheck_verify = none\n", ""},
    {CONTROLLERS "[service konnectivity]\ncheck_path = /\n",
     "t.ini:5: [service konnectivity] check_path: says nothing to check = h2"},
    {X "check_verify = ca\n",
     "t.ini:4: [service x] check_verify: no CA is known: write ca = FILE into [k0slb], or fill its "
     "credentials with k0slbctl import"},
    {CONTROLLERS "[defaults]\ncheck_verify = ca\n",
     "t.ini:5: [defaults] check_verify: no CA is known: write ca = FILE into [k0slb], or fill its "
     "credentials with k0slbctl import"},
    {X "check = tcp\n[defaults]\ncheck_verify = ca\n", ""},
    {X "check_verify = ca\n[k0slb]\nca = ca.crt\n",
     "t.ini:6: [k0slb] ca: \"ca.crt\" is not an absolute path"},
};

static void keys_that_contradict_the_check(void)
{
    expect_errors(cases, ARRAY_LEN(cases));
}

static void expect_names(const char *text, const char *host, const char *sni)
{
    const struct conf_service *service;

    load_good(&loaded, text);
    service = service_named(&loaded.conf, "x");
    ASSERT_TEXT(service->check_host, host);
    ASSERT_TEXT(service->check_sni, sni);
    ASSERT_NUMBER(service->check_verify, VERIFY_NONE);
    loaded_free(&loaded);
}

static void names_come_from_the_external_address(void)
{
    expect_names(X, "", "");
    expect_names(X "[k0slb]\nexternal_address = lb.example:6443, lb2\n", "lb.example",
                 "lb.example");
    expect_names(X "[k0slb]\nexternal_address = fd00::1\nexternal_address = lb2\n", "[fd00::1]",
                 "lb2");
    expect_names(X "[k0slb]\nexternal_address = 10.0.0.1\n", "10.0.0.1", "");
    expect_names(X "check = https\ncheck_host = a:1\ncheck_sni = b\n"
                   "[k0slb]\nexternal_address = lb2\n",
                 "a:1", "b");
}

static void sixteen_external_addresses(void)
{
    struct textbuf text;

    textbuf_init(&text, 10000);
    textbuf_puts(&text, X "[k0slb]\n");
    for (int i = 0; i < 16; i++)
        textbuf_printf(&text, "external_address = lb%d\n", i);
    load_good(&loaded, text.data);
    ASSERT_NUMBER(loaded.conf.external_count, 16);
    loaded_free(&loaded);
    textbuf_puts(&text, "external_address = lb16, lb17\n");
    load_text(&loaded, text.data);
    ASSERT_TEXT(loaded.errors, "t.ini:5: [k0slb] external_address: more than 16 addresses");
    loaded_free(&loaded);
    textbuf_fini(&text);
}

const struct unit_test conf_rules_checks_tests[] = {
    {"keys_that_contradict_the_check", keys_that_contradict_the_check},
    {"names_come_from_the_external_address", names_come_from_the_external_address},
    {"sixteen_external_addresses", sixteen_external_addresses},
    {NULL, NULL},
};
