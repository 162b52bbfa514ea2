#include "worker/closing.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mono.h"

#include "unit/hello_bytes.h"
#include "unit/unit.h"
#include "unit/worker/house.h"

extern const struct unit_test closing_tests[];

/* How long anything may take that has to come. */
#define PATIENCE_MS 10000

#define MARK BOARD_MARK_CLOSE

/* The checker says that it is down and marked, and the worker hears of it. */
static void mark(struct house *house)
{
    house_say(house, 0, BOARD_DOWN, MARK);
    closing_look(house->worker);
}

static void unmark(struct house *house)
{
    house_say(house, 0, BOARD_UP, 0);
    closing_look(house->worker);
}

static unsigned closed(const struct house *house)
{
    return house_ends(house, 0, BOARD_END_BACKEND_DOWN);
}

/* Turns until so many have been closed. */
static void turn_until(struct house *house, unsigned wanted)
{
    uint64_t deadline_ms = mono_ms() + PATIENCE_MS;

    while (closed(house) < wanted && mono_ms() < deadline_ms)
        house_turn(house);
    CHILD_EXPECT(closed(house) >= wanted);
}

/* Turns for a while in which nothing is to happen. */
static void turn_for(struct house *house, unsigned ms)
{
    uint64_t until_ms = mono_ms() + ms;

    while (mono_ms() < until_ms)
        house_turn(house);
}

/* ---- evenly ---- */

/* Never more of them, at any time, than that part of the span allows. */
static void watch_span(struct house *house, unsigned count, uint64_t span_ms)
{
    uint64_t began_ms = loop_now_ms(house->worker->loop);
    uint64_t deadline_ms = began_ms + PATIENCE_MS;

    while (closed(house) < count && mono_ms() < deadline_ms) {
        uint64_t elapsed_ms;

        house_turn(house);
        elapsed_ms = loop_now_ms(house->worker->loop) - began_ms;
        CHILD_EXPECT(closed(house) * span_ms <= count * elapsed_ms);
        CHILD_EXPECT(house_reset_in_order(house) == closed(house));
    }
    CHILD_EXPECT(loop_now_ms(house->worker->loop) - began_ms >= span_ms);
    CHILD_EXPECT(house_active(house, 0) == 0);
}

static int close_over_span(void *context)
{
    enum { COUNT = 50 };
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    mark(house);
    watch_span(house, COUNT, house->stage.on_down_spread);
    return 0;
}

static void test_over_span(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 70;
    house_run(house, close_over_span);
}

static int close_few(void *context)
{
    enum { COUNT = 10 };
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    mark(house);
    watch_span(house, COUNT, COUNT * 2);
    return 0;
}

/* Few of them need not wait so long. */
static void test_few(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 3600000;
    house_run(house, close_few);
}

static int close_at_once(void *context)
{
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, HOUSE_MOST) == 0);
    mark(house);
    house_turn(house);
    CHILD_EXPECT(closed(house) == HOUSE_MOST);
    CHILD_EXPECT(house_reset_in_order(house) == HOUSE_MOST);
    return 0;
}

static void test_at_once(void)
{
    house_run(house_new(), close_at_once);
}

static void reset(int *fd)
{
    const struct linger abort = {.l_onoff = 1, .l_linger = 0};

    setsockopt(*fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    fd_close(fd);
}

/* Some of them end by themselves meanwhile. */
static int close_with_others(void *context)
{
    enum { COUNT = 40 };
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, COUNT) == 0);
    mark(house);
    turn_until(house, 5);
    for (unsigned i = 20; i < COUNT; i++)
        reset(&house->clients[i]);
    turn_until(house, 20);
    turn_for(house, 20);
    CHILD_EXPECT(house_active(house, 0) == 0);
    CHILD_EXPECT(closed(house) + house_ends(house, 0, BOARD_END_CLIENT_RESET) == COUNT);
    CHILD_EXPECT(closed(house) < COUNT);
    return 0;
}

static void test_others_end(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 80;
    house_run(house, close_with_others);
}

/* ---- the mark goes ---- */

/* So many take so long that a test can act before the last of them. */
_Static_assert(HOUSE_MOST * 2 >= 400, "milliseconds");

static int stop_half_way(void *context)
{
    struct house *house = context;
    unsigned half;

    CHILD_EXPECT(house_enter(house, HOUSE_MOST) == 0);
    mark(house);
    turn_until(house, 5);
    house_say(house, 0, BOARD_UP, 0);
    half = closed(house);
    CHILD_EXPECT(half < HOUSE_MOST);
    turn_for(house, 150);
    CHILD_EXPECT(closed(house) == half);
    CHILD_EXPECT(house_active(house, 0) == HOUSE_MOST - half);
    CHILD_EXPECT(house_look(house, HOUSE_MOST - 1) == HOUSE_OPEN);
    closing_look(house->worker);
    mark(house);
    turn_until(house, HOUSE_MOST);
    return 0;
}

/* What is left stays open, even before the worker has been woken; and goes with the next mark. */
static void test_mark_goes(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 60000;
    house_run(house, stop_half_way);
}

/* ---- who comes later ---- */

static int come_later(void *context)
{
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, 10) == 0);
    mark(house);
    house_say(house, 0, BOARD_UP, MARK);
    CHILD_EXPECT(house_enter(house, 3) == 0);
    turn_until(house, 10);
    CHILD_EXPECT(house_enter(house, 2) == 0);
    for (int again = 0; again < 5; again++) {
        closing_look(house->worker);
        turn_for(house, 20);
    }
    CHILD_EXPECT(closed(house) == 10);
    CHILD_EXPECT(house_active(house, 0) == 5);
    unmark(house);
    mark(house);
    turn_until(house, 15);
    return 0;
}

/* Each is closed once for a mark that it has seen coming. */
static void test_come_later(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 1000;
    house_run(house, come_later);
}

/* ---- the last bytes ---- */

enum { TAIL = 200000 };

/* Takes what a client gets until it is reset. */
static size_t read_to_reset(struct house *house, unsigned client)
{
    uint64_t deadline_ms = mono_ms() + PATIENCE_MS;
    static char bytes[TAIL];
    size_t all = 0;

    while (mono_ms() < deadline_ms) {
        ssize_t got = recv(house->clients[client], bytes, sizeof(bytes), 0);

        if (got > 0)
            all += (size_t)got;
        else if (got == 0 || errno != EAGAIN)
            break;
        else
            house_turn(house);
    }
    CHILD_EXPECT(errno == ECONNRESET);
    return all;
}

static int send_tail(void *context)
{
    static const char bytes[TAIL];
    struct house *house = context;
    char byte;
    int backend;

    CHILD_EXPECT(house_enter(house, 1) == 0);
    backend = house_accept(house, 0);
    CHILD_EXPECT(send(backend, bytes, sizeof(bytes), 0) == TAIL);
    turn_for(house, 20);
    mark(house);
    CHILD_EXPECT(read_to_reset(house, 0) == TAIL);
    CHILD_EXPECT(recv(backend, &byte, 1, 0) == -1 && errno == ECONNRESET);
    fd_close(&backend);
    return 0;
}

/* What the backend had sent still arrives; then both ends see that it was cut. */
static void test_tail(void)
{
    house_run(house_new(), send_tail);
}

/* ---- those who wait for an answer ---- */

static void say_hello(struct house *house, unsigned client)
{
    static uint8_t hello[HELLO_BYTES_MOST];
    const struct hello_order order = {.size = 500, .seed = (uint8_t)client};
    size_t size = hello_bytes(hello, &order);

    CHILD_EXPECT(send(house->clients[client], hello, size, 0) == (ssize_t)size);
}

static ssize_t heard_at(struct house *house, unsigned backend)
{
    static char bytes[HELLO_BYTES_MOST];
    uint64_t deadline_ms = mono_ms() + PATIENCE_MS;
    int fd = house_accept(house, backend);
    ssize_t got = -1;

    while (got == -1 && mono_ms() < deadline_ms) {
        house_turn(house);
        got = recv(fd, bytes, sizeof(bytes), 0);
    }
    fd_close(&fd);
    return got;
}

/* One has been answered, one waits, one has not spoken yet. */
static int leave_for_another(void *context)
{
    struct house *house = context;
    int answering;

    CHILD_EXPECT(house_enter(house, 3) == 0);
    answering = house_accept(house, 0);
    CHILD_EXPECT(send(answering, "x", 1, 0) == 1);
    say_hello(house, 1);
    turn_for(house, 50);
    house_say(house, 1, BOARD_UP, 0);
    mark(house);
    turn_until(house, 1);
    turn_for(house, 20);
    CHILD_EXPECT(closed(house) == 1);
    CHILD_EXPECT(house_ends(house, 0, BOARD_END_REPLAYED) == 2);
    CHILD_EXPECT(house_active(house, 0) == 0 && house_active(house, 1) == 2);
    CHILD_EXPECT(heard_at(house, 1) == 500);
    CHILD_EXPECT(house_look(house, 0) == HOUSE_DATA);
    CHILD_EXPECT(house_look(house, 2) == HOUSE_OPEN);
    fd_close(&answering);
    return 0;
}

/* A client that the backend has not answered yet notices nothing. */
static void test_unanswered(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 1000;
    house->stage.hello_timeout = 60000;
    house_run(house, leave_for_another);
}

/* ---- ends that come from elsewhere ---- */

static int end_half_way(void *context)
{
    struct house *house = context;

    CHILD_EXPECT(house_enter(house, HOUSE_MOST) == 0);
    mark(house);
    turn_until(house, 5);
    CHILD_EXPECT(closed(house) < HOUSE_MOST);
    session_end_all(house->worker, BOARD_END_STOPPED);
    CHILD_EXPECT(house_active(house, 0) == 0);
    CHILD_EXPECT(closed(house) + house_ends(house, 0, BOARD_END_STOPPED) == HOUSE_MOST);
    return 0;
}

static void test_stopped(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 60000;
    house_run(house, end_half_way);
}

static int forget_half_way(void *context)
{
    struct house *house = context;
    unsigned half;

    CHILD_EXPECT(house_enter(house, HOUSE_MOST) == 0);
    mark(house);
    turn_until(house, 5);
    closing_forget(house->worker, stage_slot(&house->stage, 0));
    half = closed(house);
    turn_for(house, 150);
    CHILD_EXPECT(closed(house) == half && half < HOUSE_MOST);
    closing_look(house->worker);
    turn_until(house, HOUSE_MOST);
    return 0;
}

/* The slot is another backend's: what was to be closed is not, and its own mark is a new one. */
static void test_forgotten(void)
{
    struct house *house = house_new();

    house->stage.on_down_spread = 60000;
    house_run(house, forget_half_way);
}

const struct unit_test closing_tests[] = {
    {"over_span", test_over_span},
    {"few", test_few},
    {"at_once", test_at_once},
    {"others_end", test_others_end},
    {"mark_goes", test_mark_goes},
    {"come_later", test_come_later},
    {"tail", test_tail},
    {"unanswered", test_unanswered},
    {"stopped", test_stopped},
    {"forgotten", test_forgotten},
    {NULL, NULL},
};
