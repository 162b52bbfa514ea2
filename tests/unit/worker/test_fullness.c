#include "worker/fullness.h"

#include "unit/unit.h"

extern const struct unit_test fullness_tests[];

/* Each service for itself; a session that ends opens its own one at once. */
static void test_remove(void)
{
    struct fullness fullness = {.service = {[3] = {.until_ms = 100}, [4] = {.until_ms = 200}}};

    CU_ASSERT_TRUE(fullness_has(&fullness, 3));
    CU_ASSERT_TRUE(fullness_has(&fullness, 4));
    CU_ASSERT_FALSE(fullness_has(&fullness, 0));
    CU_ASSERT_TRUE(fullness_remove(&fullness, 3));
    CU_ASSERT_FALSE(fullness_remove(&fullness, 3));
    CU_ASSERT_FALSE(fullness_remove(&fullness, 0));
    CU_ASSERT_FALSE(fullness_has(&fullness, 3));
    CU_ASSERT_TRUE(fullness_has(&fullness, 4));
}

/* Those that are due are forgotten, and the earliest of the others is named. */
static void test_expire(void)
{
    struct fullness fullness = {
        .service = {[0] = {.until_ms = 300}, [7] = {.until_ms = 100}, [63] = {.until_ms = 200}}};

    CU_ASSERT(fullness_expire(&fullness, 99) == 100);
    CU_ASSERT_TRUE(fullness_has(&fullness, 7));
    CU_ASSERT(fullness_expire(&fullness, 100) == 200);
    CU_ASSERT_FALSE(fullness_has(&fullness, 7));
    CU_ASSERT(fullness_expire(&fullness, 250) == 300);
    CU_ASSERT_FALSE(fullness_has(&fullness, 63));
    CU_ASSERT_TRUE(fullness_has(&fullness, 0));
    CU_ASSERT(fullness_expire(&fullness, FULLNESS_NEVER) == FULLNESS_NEVER);
    CU_ASSERT_FALSE(fullness_has(&fullness, 0));
}

const struct unit_test fullness_tests[] = {
    {"remove", test_remove},
    {"expire", test_expire},
    {NULL, NULL},
};
