#include "unit/unit.h"

extern const struct unit_test balance_tests[];
extern const struct unit_test round_robin_tests[];
extern const struct unit_test least_conn_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"balance", balance_tests},
        {"round_robin", round_robin_tests},
        {"least_conn", least_conn_tests},
        {NULL, NULL},
    };

    return unit_main("test_balance", suites, argc, argv);
}
