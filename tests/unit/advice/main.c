#include "unit/unit.h"

extern const struct unit_test advice_tests[];
extern const struct unit_test advice_certificates_tests[];
extern const struct unit_test advice_dates_tests[];
extern const struct unit_test advice_names_tests[];
extern const struct unit_test advice_health_tests[];
extern const struct unit_test advice_risks_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"advice", advice_tests},
        {"advice_certificates", advice_certificates_tests},
        {"advice_dates", advice_dates_tests},
        {"advice_names", advice_names_tests},
        {"advice_health", advice_health_tests},
        {"advice_risks", advice_risks_tests},
        {NULL, NULL},
    };

    return unit_main("test_advice", suites, argc, argv);
}
