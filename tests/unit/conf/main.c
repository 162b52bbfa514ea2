#include "unit/unit.h"

extern const struct unit_test conf_statement_tests[];
extern const struct unit_test conf_reader_tests[];
extern const struct unit_test conf_keys_tests[];
extern const struct unit_test conf_value_tests[];
extern const struct unit_test conf_address_tests[];
extern const struct unit_test conf_report_tests[];
extern const struct unit_test conf_resolve_tests[];
extern const struct unit_test conf_listeners_tests[];
extern const struct unit_test conf_services_tests[];
extern const struct unit_test conf_check_tests[];
extern const struct unit_test conf_rules_tests[];
extern const struct unit_test conf_rules_checks_tests[];
extern const struct unit_test conf_rules_credentials_tests[];
extern const struct unit_test conf_rules_requires_tests[];
extern const struct unit_test conf_rules_twins_tests[];
extern const struct unit_test conf_load_tests[];
extern const struct unit_test epoch_tests[];

static const struct unit_suite suites[] = {
    {"conf_statement", conf_statement_tests},
    {"conf_reader", conf_reader_tests},
    {"conf_keys", conf_keys_tests},
    {"conf_value", conf_value_tests},
    {"conf_address", conf_address_tests},
    {"conf_report", conf_report_tests},
    {"conf_resolve", conf_resolve_tests},
    {"conf_listeners", conf_listeners_tests},
    {"conf_services", conf_services_tests},
    {"conf_check", conf_check_tests},
    {"conf_rules", conf_rules_tests},
    {"conf_rules_checks", conf_rules_checks_tests},
    {"conf_rules_credentials", conf_rules_credentials_tests},
    {"conf_rules_requires", conf_rules_requires_tests},
    {"conf_rules_twins", conf_rules_twins_tests},
    {"conf_load", conf_load_tests},
    {"epoch", epoch_tests},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main("test_conf", suites, argc, argv);
}
