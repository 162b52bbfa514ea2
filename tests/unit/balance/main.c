#include "unit/unit.h"

extern const struct unit_test balance_tests[];
extern const struct unit_test property_tests[];
extern const struct unit_test round_robin_tests[];
extern const struct unit_test least_conn_tests[];
extern const struct unit_test random_tests[];
extern const struct unit_test source_hash_tests[];
extern const struct unit_test source_spread_tests[];
extern const struct unit_test slow_start_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"balance", balance_tests},
        {"property", property_tests},
        {"round_robin", round_robin_tests},
        {"least_conn", least_conn_tests},
        {"random", random_tests},
        {"source_hash", source_hash_tests},
        {"source_spread", source_spread_tests},
        {"slow_start", slow_start_tests},
        {NULL, NULL},
    };

    return unit_main("test_balance", suites, argc, argv);
}
