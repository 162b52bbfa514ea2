#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

#define BATCH 256

struct loop {
    int epoll_fd;
    uint64_t now_ms;
    bool in_timers; /* callbacks of timers are running */

    /* The events of the turn being served: those from `next` to `count` are still to come. */
    struct epoll_event batch[BATCH];
    int next;
    int count;

    /* Running timers: a binary heap, the earliest first. */
    struct loop_timer **heap;
    uint32_t timers;
    uint32_t heap_size;
};

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return NULL;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd == -1) {
        free(loop);
        return NULL;
    }
    loop->now_ms = mono_ms();
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    fd_close(&loop->epoll_fd);
    free(loop->heap);
    free(loop);
}

int loop_fd(const struct loop *loop)
{
    return loop->epoll_fd;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

_Static_assert((int)LOOP_READ == EPOLLIN && (int)LOOP_URGENT == EPOLLPRI &&
                   (int)LOOP_WRITE == EPOLLOUT && (int)LOOP_ERROR == EPOLLERR &&
                   (int)LOOP_HUP == EPOLLHUP && (int)LOOP_RDHUP == EPOLLRDHUP &&
                   (unsigned)LOOP_EXCLUSIVE == EPOLLEXCLUSIVE && (unsigned)LOOP_EDGE == EPOLLET,
               "the loop's events are epoll's");

static int control(struct loop *loop, int operation, struct loop_watch *watch, unsigned events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};

    return epoll_ctl(loop->epoll_fd, operation, watch->fd, &event);
}

int loop_add(struct loop *loop, struct loop_watch *watch, unsigned events)
{
    return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_change(struct loop *loop, struct loop_watch *watch, unsigned events)
{
    return control(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_forget(struct loop *loop, struct loop_watch *watch)
{
    for (int i = loop->next; i < loop->count; i++) {
        if (loop->batch[i].data.ptr == watch)
            loop->batch[i].data.ptr = NULL;
    }
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
    struct epoll_event unused = {0};

    loop_forget(loop, watch);
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, &unused);
}

/* ---- the timers' heap; places count from 1 ---- */

static void put(struct loop *loop, struct loop_timer *timer, uint32_t place)
{
    loop->heap[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct loop *loop, struct loop_timer *timer, uint32_t place)
{
    while (place > 1) {
        struct loop_timer *parent = loop->heap[place / 2 - 1];

        if (parent->deadline_ms <= timer->deadline_ms)
            break;
        put(loop, parent, place);
        place /= 2;
    }
    put(loop, timer, place);
}

static void sift_down(struct loop *loop, struct loop_timer *timer, uint32_t place)
{
    for (;;) {
        uint32_t child = place * 2;

        if (child > loop->timers)
            break;
        if (child < loop->timers &&
            loop->heap[child]->deadline_ms < loop->heap[child - 1]->deadline_ms)
            child++;
        if (loop->heap[child - 1]->deadline_ms >= timer->deadline_ms)
            break;
        put(loop, loop->heap[child - 1], place);
        place = child;
    }
    put(loop, timer, place);
}

/* Moves a timer whose deadline has changed to where it belongs. */
static void settle(struct loop *loop, struct loop_timer *timer, uint32_t place)
{
    sift_up(loop, timer, place);
    sift_down(loop, timer, timer->place);
}

/* Memory for one more timer. Without it the process cannot keep its promises: it ends. */
static void grow_heap(struct loop *loop)
{
    struct loop_timer **grown;

    if (loop->timers < loop->heap_size)
        return;
    loop->heap_size = loop->heap_size == 0 ? 16 : loop->heap_size * 2;
    grown = realloc(loop->heap, loop->heap_size * sizeof(*grown));
    if (grown == NULL)
        abort();
    loop->heap = grown;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t deadline_ms)
{
    uint64_t earliest = loop->now_ms + (loop->in_timers ? 1 : 0);

    timer->deadline_ms = deadline_ms > earliest ? deadline_ms : earliest;
    if (timer->place != 0) {
        settle(loop, timer, timer->place);
        return;
    }
    grow_heap(loop);
    loop->timers++;
    sift_up(loop, timer, loop->timers);
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    uint32_t place = timer->place;
    struct loop_timer *last;

    if (place == 0)
        return;
    timer->place = 0;
    last = loop->heap[--loop->timers];
    if (last != timer)
        settle(loop, last, place);
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
    return timer->place != 0;
}

/* ---- a turn ---- */

static int wait_ms(const struct loop *loop, int most_ms)
{
    uint64_t now = mono_ms();
    uint64_t left;

    if (loop->timers == 0)
        return most_ms;
    if (loop->heap[0]->deadline_ms <= now)
        return 0;
    left = loop->heap[0]->deadline_ms - now;
    if (most_ms >= 0 && (uint64_t)most_ms < left)
        return most_ms;
    return left > 3600000 ? 3600000 : (int)left;
}

static void serve_events(struct loop *loop)
{
    while (loop->next < loop->count) {
        const struct epoll_event *event = &loop->batch[loop->next++];
        struct loop_watch *watch = event->data.ptr;

        if (watch != NULL)
            watch->fn(watch, event->events);
    }
    loop->next = loop->count = 0;
}

/* Each that is due, once: those set meanwhile are due in the next millisecond at the earliest. */
static void serve_timers(struct loop *loop)
{
    loop->in_timers = true;
    while (loop->timers > 0 && loop->heap[0]->deadline_ms <= loop->now_ms) {
        struct loop_timer *timer = loop->heap[0];

        loop_timer_stop(loop, timer);
        timer->fn(timer);
    }
    loop->in_timers = false;
}

int loop_turn(struct loop *loop, int most_ms)
{
    int count = epoll_wait(loop->epoll_fd, loop->batch, BATCH, wait_ms(loop, most_ms));

    if (count == -1 && errno != EINTR)
        return -1;
    loop->now_ms = mono_ms();
    loop->next = 0;
    loop->count = count == -1 ? 0 : count;
    count = loop->count;
    serve_events(loop);
    serve_timers(loop);
    return count;
}
