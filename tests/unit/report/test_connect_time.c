#include "report/connect_time.h"

#include "base/defs.h"
#include "unit/unit.h"

extern const struct unit_test connect_time_tests[];

static void percentiles_are_bounds(void)
{
    static const struct {
        uint64_t buckets[BOARD_HISTOGRAM];
        unsigned percent;
        uint64_t bound_us;
    } cases[] = {
        {{0}, 50, 0},
        {{1}, 1, 64},
        {{1}, 100, 64},
        {{1, 1}, 50, 64},
        {{1, 1}, 51, 128},
        {{99, 1}, 99, 64},
        {{99, 1}, 100, 128},
        {{98, 0, 2}, 99, 256},
        {{[14] = 1}, 50, 1048576},
        {{[15] = 1}, 50, 1048576}, /* whatever took longer */
        {{UINT64_MAX / 2, UINT64_MAX / 2}, 50, 64},
        {{UINT64_MAX / 2, UINT64_MAX / 2}, 51, 128},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_NUMBER(connect_time_percentile_us(cases[i].buckets, cases[i].percent),
                      cases[i].bound_us);
}

static void bounds_double(void)
{
    ASSERT_NUMBER(connect_time_bound_us(0), 64);
    ASSERT_NUMBER(connect_time_bound_us(1), 128);
    ASSERT_NUMBER(connect_time_bound_us(CONNECT_TIME_BOUNDED - 1), 1048576);
}

const struct unit_test connect_time_tests[] = {
    {"percentiles_are_bounds", percentiles_are_bounds},
    {"bounds_double", bounds_double},
    {NULL, NULL},
};
