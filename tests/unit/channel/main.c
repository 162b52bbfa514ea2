#include "unit/unit.h"

extern const struct unit_test channel_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {{"channel", channel_tests}, {NULL, NULL}};

    return unit_main("test_channel", suites, argc, argv);
}
