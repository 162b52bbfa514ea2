#include "conf/conf_rules.h"

#include <string.h>

#include "base/defs.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_rules_twins_tests[];

#define TWICE ": one machine counts as two"

static struct loaded loaded;

/* All that is said of one address that two have, one message a line. */
static const char *said(char out[1024])
{
    out[0] = '\0';
    for (size_t i = 0; i < loaded.report.count; i++) {
        const struct conf_message *message = &loaded.report.messages[i];

        if (strstr(message->text, "the same address") == NULL)
            continue;
        CU_ASSERT_EQUAL(message->severity, CONF_WARNING);
        if (out[0] != '\0')
            strncat(out, "\n", 1023 - strlen(out));
        strncat(out, message->text, 1023 - strlen(out));
    }
    return out;
}

static const struct expectation cases[] = {
    {CONTROLLERS, ""},
    {"[controllers]\na = 10.0.0.1\nb = 10.0.0.1\n",
     "t.ini:3: [controllers] b: the same address as a" TWICE},
    /* Each is told of the first that has it. */
    {"[controllers]\na = 10.0.0.1\nb = 10.0.0.2\nc = 10.0.0.1\nd = 10.0.0.1\n",
     "t.ini:4: [controllers] c: the same address as a" TWICE
     "\nt.ini:5: [controllers] d: the same address as a" TWICE},
    {"[controllers]\na = cp.example\nb = CP.example\nc = other.example\n",
     "t.ini:3: [controllers] b: the same address as a" TWICE},
    {"[controllers]\na = fd00::1\nb = fd00:0::1\nc = 10.0.0.1\n",
     "t.ini:3: [controllers] b: the same address as a" TWICE},
    {"[service x]\nlisten = :1\nserver a = 10.0.0.1:1\nserver b = 10.0.0.1:1\n",
     "t.ini:4: [service x] server b: the same address as a" TWICE},
    {"[service x]\nlisten = :1\nserver a = 10.0.0.1:1\nserver b = 10.0.0.1:2\n", ""},
    {"[service x]\nlisten = :1\nserver a = one.example:1\nserver b = one.example:2\n", ""},
    /* Two services may well be on one machine, and what is not served is not counted. */
    {"[service x]\nlisten = :1\nserver a = 10.0.0.1:1\n"
     "[service y]\nlisten = :2\nserver b = 10.0.0.1:1\n",
     ""},
    {CONTROLLERS "[service x]\nlisten = :1\nenabled = no\n"
                 "server a = 10.0.0.1:1\nserver b = 10.0.0.1:1\n",
     ""},
};

static void one_address_twice_is_a_warning(void)
{
    char got[1024];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        load_good(&loaded, cases[i].text);
        assert_lines(said(got), cases[i].errors);
        loaded_free(&loaded);
    }
}

const struct unit_test conf_rules_twins_tests[] = {
    {"one_address_twice_is_a_warning", one_address_twice_is_a_warning},
    {NULL, NULL},
};
