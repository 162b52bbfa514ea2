#include "unit/unit.h"

extern const struct unit_test advise_tests[];
extern const struct unit_test answers_tests[];
extern const struct unit_test blocking_tests[];
extern const struct unit_test checker_tests[];
extern const struct unit_test closing_tests[];
extern const struct unit_test doubt_tests[];
extern const struct unit_test flapping_tests[];
extern const struct unit_test group_tests[];
extern const struct unit_test health_tests[];
extern const struct unit_test hold_tests[];
extern const struct unit_test identity_tests[];
extern const struct unit_test marks_tests[];
extern const struct unit_test policy_tests[];
extern const struct unit_test schedule_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"advise", advise_tests},     {"answers", answers_tests},   {"blocking", blocking_tests},
        {"checker", checker_tests},   {"closing", closing_tests},   {"doubt", doubt_tests},
        {"flapping", flapping_tests}, {"group", group_tests},       {"health", health_tests},
        {"hold", hold_tests},         {"identity", identity_tests}, {"marks", marks_tests},
        {"policy", policy_tests},     {"schedule", schedule_tests}, {NULL, NULL},
    };

    return unit_main("test_checker", suites, argc, argv);
}
