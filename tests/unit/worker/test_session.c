#include "worker/session.h"

#include "unit/unit.h"

extern const struct unit_test session_tests[];

/* An idle connection owns nothing but this: 256 bytes with the allocator's share, and to spare. */
static void test_size(void)
{
    CU_ASSERT(sizeof(struct session) <= 232);
}

const struct unit_test session_tests[] = {
    {"size", test_size},
    {NULL, NULL},
};
