/* slow_start: what a backend that comes back gets of the new connections. */
#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/scene.h"

enum { SLOW_MS = 4000, EARLY_MS = 2000, SESSIONS = 60 };

static uint64_t served(const struct scene *scene, unsigned backend)
{
    return atomic_load(&scene->peers[backend].served);
}

static void bring_back(struct scene *scene, unsigned backend, const char *name)
{
    ASSERT_NUMBER(peer_reopen(&scene->peers[backend]), 0);
    CU_ASSERT_TRUE(wait_status(&scene->instance, name, STATUS_UP, SOON_MS));
}

static void take_away(struct scene *scene, unsigned backend, const char *name)
{
    peer_close(&scene->peers[backend]);
    CU_ASSERT_TRUE(wait_status(&scene->instance, name, STATUS_DOWN, SOON_MS));
}

/* Visits until that time, or until there have been so many. Returns how many b1 got of how many. */
static uint64_t visit_until(struct scene *scene, uint64_t until_ms, uint64_t most, uint64_t *visits)
{
    uint64_t before = served(scene, 0);

    for (*visits = 0; *visits < most && mono_ms() < until_ms; ++*visits) {
        ASSERT_NUMBER(client_visit(&scene->listen), 0);
        wait_a_moment();
    }
    return served(scene, 0) - before;
}

/*
 * The others have sessions and the one that returns has none: least connections would give it
 * every visit. It gets some at first, and all of them in the end.
 */
static void test_returns(void)
{
    static const struct scene_plan plan = {.backends = 3, .keys = "slow_start = 4s\n"};
    static struct crowd crowd;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t back_ms;
        uint64_t visits;
        uint64_t got;

        take_away(&scene, 0, "b1");
        ASSERT_NUMBER(crowd_open(&crowd, &scene.listen, SESSIONS), 0);
        bring_back(&scene, 0, "b1");
        back_ms = mono_ms();
        got = visit_until(&scene, back_ms + EARLY_MS, UINT64_MAX, &visits);
        CU_ASSERT_TRUE(visits >= 20);
        CU_ASSERT_TRUE(got * 10 < visits * 6);
        got = visit_until(&scene, back_ms + SLOW_MS, UINT64_MAX, &visits);
        CU_ASSERT_TRUE(got > 0);
        CU_ASSERT_TRUE(got * 10 < visits * 6);
        /* Its clock is the checker's, and began a little earlier. */
        got = visit_until(&scene, UINT64_MAX, 20, &visits);
        ASSERT_NUMBER(got, visits);
        crowd_close(&crowd);
    }
    scene_close(&scene);
}

/* A start is no return: everyone gets the whole share at once. */
static void test_start(void)
{
    static const struct scene_plan plan = {.backends = 3,
                                           .keys = "balance = roundrobin\nslow_start = 1h\n"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, 30), 0);
        for (unsigned i = 0; i < 3; i++)
            ASSERT_NUMBER(served(&scene, i), 10);
    }
    scene_close(&scene);
}

/* Who is nearly left out is there at need: for the one client that finds the other one gone, and
 * for all when nobody else is up. */
static void test_alone(void)
{
    static const struct scene_plan plan = {.backends = 2,
                                           .keys = "balance = roundrobin\nslow_start = 1h\n"};
    enum { VISITS = 40 };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t before;

        take_away(&scene, 1, "b2");
        bring_back(&scene, 1, "b2");
        ASSERT_NUMBER(client_visit_many(&scene.listen, VISITS), 0);
        CU_ASSERT_TRUE(served(&scene, 1) < VISITS / 4);
        peer_close(&scene.peers[0]);
        before = served(&scene, 1);
        ASSERT_NUMBER(client_visit_many(&scene.listen, VISITS), 0);
        ASSERT_NUMBER(served(&scene, 1) - before, VISITS);
        take_away(&scene, 1, "b2");
        bring_back(&scene, 1, "b2");
        before = served(&scene, 1);
        ASSERT_NUMBER(client_visit_many(&scene.listen, VISITS), 0);
        ASSERT_NUMBER(served(&scene, 1) - before, VISITS);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"returns", test_returns},
    {"start", test_start},
    {"alone", test_alone},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/4", tests},
        {NULL, NULL},
    };

    return unit_main("test_slow_start", suites, argc, argv);
}
