#include "unit/unit.h"

extern const struct unit_test checker_tests[];
extern const struct unit_test health_tests[];
extern const struct unit_test schedule_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"checker", checker_tests},
        {"health", health_tests},
        {"schedule", schedule_tests},
        {NULL, NULL},
    };

    return unit_main("test_checker", suites, argc, argv);
}
