/* Sessions that an administrator wants closed: maint, and drain over a time. */
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mono.h"
#include "board/board_admin.h"
#include "board/board_map.h"
#include "worker/closing.h"

#include "unit/unit.h"
#include "unit/worker/house.h"

extern const struct unit_test closing_admin_tests[];

#define PATIENCE_MS 10000
#define COUNT       20

/* The administrator says it of the first backend; the worker has not looked yet. */
static void say(struct house *house, enum board_admin_state state, uint32_t over_ms)
{
    const struct board_admin_act act = {.state = state, .over_ms = over_ms};
    struct board *admin = board_open_admin(board_master(house->stage.board)->name);

    CHILD_EXPECT(admin != NULL);
    board_set_admin(admin, stage_slot(&house->stage, 0), &act);
    board_close(admin);
}

static void hear(struct house *house, enum board_admin_state state, uint32_t over_ms)
{
    say(house, state, over_ms);
    closing_look(house->worker);
}

/* More of them come, as connects would that had begun before it was said: to the same word. */
static void come_later(struct house *house, unsigned count)
{
    struct board *admin = board_open_admin(board_master(house->stage.board)->name);
    unsigned slot = stage_slot(&house->stage, 0);
    _Atomic uint64_t *word = board_mine(admin, board_admin_word_at(admin, slot));
    uint64_t said = atomic_exchange(word, 0);

    CHILD_EXPECT(house_enter(house, count) == 0);
    atomic_store(word, said);
    board_close(admin);
}

static unsigned closed(const struct house *house)
{
    return house_ends(house, 0, BOARD_END_ADMIN);
}

static void turn_until(struct house *house, unsigned wanted)
{
    uint64_t deadline_ms = mono_ms() + PATIENCE_MS;

    while (closed(house) < wanted && mono_ms() < deadline_ms)
        house_turn(house);
    CHILD_EXPECT(closed(house) == wanted);
}

/* Turns for a while, with heartbeats. */
static void turn_for(struct house *house, unsigned ms)
{
    uint64_t until_ms = mono_ms() + ms;

    while (mono_ms() < until_ms) {
        house_turn(house);
        closing_look(house->worker);
    }
}

/* ---- maint ---- */

static int close_all(void *context)
{
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    hear(house, BOARD_ADMIN_MAINT, 0);
    house_turn(house);
    CHILD_EXPECT(closed(house) == COUNT && house_active(house, 0) == 0);
    come_later(house, 3);
    closing_look(house->worker);
    house_turn(house);
    CHILD_EXPECT(closed(house) == COUNT + 3);
    hear(house, BOARD_ADMIN_READY, 0);
    CHILD_EXPECT(house_enter(house, 5) == 0);
    turn_for(house, 50);
    CHILD_EXPECT(house_active(house, 0) == 5);
    return 0;
}

/* At once, and whoever comes nevertheless; nobody any more when it is over. */
static void test_maint(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 60000;
    house_run(house, close_all);
}

static int close_what_moved(void *context)
{
    struct house *house = context;
    unsigned slot = stage_slot(&house->stage, 0);

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    list_move(&house->worker->moved, &house->worker->at_backend[slot]);
    list_init(&house->worker->at_backend[slot]);
    CHILD_EXPECT(house_enter(house, 2) == 0);
    hear(house, BOARD_ADMIN_MAINT, 0);
    house_turn(house);
    CHILD_EXPECT(closed(house) == COUNT + 2);
    return 0;
}

/* Also those at an address that it had before a reload. */
static void test_moved(void)
{
    house_run(house_new(), close_what_moved);
}

static int close_faster(void *context)
{
    struct house *house = context;
    unsigned by_mark;

    CHILD_EXPECT(house_enter(house, HOUSE_MOST) == 0);
    house_say(house, 0, BOARD_DOWN, BOARD_MARK_CLOSE);
    closing_look(house->worker);
    turn_for(house, 20);
    by_mark = house_ends(house, 0, BOARD_END_BACKEND_DOWN);
    CHILD_EXPECT(by_mark < HOUSE_MOST);
    hear(house, BOARD_ADMIN_MAINT, 0);
    house_turn(house);
    CHILD_EXPECT(house_ends(house, 0, BOARD_END_BACKEND_DOWN) == by_mark);
    CHILD_EXPECT(closed(house) == HOUSE_MOST - by_mark);
    return 0;
}

/* It does not wait for the spread of one that is down. */
static void test_maint_of_marked(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 60000;
    house_run(house, close_faster);
}

/* ---- drain ---- */

static int close_none(void *context)
{
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    hear(house, BOARD_ADMIN_DRAIN, 0);
    turn_for(house, 100);
    CHILD_EXPECT(house_active(house, 0) == COUNT);
    return 0;
}

static void test_drain_alone(void)
{
    house_run(house_new(), close_none);
}

/* Those that have spoken last, which came first, go last. */
static int close_idle_first(void *context)
{
    enum { BUSY = 5, OVER_MS = 400 };
    struct house *house = context;
    uint64_t began_ms;

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    turn_for(house, 30);
    for (unsigned i = 0; i < BUSY; i++)
        CHILD_EXPECT(send(house->clients[i], "x", 1, 0) == 1);
    turn_for(house, 30);
    hear(house, BOARD_ADMIN_DRAIN, OVER_MS);
    began_ms = loop_now_ms(house->worker->loop);
    while (closed(house) < COUNT - BUSY && loop_now_ms(house->worker->loop) < began_ms + 5000) {
        uint64_t elapsed_ms;

        house_turn(house);
        elapsed_ms = loop_now_ms(house->worker->loop) - began_ms;
        CHILD_EXPECT((uint64_t)closed(house) * OVER_MS <= COUNT * elapsed_ms);
    }
    for (unsigned i = 0; i < BUSY && closed(house) == COUNT - BUSY; i++)
        CHILD_EXPECT(house_look(house, i) == HOUSE_OPEN);
    turn_until(house, COUNT);
    CHILD_EXPECT(loop_now_ms(house->worker->loop) - began_ms >= OVER_MS);
    return 0;
}

static void test_over(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 0;
    house_run(house, close_idle_first);
}

static int close_late_ones(void *context)
{
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    hear(house, BOARD_ADMIN_DRAIN, 300);
    come_later(house, 4);
    closing_look(house->worker);
    CHILD_EXPECT(house_active(house, 0) > 4);
    turn_until(house, COUNT);
    turn_for(house, 50);
    CHILD_EXPECT(closed(house) == COUNT + 4);
    come_later(house, 1);
    turn_for(house, 20);
    CHILD_EXPECT(closed(house) == COUNT + 5);
    return 0;
}

/* When the time is over nobody is left. */
static void test_late_ones(void)
{
    house_run(house_new(), close_late_ones);
}

static int stop_half_way(void *context)
{
    struct house *house = context;
    unsigned before;

    CHILD_EXPECT(house_enter(house, HOUSE_MOST) == 0);
    hear(house, BOARD_ADMIN_DRAIN, 2000);
    turn_for(house, 100);
    say(house, BOARD_ADMIN_READY, 0);
    before = closed(house);
    turn_for(house, 100);
    CHILD_EXPECT(before > 0 && before < HOUSE_MOST);
    CHILD_EXPECT(closed(house) == before);
    hear(house, BOARD_ADMIN_DRAIN, 0);
    turn_for(house, 50);
    CHILD_EXPECT(closed(house) == before);
    hear(house, BOARD_ADMIN_DRAIN, 100);
    turn_until(house, HOUSE_MOST);
    return 0;
}

/* Who is left when something else is said stays. */
static void test_taken_back(void)
{
    house_run(house_new(), stop_half_way);
}

const struct unit_test closing_admin_tests[] = {
    {"maint", test_maint},
    {"moved", test_moved},
    {"maint_of_marked", test_maint_of_marked},
    {"drain_alone", test_drain_alone},
    {"over", test_over},
    {"late_ones", test_late_ones},
    {"taken_back", test_taken_back},
    {NULL, NULL},
};
