/*
 * Part of a test in a process of its own: what a child of the balancer does, or what would end the
 * test program. A child has a minute; it never runs CUnit's or the C library's exit work.
 */
#ifndef K0SLB_TESTS_UNIT_CHILD_H
#define K0SLB_TESTS_UNIT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a child does; its result is the exit status. */
typedef int child_fn(void *context);

/* The exit status of a child that could not do its part here; the test is then skipped. */
#define CHILD_SKIP 77

/* What child_wait() returns for a child that a signal ended. */
#define CHILD_SIGNAL(number) (1000 + (number))

/* Forks a child that runs fn. Returns its pid; the test ends when there is none. */
pid_t child_start(child_fn *fn, void *context);

/*
 * Waits for its end. Returns the exit status (fn's result, or 99 when a CHILD_EXPECT failed), or
 * CHILD_SIGNAL(number).
 */
int child_wait(pid_t pid);

/* Whether it has not ended yet; child_wait() is still due. */
bool child_is_running(pid_t pid);

/* Waits until the child has set the flag; false when it ended without. */
bool child_await(pid_t pid, const _Atomic int *flag);

/* Starts it and waits for its end. */
int child_run(child_fn *fn, void *context);

/* In a child: says what was not as expected, and remembers it. */
void child_expect(bool met, const char *what, const char *file, int line);
#define CHILD_EXPECT(condition) child_expect(condition, #condition, __FILE__, __LINE__)

/* Zeroed memory that this process shares with its children; ends the test when there is none. */
void *child_share(size_t size);
void child_unshare(void *memory, size_t size);

/* Gives up root for that user and group, as a child that is about to play someone else. */
bool child_become(uid_t uid, gid_t gid);

#endif
