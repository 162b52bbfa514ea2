#include "unit/unit.h"

extern const struct unit_test http_tests[];
extern const struct unit_test answer_tests[];
extern const struct unit_test eviction_tests[];
extern const struct unit_test round_tests[];
extern const struct unit_test connection_set_tests[];

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"http", http_tests},
        {"answer", answer_tests},
        {"eviction", eviction_tests},
        {"round", round_tests},
        {"connection_set", connection_set_tests},
        {NULL, NULL},
    };

    return unit_main("stats", suites, argc, argv);
}
