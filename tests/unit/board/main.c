#include "unit/unit.h"

extern const struct unit_test segment_tests[];
extern const struct unit_test board_lock_tests[];
extern const struct unit_test board_prefix_tests[];
extern const struct unit_test board_tests[];
extern const struct unit_test board_admin_tests[];
extern const struct unit_test board_slot_tests[];
extern const struct unit_test board_region_tests[];
extern const struct unit_test board_sources_tests[];
extern const struct unit_test board_copy_tests[];
extern const struct unit_test board_history_tests[];
extern const struct unit_test snapshot_tests[];
extern const struct unit_test snapshot_clients_tests[];
extern const struct unit_test snapshot_blocked_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"segment", segment_tests},
        {"lock", board_lock_tests},
        {"prefix", board_prefix_tests},
        {"board", board_tests},
        {"board_admin", board_admin_tests},
        {"board_slot", board_slot_tests},
        {"board_region", board_region_tests},
        {"board_sources", board_sources_tests},
        {"board_copy", board_copy_tests},
        {"board_history", board_history_tests},
        {"snapshot", snapshot_tests},
        {"snapshot_clients", snapshot_clients_tests},
        {"snapshot_blocked", snapshot_blocked_tests},
        {NULL, NULL},
    };

    return unit_main("test_board", suites, argc, argv);
}
