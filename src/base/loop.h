/*
 * The event loop: descriptors by epoll(7), timers by monotonic deadlines. One loop per process;
 * none of this may be called from another thread or a signal handler.
 *
 * A watch and a timer are members of what they serve (CONTAINER_OF finds it); the loop only keeps
 * pointers to them. Callbacks may add and remove any watch or timer, their own included: an event
 * already fetched for a removed watch is dropped, so its memory may be freed at once.
 */
#ifndef K0SLB_BASE_LOOP_H
#define K0SLB_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

/* What happened, and what to wait for. The numbers are epoll's, so that nothing is translated. */
enum loop_events {
    LOOP_READ = 0x1,     /* readable, or the peer's FIN */
    LOOP_URGENT = 0x2,   /* a TCP urgent byte is there */
    LOOP_WRITE = 0x4,    /* writable */
    LOOP_ERROR = 0x8,    /* an error waits on the descriptor; always reported */
    LOOP_HUP = 0x10,     /* both directions are shut; always reported */
    LOOP_RDHUP = 0x2000, /* the peer will send no more */

    LOOP_EXCLUSIVE = 1 << 28, /* wake one of the processes that wait (EPOLLEXCLUSIVE) */
    LOOP_EDGE = 1u << 31,     /* report changes only (EPOLLET); else levels */
};

struct loop;
struct loop_watch;
struct loop_timer;

/* `events` is what happened: LOOP_READ to LOOP_RDHUP or-ed. */
typedef void loop_watch_fn(struct loop_watch *watch, unsigned events);
typedef void loop_timer_fn(struct loop_timer *timer);

struct loop_watch {
    loop_watch_fn *fn;
    int fd; /* -1 while not in a loop */
};

struct loop_timer {
    loop_timer_fn *fn;
    uint64_t deadline_ms; /* mono_ms() */
    uint32_t place;       /* 1 + index in the loop's heap; 0 while not running */
};

/* Makes a loop; NULL with errno. Free with loop_free(), which touches no watch and closes no
 * watched descriptor. */
struct loop *loop_new(void) MUST_CHECK;
void loop_free(struct loop *loop);

/* The loop's own descriptor: what a forked child has to close. */
int loop_fd(const struct loop *loop);

/*
 * Starts watching watch->fd (set by the caller with watch->fn) for `events`. Returns 0, or -1 with
 * errno of epoll_ctl(2): EPERM for a regular file, EEXIST when it is watched already.
 */
int loop_add(struct loop *loop, struct loop_watch *watch, unsigned events) MUST_CHECK;

/* Changes what is waited for; not for LOOP_EXCLUSIVE watches (EINVAL). 0 or -1 with errno. */
int loop_change(struct loop *loop, struct loop_watch *watch, unsigned events) MUST_CHECK;

/* Stops watching; the descriptor stays open and watch->fd is kept for the caller to close. */
void loop_remove(struct loop *loop, struct loop_watch *watch);

/*
 * The same without a system call, for a descriptor that the caller closes at once and that no
 * other process has (closing takes it out of epoll by itself).
 */
void loop_forget(struct loop *loop, struct loop_watch *watch);

/*
 * Starts the timer, or moves it when it runs already. timer->fn is set by the caller. A deadline in
 * the past counts as now; from within a timer's callback, as the next millisecond: so no timer is
 * served twice in a turn, and none keeps the others waiting.
 */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t deadline_ms);

/* Stops the timer; nothing happens when it does not run. */
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

bool loop_timer_is_set(const struct loop_timer *timer);

/*
 * The time at which the present turn's events were fetched, by mono_ms(): cheap, and the same for
 * a whole turn.
 */
uint64_t loop_now_ms(const struct loop *loop);

/*
 * Waits for events, at most until the next timer or `most_ms` (-1: no bound), then serves each
 * event and each timer that is due, once. Returns the number of events, or -1 with errno of
 * epoll_wait(2); EINTR is no error.
 */
int loop_turn(struct loop *loop, int most_ms) MUST_CHECK;

#endif
