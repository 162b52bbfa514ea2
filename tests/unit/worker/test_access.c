#include "worker/access.h"

#include "unit/unit.h"

extern const struct unit_test access_tests[];

/* Only who lets everybody in, and denies nobody, need not look at each client. */
static void test_open(void)
{
    static const struct {
        struct conf_access allow;
        struct conf_access deny;
        bool is_open;
    } cases[] = {
        {{.everyone = 1}, {.everyone = 0}, true},
        {{.everyone = 1, .cidr_count = 2}, {.first_cidr = 5}, true},
        {{.everyone = 1}, {.cidr_count = 1}, false},
        {{.everyone = 1}, {.controllers = 1}, false},
        {{.everyone = 1}, {.everyone = 1}, false},
        {{.controllers = 1}, {.everyone = 0}, false},
        {{.cidr_count = 3}, {.everyone = 0}, false},
        {{.everyone = 0}, {.everyone = 0}, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct conf_service service = {.allow = cases[i].allow, .deny = cases[i].deny};

        ASSERT_NUMBER(access_is_open(&service), cases[i].is_open);
    }
}

const struct unit_test access_tests[] = {
    {"open", test_open},
    {NULL, NULL},
};
