#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/mono.h"
#include "base/rng.h"
#include "unit/unit.h"

extern const struct unit_test loop_tests[];

/* A pipe whose reading end is watched, and what its callback has seen and is to do. */
struct end {
    struct loop_watch watch;
    struct loop *loop;
    int writer;
    unsigned calls;
    unsigned events;
    struct end *victim; /* removed and freed by the callback */
};

static void on_ready(struct loop_watch *watch, unsigned events)
{
    struct end *end = CONTAINER_OF(watch, struct end, watch);

    end->calls++;
    end->events = events;
    if (end->victim != NULL) {
        loop_remove(end->loop, &end->victim->watch);
        fd_close(&end->victim->watch.fd);
        fd_close(&end->victim->writer);
        memset(end->victim, 0xa5, sizeof(*end->victim));
        free(end->victim);
        end->victim = NULL;
    }
}

static struct end *end_new(struct loop *loop, unsigned events)
{
    struct end *end = calloc(1, sizeof(*end));
    int ends[2];

    CU_ASSERT_FATAL(end != NULL && fd_pipe(ends) == 0);
    end->loop = loop;
    end->watch.fn = on_ready;
    end->watch.fd = ends[0];
    end->writer = ends[1];
    CU_ASSERT_FATAL(loop_add(loop, &end->watch, events) == 0);
    return end;
}

static void end_free(struct end *end)
{
    loop_remove(end->loop, &end->watch);
    fd_close(&end->watch.fd);
    fd_close(&end->writer);
    free(end);
}

static void end_write(struct end *end)
{
    CU_ASSERT_FATAL(write(end->writer, "x", 1) == 1);
}

static struct loop *new_loop(void)
{
    struct loop *loop = loop_new();

    CU_ASSERT_FATAL(loop != NULL);
    return loop;
}

static void test_read(void)
{
    struct loop *loop = new_loop();
    struct end *end = end_new(loop, LOOP_READ);

    ASSERT_NUMBER(loop_turn(loop, 0), 0);
    ASSERT_NUMBER(end->calls, 0);
    end_write(end);
    ASSERT_NUMBER(loop_turn(loop, 1000), 1);
    ASSERT_NUMBER(end->events, LOOP_READ);
    ASSERT_NUMBER(loop_turn(loop, 0), 1); /* a level: still there */
    fd_close(&end->writer);
    ASSERT_NUMBER(loop_turn(loop, 0), 1);
    CU_ASSERT((end->events & LOOP_HUP) != 0);
    ASSERT_NUMBER(end->calls, 3);
    end_free(end);
    loop_free(loop);
}

static void test_edge(void)
{
    struct loop *loop = new_loop();
    struct end *end = end_new(loop, LOOP_READ | LOOP_EDGE);

    end_write(end);
    ASSERT_NUMBER(loop_turn(loop, 1000), 1);
    ASSERT_NUMBER(loop_turn(loop, 0), 0);
    end_write(end);
    ASSERT_NUMBER(loop_turn(loop, 1000), 1);
    end_free(end);
    loop_free(loop);
}

static void test_change_and_remove(void)
{
    struct loop *loop = new_loop();
    struct end *end = end_new(loop, 0);

    end_write(end);
    ASSERT_NUMBER(loop_turn(loop, 0), 0);
    ASSERT_NUMBER(loop_change(loop, &end->watch, LOOP_READ), 0);
    ASSERT_NUMBER(loop_turn(loop, 1000), 1);
    loop_remove(loop, &end->watch);
    ASSERT_NUMBER(loop_turn(loop, 0), 0);
    CU_ASSERT(fcntl(end->watch.fd, F_GETFD) != -1); /* removed, not closed */
    ASSERT_NUMBER(loop_add(loop, &end->watch, LOOP_READ), 0);
    ASSERT_NUMBER(loop_turn(loop, 1000), 1);
    ASSERT_NUMBER(end->calls, 2);
    end_free(end);
    loop_free(loop);
}

static void test_errors(void)
{
    struct loop *loop = new_loop();
    struct end *end = end_new(loop, LOOP_READ | LOOP_EXCLUSIVE);
    struct loop_watch closed = {.fn = on_ready, .fd = -1};

    ASSERT_NUMBER(loop_add(loop, &end->watch, LOOP_READ), -1);
    ASSERT_NUMBER(errno, EEXIST);
    ASSERT_NUMBER(loop_change(loop, &end->watch, LOOP_READ), -1);
    ASSERT_NUMBER(errno, EINVAL);
    ASSERT_NUMBER(loop_add(loop, &closed, LOOP_READ), -1);
    ASSERT_NUMBER(errno, EBADF);
    end_free(end);
    loop_free(loop);
    loop_free(NULL);
}

static void test_close_on_exec(void)
{
    struct loop *loop = new_loop();

    CU_ASSERT((fcntl(loop_fd(loop), F_GETFD) & FD_CLOEXEC) != 0);
    loop_free(loop);
}

/*
 * Two are ready in one batch; whichever is served first removes and frees the other, whose event
 * must then be dropped (a sanitizer build sees the use of freed memory).
 */
static void test_remove_other_in_same_turn(void)
{
    struct loop *loop = new_loop();
    struct end *a = end_new(loop, LOOP_READ);
    struct end *b = end_new(loop, LOOP_READ);

    a->victim = b;
    end_write(a);
    end_write(b);
    ASSERT_NUMBER(loop_turn(loop, 1000), 2);
    ASSERT_NUMBER(a->calls, 1);
    end_free(a);
    a = end_new(loop, LOOP_READ);
    b = end_new(loop, LOOP_READ);
    b->victim = a;
    end_write(b); /* now the other one first: either order is tried */
    end_write(a);
    ASSERT_NUMBER(loop_turn(loop, 1000), 2);
    ASSERT_NUMBER(b->calls, 1);
    end_free(b);
    loop_free(loop);
}

static void remove_self(struct loop_watch *watch, unsigned events)
{
    struct end *end = CONTAINER_OF(watch, struct end, watch);
    int fd = watch->fd;

    (void)events;
    end->calls++;
    loop_forget(end->loop, watch);
    close(fd);
    watch->fd = -1;
}

static void test_forget_self(void)
{
    struct loop *loop = new_loop();
    struct end *end = end_new(loop, LOOP_READ);

    end->watch.fn = remove_self;
    end_write(end);
    ASSERT_NUMBER(loop_turn(loop, 1000), 1);
    ASSERT_NUMBER(loop_turn(loop, 0), 0);
    ASSERT_NUMBER(end->calls, 1);
    fd_close(&end->writer);
    free(end);
    loop_free(loop);
}

/* A timer, and what its callback has to do. */
struct alarm {
    struct loop_timer timer;
    struct loop *loop;
    unsigned calls;
    uint64_t served_ms;
    bool again;         /* set itself once more, long overdue */
    struct alarm *stop; /* another one to stop */
};

static void on_alarm(struct loop_timer *timer)
{
    struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);

    CU_ASSERT(!loop_timer_is_set(timer));
    alarm->calls++;
    alarm->served_ms = loop_now_ms(alarm->loop);
    if (alarm->again)
        loop_timer_set(alarm->loop, timer, 0);
    if (alarm->stop != NULL)
        loop_timer_stop(alarm->loop, &alarm->stop->timer);
}

static struct alarm new_alarm(struct loop *loop)
{
    return (struct alarm){.timer = {.fn = on_alarm}, .loop = loop};
}

/* Turns the loop until so many timers were served, for two seconds at most. */
static void turn_until(struct loop *loop, const unsigned *calls, unsigned wanted)
{
    uint64_t end_ms = mono_ms() + 2000;

    while (*calls < wanted && mono_ms() < end_ms)
        CU_ASSERT_FATAL(loop_turn(loop, 100) >= 0);
    CU_ASSERT(*calls >= wanted);
}

static void test_timer(void)
{
    struct loop *loop = new_loop();
    struct alarm alarm = new_alarm(loop);
    uint64_t deadline_ms = mono_ms() + 20;

    CU_ASSERT(!loop_timer_is_set(&alarm.timer));
    loop_timer_set(loop, &alarm.timer, deadline_ms);
    CU_ASSERT(loop_timer_is_set(&alarm.timer));
    turn_until(loop, &alarm.calls, 1);
    CU_ASSERT(alarm.served_ms >= deadline_ms);
    CU_ASSERT(!loop_timer_is_set(&alarm.timer));
    ASSERT_NUMBER(loop_turn(loop, 0), 0);
    ASSERT_NUMBER(alarm.calls, 1);
    loop_free(loop);
}

/* A wait without bound ends for a timer; the turn counts no event for it. */
static void test_timer_ends_wait(void)
{
    struct loop *loop = new_loop();
    struct alarm alarm = new_alarm(loop);

    loop_timer_set(loop, &alarm.timer, mono_ms() + 5);
    for (int i = 0; i < 10 && alarm.calls == 0; i++)
        ASSERT_NUMBER(loop_turn(loop, -1), 0);
    ASSERT_NUMBER(alarm.calls, 1);
    loop_free(loop);
}

static void test_timer_move_and_stop(void)
{
    struct loop *loop = new_loop();
    struct alarm late = new_alarm(loop);
    struct alarm soon = new_alarm(loop);
    struct alarm never = new_alarm(loop);
    uint64_t now = mono_ms();

    loop_timer_set(loop, &late.timer, now + 1);
    loop_timer_set(loop, &late.timer, now + 3600000); /* away from the head */
    loop_timer_set(loop, &soon.timer, now + 3600000);
    loop_timer_set(loop, &soon.timer, now + 1); /* and to it */
    loop_timer_set(loop, &never.timer, now);
    loop_timer_stop(loop, &never.timer);
    loop_timer_stop(loop, &never.timer);
    CU_ASSERT(!loop_timer_is_set(&never.timer));
    turn_until(loop, &soon.calls, 1);
    ASSERT_NUMBER(late.calls, 0);
    ASSERT_NUMBER(never.calls, 0);
    CU_ASSERT(loop_timer_is_set(&late.timer));
    loop_free(loop);
}

/*
 * One that sets itself again in the past is served once a turn, and the others that are due are
 * served all the same.
 */
static void test_timer_cannot_hold_the_loop(void)
{
    struct loop *loop = new_loop();
    struct alarm greedy = new_alarm(loop);
    struct alarm others[20];

    greedy.again = true;
    loop_timer_set(loop, &greedy.timer, 0);
    for (int i = 0; i < 20; i++) {
        others[i] = new_alarm(loop);
        loop_timer_set(loop, &others[i].timer, 0);
    }
    ASSERT_NUMBER(loop_turn(loop, 100), 0);
    ASSERT_NUMBER(greedy.calls, 1);
    for (int i = 0; i < 20; i++)
        ASSERT_NUMBER(others[i].calls, 1);
    CU_ASSERT(loop_timer_is_set(&greedy.timer));
    turn_until(loop, &greedy.calls, 3);
    loop_free(loop);
}

static void test_timer_stops_another(void)
{
    struct loop *loop = new_loop();
    struct alarm first = new_alarm(loop);
    struct alarm second = new_alarm(loop);
    uint64_t now = mono_ms();

    first.stop = &second;
    loop_timer_set(loop, &first.timer, now - 1);
    loop_timer_set(loop, &second.timer, now + 1);
    turn_until(loop, &first.calls, 1);
    ASSERT_NUMBER(loop_turn(loop, 5), 0);
    ASSERT_NUMBER(second.calls, 0);
    loop_free(loop);
}

/* What the next test's callbacks share. */
struct order {
    struct loop_timer timer;
    uint64_t *last_ms;
    unsigned *served;
};

static void check_order(struct loop_timer *timer)
{
    struct order *order = CONTAINER_OF(timer, struct order, timer);

    CU_ASSERT(timer->deadline_ms >= *order->last_ms);
    *order->last_ms = timer->deadline_ms;
    ++*order->served;
}

/* Many timers, set, moved and stopped at random, are served in the order of their deadlines. */
static void test_timer_order(void)
{
    enum { COUNT = 500 };
    static struct order timers[COUNT];
    struct loop *loop = new_loop();
    uint64_t now = mono_ms() + 10;
    uint64_t last_ms = 0;
    unsigned served = 0;
    unsigned stopped = 0;
    struct rng rng;

    rng_seed(&rng, 42);
    for (int i = 0; i < COUNT; i++) {
        timers[i] = (struct order){{.fn = check_order}, &last_ms, &served};
        loop_timer_set(loop, &timers[i].timer, now + rng_below(&rng, 50));
    }
    for (int i = 0; i < COUNT; i++)
        loop_timer_set(loop, &timers[rng_below(&rng, COUNT)].timer, now + rng_below(&rng, 50));
    for (int i = 0; i < COUNT; i += 3) {
        loop_timer_stop(loop, &timers[i].timer);
        stopped++;
    }
    turn_until(loop, &served, COUNT - stopped);
    ASSERT_NUMBER(loop_turn(loop, 60), 0);
    ASSERT_NUMBER(served, COUNT - stopped);
    loop_free(loop);
}

/* The loop's time stands still within a turn and moves on with the next. */
static void test_now(void)
{
    struct loop *loop = new_loop();
    uint64_t before = mono_ms();

    ASSERT_NUMBER(loop_turn(loop, 2), 0);
    CU_ASSERT(loop_now_ms(loop) >= before && loop_now_ms(loop) <= mono_ms());
    loop_free(loop);
}

/* More descriptors than one batch holds are all served in the end. */
static void test_more_than_a_batch(void)
{
    enum { COUNT = 300 };
    struct loop *loop = new_loop();
    struct end *ends[COUNT];
    unsigned served = 0;

    for (int i = 0; i < COUNT; i++) {
        ends[i] = end_new(loop, LOOP_READ | LOOP_EDGE);
        end_write(ends[i]);
    }
    for (int i = 0; i < 4; i++)
        served += (unsigned)loop_turn(loop, 0);
    ASSERT_NUMBER(served, COUNT);
    for (int i = 0; i < COUNT; i++) {
        ASSERT_NUMBER(ends[i]->calls, 1);
        end_free(ends[i]);
    }
    loop_free(loop);
}

const struct unit_test loop_tests[] = {
    {"read", test_read},
    {"edge", test_edge},
    {"change_and_remove", test_change_and_remove},
    {"errors", test_errors},
    {"close_on_exec", test_close_on_exec},
    {"remove_other_in_same_turn", test_remove_other_in_same_turn},
    {"forget_self", test_forget_self},
    {"timer", test_timer},
    {"timer_ends_wait", test_timer_ends_wait},
    {"timer_move_and_stop", test_timer_move_and_stop},
    {"timer_cannot_hold_the_loop", test_timer_cannot_hold_the_loop},
    {"timer_stops_another", test_timer_stops_another},
    {"timer_order", test_timer_order},
    {"now", test_now},
    {"more_than_a_batch", test_more_than_a_batch},
    {NULL, NULL},
};
