#include "unit/unit.h"

extern const struct unit_test role_tests[];
extern const struct unit_test role_birth_tests[];
extern const struct unit_test privileges_tests[];
extern const struct unit_test transaction_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"role", role_tests},
        {"role_birth", role_birth_tests},
        {"privileges", privileges_tests},
        {"transaction", transaction_tests},
        {NULL, NULL},
    };

    return unit_main("test_role", suites, argc, argv);
}
