/* The sessions of a backend that is down and says nothing: on_down, on_down_spread. */
#include <stdio.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/scene.h"

/* What a machine with other things to do may add to any end. */
#define SLACK_MS 2000

/* How long nothing may happen where nothing is to happen: several checks. */
#define QUIET_MS 500

/* Sessions, and which of them have been ended by the balancer. */
struct audience {
    struct crowd crowd;
    bool ended[CROWD_MAX];
    unsigned reset;
    unsigned others; /* ended in any other way */
};

static void look(struct audience *audience)
{
    for (unsigned i = 0; i < audience->crowd.count; i++) {
        enum client_end end;

        if (audience->ended[i])
            continue;
        end = client_next(&audience->crowd.clients[i], 0);
        audience->ended[i] = end != CLIENT_STILL_OPEN;
        audience->reset += end == CLIENT_RESET;
        audience->others += end != CLIENT_STILL_OPEN && end != CLIENT_RESET;
    }
}

/* Looks until so many have been reset. */
static bool wait_reset(struct audience *audience, unsigned wanted, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    look(audience);
    while (audience->reset < wanted && mono_ms() < deadline_ms) {
        wait_a_moment();
        look(audience);
    }
    return audience->reset >= wanted;
}

/* Looks for a while in which nobody is to be ended. */
static void assert_quiet(struct audience *audience)
{
    unsigned before = audience->reset;

    CU_ASSERT_FALSE(wait_reset(audience, before + 1, QUIET_MS));
    ASSERT_NUMBER(audience->reset, before);
    ASSERT_NUMBER(audience->others, 0);
}

static void open_audience(struct audience *audience, struct scene *scene, unsigned count)
{
    *audience = (struct audience){.reset = 0};
    ASSERT_NUMBER(crowd_open(&audience->crowd, &scene->listen, count), 0);
}

/* How many sessions of b1 have ended for that reason. */
static uint64_t closed_at_b1(struct scene *scene)
{
    const struct board *board = scene->instance.board;
    const struct board_layout *layout = &board_master(board)->layout;
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < layout->workers; worker++) {
        if (board_worker(board, worker) == NULL)
            continue;
        for (unsigned slot = 0; slot < layout->backends; slot++)
            sum += atomic_load(
                &board_worker_backend(board, worker, slot)->ends[BOARD_END_BACKEND_DOWN]);
    }
    return sum;
}

/* ---- on_down ---- */

enum { EACH = 20 };

/* Gone without a word: its sessions are closed soon, the others' are not. */
static void test_dead(void)
{
    static const struct scene_plan plan = {.backends = 2,
                                           .keys = "balance = roundrobin\nlog_connections = yes\n"};
    struct audience audience;
    struct scene scene;
    unsigned lost;

    if (scene_open(&scene, &plan) == 0) {
        open_audience(&audience, &scene, 2 * EACH);
        peer_shut(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_reset(&audience, EACH, 2 * EACH + SLACK_MS));
        assert_quiet(&audience);
        ASSERT_NUMBER(closed_at_b1(&scene), EACH);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.active, 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.active, EACH);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "closing what test/b1 has", SOON_MS));
        CU_ASSERT_TRUE(wait_log(&scene.instance, "reason=\"backend down\"", SOON_MS));
        ASSERT_NUMBER(crowd_echo(&audience.crowd, &lost), EACH);
        crowd_close(&audience.crowd);
    }
    scene_close(&scene);
}

static void test_keep(void)
{
    static const struct scene_plan plan = {.backends = 2,
                                           .keys = "balance = roundrobin\non_down = keep\n"};
    struct audience audience;
    struct scene scene;
    unsigned lost;

    if (scene_open(&scene, &plan) == 0) {
        open_audience(&audience, &scene, 2 * EACH);
        peer_shut(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        assert_quiet(&audience);
        ASSERT_NUMBER(crowd_echo(&audience.crowd, &lost), 2 * EACH);
        crowd_close(&audience.crowd);
    }
    scene_close(&scene);
}

/* Nothing is closed while no other backend is up, and everything as soon as one is. */
static void test_no_other(void)
{
    static const struct scene_plan plan = {.backends = 2, .closed = 1 << 1};
    struct audience audience;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        open_audience(&audience, &scene, EACH);
        peer_shut(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        assert_quiet(&audience);
        for (unsigned i = 0; i < EACH; i++)
            ASSERT_NUMBER(client_echo(&audience.crowd.clients[i], 64), 0);
        ASSERT_NUMBER(peer_reopen(&scene.peers[1]), 0);
        CU_ASSERT_TRUE(wait_reset(&audience, EACH, 2 * EACH + SLACK_MS));
        ASSERT_NUMBER(audience.others, 0);
        crowd_close(&audience.crowd);
    }
    scene_close(&scene);
}

/* ---- on_down_spread ---- */

enum { MANY = 500 };

/* So many would take a second at 2 ms each; they are not closed together. */
static void test_spread(void)
{
    static const struct scene_plan plan = {
        .backends = 2, .options = {NULL, "backup"}, .keys = "on_down_spread = 600ms\n"};
    static struct audience audience;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t first_ms;
        uint64_t took_ms;

        open_audience(&audience, &scene, MANY);
        peer_shut(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_reset(&audience, 1, SLACK_MS));
        first_ms = mono_ms();
        CU_ASSERT_TRUE(audience.reset < MANY / 2);
        CU_ASSERT_TRUE(wait_reset(&audience, MANY, 600 + SLACK_MS));
        took_ms = mono_ms() - first_ms;
        if (took_ms < 300)
            printf("%u sessions were closed within %u ms\n", (unsigned)MANY, (unsigned)took_ms);
        CU_ASSERT_TRUE(took_ms >= 300);
        ASSERT_NUMBER(closed_at_b1(&scene), MANY);
        crowd_close(&audience.crowd);
    }
    scene_close(&scene);
}

/* The backend is back before all are closed: the rest lives on. */
static void test_returns(void)
{
    static const struct scene_plan plan = {
        .backends = 2, .options = {NULL, "backup"}, .keys = "check_down_interval = 20ms\n"};
    static struct audience audience;
    struct peer again;
    struct scene scene;
    unsigned lost;

    if (scene_open(&scene, &plan) == 0) {
        open_audience(&audience, &scene, MANY);
        peer_shut(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_reset(&audience, 1, SLACK_MS));
        ASSERT_NUMBER(peer_open_at(&again, &scene.peers[0].address, script_echo, 0), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        look(&audience);
        CU_ASSERT_TRUE(audience.reset < MANY);
        assert_quiet(&audience);
        ASSERT_NUMBER(crowd_echo(&audience.crowd, &lost), MANY - audience.reset);
        crowd_close(&audience.crowd);
        peer_close(&again);
    }
    scene_close(&scene);
}

/* A reload takes the backend away meanwhile: what was to be closed is. */
static void test_removed(void)
{
    static const char *const with =
        CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\nserver b2 = @2 backup\n";
    static const char *const without =
        CHANGE_BEGIN "[service test]\nlisten = @L\nserver b2 = @2 backup\n";
    static struct audience audience;
    struct scene scene;

    if (change_open(&scene, 2, with) == 0) {
        open_audience(&audience, &scene, MANY);
        peer_shut(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_reset(&audience, 1, SLACK_MS));
        ASSERT_CHANGE(&scene, without);
        CU_ASSERT_TRUE(wait_reset(&audience, MANY, 2 * MANY + SLACK_MS));
        ASSERT_NUMBER(audience.others, 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        crowd_close(&audience.crowd);
    }
    scene_close(&scene);
}

/* A reload says that it is elsewhere: what is left at the old place drains. */
static void test_moved(void)
{
    static const char *const here =
        CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\nserver b2 = @2 backup\n";
    static const char *const there =
        CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @3\nserver b2 = @2 backup\n";
    static struct audience audience;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 3, here) == 0) {
        open_audience(&audience, &scene, MANY);
        peer_shut(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_reset(&audience, 1, SLACK_MS));
        ASSERT_CHANGE(&scene, there);
        look(&audience);
        CU_ASSERT_TRUE(audience.reset < MANY);
        assert_quiet(&audience);
        ASSERT_NUMBER(crowd_echo(&audience.crowd, &lost), MANY - audience.reset);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        ASSERT_NUMBER(scene.peers[2].served, 3);
        crowd_close(&audience.crowd);
    }
    scene_close(&scene);
}

static const struct unit_test modes[] = {
    {"dead", test_dead},
    {NULL, NULL},
};

static const struct unit_test once[] = {
    {"dead", test_dead},         {"keep", test_keep},
    {"no_other", test_no_other}, {"spread", test_spread},
    {"returns", test_returns},   {"removed", test_removed},
    {"moved", test_moved},       {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/4", once},
        {"splice/1", modes},
        {"auto/1", modes},
        {NULL, NULL},
    };

    return unit_main("test_closing", suites, argc, argv);
}
