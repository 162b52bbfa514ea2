#include <signal.h>

#include "unit/unit.h"

extern const struct unit_test acts_tests[];
extern const struct unit_test backoff_tests[];
extern const struct unit_test line_queue_tests[];
extern const struct unit_test logger_tests[];
extern const struct unit_test monitor_tests[];
extern const struct unit_test names_tests[];
extern const struct unit_test port_holder_tests[];
extern const struct unit_test sink_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"acts", acts_tests},
        {"backoff", backoff_tests},
        {"line_queue", line_queue_tests},
        {"logger", logger_tests},
        {"monitor", monitor_tests},
        {"names", names_tests},
        {"port_holder", port_holder_tests},
        {"sink", sink_tests},
        {NULL, NULL},
    };

    signal(SIGPIPE, SIG_IGN); /* as the master has it */
    return unit_main("test_master", suites, argc, argv);
}
