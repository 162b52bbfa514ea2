/* k0slbctl doctor against machines that are not there: what it says, in both ways, and how it ends.
 */
#include "control/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "run.h"
#include "unit/report/json_checker.h"
#include "unit/unit.h"

extern const struct unit_test doctor_tests[];

/* Port 1 of this machine, where nobody listens. */
#define CONFIG                                                                                     \
    "[service web]\nlisten = 127.0.0.1:2\nport = 1\ncheck = tcp\n"                                 \
    "server one = 127.0.0.1:1\nserver two = 127.0.0.1:1\n"                                         \
    "[service mail]\nlisten = 127.0.0.1:3\ncheck = none\nserver one = 127.0.0.1:1\n"

static struct run run;

/* Runs doctor with a configuration and further words; NULL ends them. */
static void doctor(const char *text, const char *first, const char *second, const char *third)
{
    char path[] = "/tmp/k0slb-doctor-XXXXXX";
    const char *args[] = {"doctor", "-c", path, first, second, third, NULL};
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, strlen(text)) == 0);
    fd_close(&fd);
    run_control(&run, args);
    unlink(path);
}

static bool says(const char *text)
{
    if (strstr(run.out, text) != NULL)
        return true;
    printf("%s%s", run.out, run.err);
    return false;
}

static const char *value(const char *path)
{
    static char out[256];

    return json_at(run.out, path, out, sizeof(out));
}

static void test_text(void)
{
    doctor(CONFIG, NULL, NULL, NULL);
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_TRUE(says("backends asked in"));
    CU_ASSERT_TRUE(says("  error    not-connected: web/one, mail/one: L4CON connection refused\n"));
    CU_ASSERT_TRUE(says("  error    not-connected: web/two: L4CON connection refused\n"));
    CU_ASSERT_TRUE(says("  warning  configuration: "));
    CU_ASSERT_TRUE(says("\n3 errors, "));
    CU_ASSERT_TRUE(
        says("warning  not-checked: not checked, so clients find out who is dead: mail\n"));
}

static void test_json(void)
{
    doctor(CONFIG, "--json", NULL, NULL);
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_TRUE_FATAL(json_is_valid(run.out));
    ASSERT_TEXT(value("state"), "\"error\"");
    ASSERT_TEXT(value("errors"), "3");
    ASSERT_TEXT(value("services.0.name"), "\"web\"");
    ASSERT_TEXT(value("services.0.check"), "\"tcp\"");
    ASSERT_TEXT(value("services.0.backends.1.name"), "\"two\"");
    ASSERT_TEXT(value("services.0.backends.1.address"), "\"127.0.0.1:1\"");
    ASSERT_TEXT(value("services.0.backends.1.host"), "null");
    ASSERT_TEXT(value("services.0.backends.1.state"), "\"error\"");
    ASSERT_TEXT(value("services.0.backends.1.check.result"), "\"L4CON\"");
    ASSERT_TEXT(value("services.0.backends.1.check.code"), "null");
    ASSERT_TEXT(value("services.0.backends.1.steps.0.step"), "\"connect\"");
    ASSERT_TEXT(value("services.0.backends.1.steps.0.state"), "\"error\"");
    ASSERT_TEXT(value("services.0.backends.1.certificate"), "null");
    ASSERT_TEXT(value("services.0.backends.1.keys"), "null");
    ASSERT_TEXT(value("services.2"), "(none)");
}

static void test_choice(void)
{
    static const struct {
        const char *names[2];
        const char *service;
        const char *backend;
        const char *errors;
    } rows[] = {
        {{"two", NULL}, "\"web\"", "\"two\"", "1"},  {{"mail", NULL}, "\"mail\"", "\"one\"", "1"},
        {{"web", "one"}, "\"web\"", "\"one\"", "1"}, {{"web", "mail"}, "\"web\"", "\"one\"", "3"},
        {{"one", NULL}, "\"web\"", "\"one\"", "2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        doctor(CONFIG, "--json", rows[i].names[0], rows[i].names[1]);
        CU_ASSERT_TRUE_FATAL(json_is_valid(run.out));
        ASSERT_TEXT(value("services.0.name"), rows[i].service);
        ASSERT_TEXT(value("services.0.backends.0.name"), rows[i].backend);
        ASSERT_TEXT(value("errors"), rows[i].errors);
    }
}

static void test_wrong_name(void)
{
    doctor(CONFIG, "three", NULL, NULL);
    ASSERT_NUMBER(run.status, 2);
    ASSERT_TEXT(run.err, "k0slbctl: doctor: there is no service and no controller named three\n"
                         "k0slbctl: there are: web, mail, one, two\n");
    doctor(CONFIG, "wbe", NULL, NULL);
    CU_ASSERT_TRUE(strstr(run.err, "named wbe; did you mean web?\n") != NULL);
    ASSERT_NUMBER(run.status, 2);
    ASSERT_TEXT(run.out, "");
    doctor(CONFIG, "--jsn", NULL, NULL);
    ASSERT_NUMBER(run.status, 2);
}

/* Every mistake, as `check` says it; in JSON as well. */
static void test_wrong_file(void)
{
    doctor("[service web]\nlissten = :1\nchec = tcp\n", NULL, NULL, NULL);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.out, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, ":2: [service web] lissten"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, ":3: [service web] chec"));
    doctor("[service web]\nlissten = :1\nchec = tcp\n", "--json", NULL, NULL);
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_TRUE_FATAL(json_is_valid(run.out));
    ASSERT_TEXT(value("state"), "\"error\"");
    ASSERT_TEXT(value("findings.0.code"), "\"configuration\"");
    ASSERT_TEXT(value("services"), "[]");
}

static void test_unresolved(void)
{
    doctor("[service web]\nlisten = 127.0.0.1:2\ncheck = tcp\n"
           "server one = nobody.invalid:1\nserver two = localhost:1\n",
           "--json", NULL, NULL);
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_TRUE_FATAL(json_is_valid(run.out));
    ASSERT_TEXT(value("services.0.backends.0.steps.0.step"), "\"resolve\"");
    ASSERT_TEXT(value("services.0.backends.0.steps.0.state"), "\"error\"");
    ASSERT_TEXT(value("services.0.backends.0.steps.1"), "(none)");
    ASSERT_TEXT(value("services.0.backends.0.address"), "null");
    ASSERT_TEXT(value("services.0.backends.0.host"), "\"nobody.invalid\"");
    ASSERT_TEXT(value("services.0.backends.0.check.result"), "null");
    ASSERT_TEXT(value("services.0.backends.1.steps.0.state"), "\"ok\"");
    ASSERT_TEXT(value("services.0.backends.1.check.result"), "\"L4CON\"");
    CU_ASSERT_TRUE(says("\"code\":\"not-resolved\",\"service\":\"web\",\"controller\":\"one\""));
}

/* A disabled service is not asked. */
static void test_disabled(void)
{
    doctor(CONFIG "[service web]\nenabled = no\n", "--json", NULL, NULL);
    CU_ASSERT_TRUE_FATAL(json_is_valid(run.out));
    ASSERT_TEXT(value("errors"), "1");
    ASSERT_TEXT(value("services.0.name"), "\"mail\"");
}

const struct unit_test doctor_tests[] = {
    {"text", test_text},
    {"json", test_json},
    {"choice", test_choice},
    {"wrong_name", test_wrong_name},
    {"wrong_file", test_wrong_file},
    {"unresolved", test_unresolved},
    {"disabled", test_disabled},
    {NULL, NULL},
};
