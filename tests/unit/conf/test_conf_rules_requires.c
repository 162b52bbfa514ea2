#include "conf/conf_rules.h"

#include <string.h>

#include "base/defs.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_rules_requires_tests[];

#define NONE_EVER "requires: none of them could ever be used: "

/* Three services of the same two backends. */
#define SERVERS "server a = 10.0.0.1:1\nserver b = 10.0.0.2:1\n"
#define THREE                                                                                      \
    "[service x]\nlisten = :1\n" SERVERS "[service y]\nlisten = :2\n" SERVERS                      \
    "[service z]\nlisten = :3\n" SERVERS

static struct loaded loaded;

static const struct expectation cases[] = {
    {THREE "[service x]\nrequires = y\n", ""},
    {THREE "[service x]\nrequires = y\n[service y]\nrequires = z\n", ""},
    {THREE "[service x]\nrequires = none\n", ""},
    {THREE "[defaults]\nrequires = y\n", ""},
    {THREE "[service x]\nrequires = w\n",
     "t.ini:14: [service x] requires: there is no service \"w\""},
    {THREE "[defaults]\nrequires = w\n",
     "t.ini:14: [defaults] requires: there is no service \"w\""},
    {THREE "[service x]\nrequires = y\n[service y]\nenabled = no\n",
     "t.ini:14: [service x] requires: service y has enabled = no"},
    {THREE "[service x]\nrequires = y\nenabled = no\n[service y]\nenabled = no\n", ""},
    {THREE "[service x]\nserver c = 10.0.0.3:1\nrequires = y\n",
     "t.ini:15: [service x] requires: service y has no backend named \"c\", as x has; give both "
     "the same names, or write requires = none"},
    /* The other one may have more. */
    {THREE "[service y]\nserver c = 10.0.0.3:1\n[service x]\nrequires = y\n", ""},
    {THREE "[service x]\nrequires = x\n", "t.ini:14: [service x] " NONE_EVER "x requires x"},
    {THREE "[service x]\nrequires = y\n[service y]\nrequires = x\n",
     "t.ini:14: [service x] " NONE_EVER "x requires y, which requires x"},
    {THREE "[service x]\nrequires = y\n[service y]\nrequires = z\n[service z]\nrequires = y\n",
     "t.ini:16: [service y] " NONE_EVER "y requires z, which requires y"},
    {THREE "[service z]\nrequires = x\n[service x]\nrequires = y\n[service y]\nrequires = z\n",
     "t.ini:16: [service x] " NONE_EVER "x requires y, which requires z, which requires x"},
    {CONTROLLERS "[service kubeAPI]\nrequires = controllerJoinAPI\n",
     "t.ini:5: [service kubeAPI] " NONE_EVER
     "kubeAPI requires controllerJoinAPI, which requires kubeAPI"},
    {CONTROLLERS "[service kubeAPI]\nenabled = no\n[service controllerJoinAPI]\n"
                 "requires = kubeAPI\n",
     "t.ini:7: [service controllerJoinAPI] requires: service kubeAPI has enabled = no"},
    /* What was written wrong is told once. */
    {THREE "[service x]\nrequires = y z\n",
     "t.ini:14: [service x] requires: \"y z\" is not a name of at most 49 letters, digits, - _ "
     "and ."},
    {THREE "[service x]\nrequires = y\nserver c = 10.0.0.512:1\n",
     "t.ini:15: [service x] server c: \"10.0.0.512\" is not an address"},
    {THREE "[service x]\nrequires = w\n[service w\nlisten = :4\n",
     "t.ini:15: \"]\" is missing after the section's name"},
};

static void what_cannot_be_required(void)
{
    expect_errors(cases, ARRAY_LEN(cases));
}

static void namesakes_are_found(void)
{
    const struct conf_service *join;

    load_good(&loaded, CONTROLLERS);
    join = service_named(&loaded.conf, "controllerJoinAPI");
    ASSERT_NUMBER(join->required, 0);
    ASSERT_NUMBER(loaded.conf.services[0].required, CONF_NO_INDEX);
    for (unsigned i = 0; i < join->backend_count; i++) {
        const struct conf_backend *backend = &loaded.conf.backends[join->first_backend + i];

        CU_ASSERT_FATAL(backend->required < loaded.conf.backend_count);
        ASSERT_TEXT(loaded.conf.backends[backend->required].name, backend->name);
        ASSERT_NUMBER(loaded.conf.backends[backend->required].service, 0);
        ASSERT_NUMBER(loaded.conf.backends[i].required, CONF_NO_INDEX);
    }
    loaded_free(&loaded);
}

static void expect_no_requirement(const char *text, const char *warning)
{
    const struct conf_service *join;
    const char *said = "";

    load_good(&loaded, text);
    join = service_named(&loaded.conf, "controllerJoinAPI");
    ASSERT_NUMBER(join->required, CONF_NO_INDEX);
    for (unsigned i = 0; i < loaded.conf.backend_count; i++)
        ASSERT_NUMBER(loaded.conf.backends[i].required, CONF_NO_INDEX);
    for (size_t i = 0; i < loaded.report.count; i++) {
        if (strstr(loaded.report.messages[i].text, "requires") != NULL)
            said = loaded.report.messages[i].text;
    }
    ASSERT_TEXT(said, warning);
    loaded_free(&loaded);
}

/* Nobody wrote that the one needs the other. */
static void a_default_asks_for_what_is_there(void)
{
    expect_no_requirement(CONTROLLERS "[service kubeAPI]\nenabled = no\n", "");
    expect_no_requirement("[service controllerJoinAPI]\nserver a = 10.0.0.1:9443\n", "");
    expect_no_requirement(
        CONTROLLERS "[service kubeAPI]\nserver c2 = 10.0.0.12:1\nserver z = 10.0.0.9:1\n",
        "t.ini: [service controllerJoinAPI] requires: has no effect, for service kubeAPI has no "
        "backend named \"c1\"; give both the same names, or write requires = none");
}

const struct unit_test conf_rules_requires_tests[] = {
    {"what_cannot_be_required", what_cannot_be_required},
    {"namesakes_are_found", namesakes_are_found},
    {"a_default_asks_for_what_is_there", a_default_asks_for_what_is_there},
    {NULL, NULL},
};
