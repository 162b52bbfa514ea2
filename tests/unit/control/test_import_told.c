/* What import says of servers that k0slb cannot treat as HAProxy did. */
#include <stdio.h>
#include <string.h>

#include "base/defs.h"

#include "imported.h"
#include "unit/unit.h"

extern const struct unit_test import_told_tests[];

static struct run run;

/* Runs it for a listen section whose servers begin in line 3. */
static void import_servers(const char *section, const char *servers)
{
    char text[2048];
    struct conf conf;

    snprintf(text, sizeof(text), "listen %s\nbind 127.0.0.1:1000\n%s", section, servers);
    imported_run_text(&run, text);
    ASSERT_NUMBER(run.status, 0);
    if (imported_load(&run, &conf))
        conf_free(&conf);
    else
        CU_FAIL("k0slbd does not take it");
}

static void assert_has(const char *wanted)
{
    if (strstr(run.out, wanted) == NULL)
        ASSERT_TEXT(run.out, wanted);
}

static void the_value_of_most(void)
{
    imported_begin();
    import_servers("x", "server a 10.0.0.1:1 check check-ssl inter 100ms fall 9\n"
                        "server b 10.0.0.2:1 check check-ssl inter 500ms\n"
                        "server c 10.0.0.3:1 check check-ssl inter 500ms\n");
    assert_has("\ncheck_interval = 500ms\n");
    CU_ASSERT_PTR_NULL(strstr(run.out, "\ncheck_fall"));
    assert_has("\n\n; haproxy.cfg:3: server a: check_fall becomes the default, that of b\n"
               "; haproxy.cfg:3: server a: check_interval becomes 500ms, that of b\n");
    CU_ASSERT_PTR_NULL(strstr(run.out, "server b:"));
    CU_ASSERT_PTR_NULL(strstr(run.out, "server c:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, ": 2 comments in the result"));
    imported_end();
}

/* The first of them; and what is said before what is not. */
static void as_many_of_each(void)
{
    imported_begin();
    import_servers("x", "server a 10.0.0.1:1 check check-ssl inter 100ms\n"
                        "server b 10.0.0.2:1 check check-ssl inter 500ms fall 9\n");
    assert_has("\ncheck_interval = 100ms\ncheck_fall = 9\n");
    assert_has("\n\n; haproxy.cfg:3: server a: check_fall becomes 9, that of b\n"
               "; haproxy.cfg:4: server b: check_interval becomes 100ms, that of a\n");
    imported_end();
}

static void certificates_that_nobody_verifies(void)
{
    imported_begin();
    import_servers("x", "server a 10.0.0.1:1 check check-ssl verify required ca-file /a/ca\n"
                        "server b 10.0.0.2:1 check check-ssl ca-file /a/ca verify none\n"
                        "server c 10.0.0.3:1 check check-ssl ca-file /a/ca verify none\n");
    assert_has("\ncheck_verify = none\n");
    assert_has("; haproxy.cfg:3: server a: check_verify becomes none, that of b\n");
    import_servers("x", "server a 10.0.0.1:1 check check-ssl verify required ca-file /a/ca\n"
                        "server b 10.0.0.2:1 check check-ssl verify none\n"
                        "server c 10.0.0.3:1 check check-ssl verify none\n");
    assert_has("; haproxy.cfg:3: server a: ca becomes the default, that of b\n; haproxy.cfg:3: "
               "server a: check_verify becomes the default (none without a CA), that of b\n");
    /* HAProxy verifies where it has a CA and nothing is said. */
    import_servers("x", "server a 10.0.0.1:1 check check-ssl ca-file /a/ca\n"
                        "server b 10.0.0.2:1 check check-ssl ca-file /a/ca verify none\n");
    CU_ASSERT_PTR_NULL(strstr(run.out, "\ncheck_verify"));
    assert_has("; haproxy.cfg:4: server b: check_verify becomes ca, that of a\n");
    imported_end();
}

static void checked_and_not_checked(void)
{
    static const char servers[] = "server a 10.0.0.1:1 check inter 1s\n"
                                  "server b 10.0.0.2:1\n"
                                  "server c 10.0.0.3:1\n";

    imported_begin();
    import_servers("x", servers);
    assert_has("\ncheck = none\n\n; haproxy.cfg:3: server a: it is not checked, like b\n");
    CU_ASSERT_PTR_NULL(strstr(run.out, "check_interval"));
    import_servers("x", "server a 10.0.0.1:1 check\nserver b 10.0.0.2:1 check check-ssl\n");
    assert_has("; haproxy.cfg:3: server a: its check is by TLS, as that of b\n");
    /* k0s's services have checks of their own. */
    import_servers("kubeAPI", servers);
    CU_ASSERT_PTR_NULL(strstr(run.out, "checked"));
    imported_end();
}

static void two_at_one_address(void)
{
    imported_begin();
    import_servers("x", "server a 10.0.0.1:1\nserver b 10.0.0.1:2\nserver c ipv4@10.0.0.1:1\n"
                        "server d Web:1\nserver e web:1\n");
    assert_has("\n\n; haproxy.cfg:5: server c has the address of server a (line 3)\n"
               "; haproxy.cfg:7: server e has the address of server d (line 6)\n");
    imported_end();
}

const struct unit_test import_told_tests[] = {
    {"the_value_of_most", the_value_of_most},
    {"as_many_of_each", as_many_of_each},
    {"certificates_that_nobody_verifies", certificates_that_nobody_verifies},
    {"checked_and_not_checked", checked_and_not_checked},
    {"two_at_one_address", two_at_one_address},
    {NULL, NULL},
};
