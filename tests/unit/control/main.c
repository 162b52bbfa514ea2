#include "unit/unit.h"

extern const struct unit_test control_tests[];
extern const struct unit_test status_tests[];
extern const struct unit_test top_tests[];
extern const struct unit_test admin_tests[];
extern const struct unit_test instance_tests[];
extern const struct unit_test strange_board_tests[];
extern const struct unit_test strange_board_tests[];
extern const struct unit_test stop_tests[];
extern const struct unit_test reload_tests[];
extern const struct unit_test import_tests[];
extern const struct unit_test import_haproxy_tests[];
extern const struct unit_test import_statements_tests[];
extern const struct unit_test import_shapes_tests[];
extern const struct unit_test import_told_tests[];
extern const struct unit_test k0s_config_tests[];
extern const struct unit_test doctor_tests[];
extern const struct unit_test doctor_parts_tests[];

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"control", control_tests},
        {"status", status_tests},
        {"top", top_tests},
        {"admin", admin_tests},
        {"instance", instance_tests},
        {"strange_board", strange_board_tests},
        {"strange_board", strange_board_tests},
        {"stop", stop_tests},
        {"reload", reload_tests},
        {"import", import_tests},
        {"import_haproxy", import_haproxy_tests},
        {"import_statements", import_statements_tests},
        {"import_shapes", import_shapes_tests},
        {"import_told", import_told_tests},
        {"k0s_config", k0s_config_tests},
        {"doctor", doctor_tests},
        {"doctor_parts", doctor_parts_tests},
        {NULL, NULL},
    };

    return unit_main("control", suites, argc, argv);
}
