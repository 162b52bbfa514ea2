#include "unit/unit.h"

extern const struct unit_test engine_tests[];
extern const struct unit_test probe_tcp_tests[];
extern const struct unit_test probe_tls_tests[];
extern const struct unit_test verdict_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"engine", engine_tests},
        {"probe_tcp", probe_tcp_tests},
        {"probe_tls", probe_tls_tests},
        {"verdict", verdict_tests},
        {NULL, NULL},
    };

    return unit_main("test_probe", suites, argc, argv);
}
