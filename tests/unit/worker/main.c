#include <signal.h>

#include "unit/unit.h"

extern const struct unit_test access_tests[];
extern const struct unit_test bind_local_tests[];
extern const struct unit_test budget_tests[];
extern const struct unit_test closing_tests[];
extern const struct unit_test closing_admin_tests[];
extern const struct unit_test conn_log_tests[];
extern const struct unit_test fullness_tests[];
extern const struct unit_test hello_tests[];
extern const struct unit_test limit_tests[];
extern const struct unit_test dead_peer_tests[];
extern const struct unit_test pipe_pool_tests[];
extern const struct unit_test pump_tests[];
extern const struct unit_test pump_end_tests[];
extern const struct unit_test pump_interrupt_tests[];
extern const struct unit_test pump_urgent_tests[];
extern const struct unit_test pump_watched_tests[];
extern const struct unit_test session_tests[];
extern const struct unit_test suspicion_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"access", access_tests},
        {"bind_local", bind_local_tests},
        {"budget", budget_tests},
        {"closing", closing_tests},
        {"closing_admin", closing_admin_tests},
        {"conn_log", conn_log_tests},
        {"fullness", fullness_tests},
        {"hello", hello_tests},
        {"limit", limit_tests},
        {"dead_peer", dead_peer_tests},
        {"pipe_pool", pipe_pool_tests},
        {"pump", pump_tests},
        {"pump_end", pump_end_tests},
        {"pump_interrupt", pump_interrupt_tests},
        {"pump_urgent", pump_urgent_tests},
        {"pump_watched", pump_watched_tests},
        {"session", session_tests},
        {"suspicion", suspicion_tests},
        {NULL, NULL},
    };

    signal(SIGPIPE, SIG_IGN); /* as every child of the balancer has it */
    return unit_main("test_worker", suites, argc, argv);
}
