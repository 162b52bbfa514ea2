/*
 * What is known of a backend beside its questions: taken over from an earlier checker, and
 * forgotten where it is of another machine.
 */
#ifndef K0SLB_CHECKER_MEMORY_H
#define K0SLB_CHECKER_MEMORY_H

struct target;

/* What the board knows of its present life. */
void memory_take_over(struct target *target);

/* A new life has begun: it is unchecked, and what was known is not about it. */
void memory_forget(struct target *target);

#endif
