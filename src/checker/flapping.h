/*
 * A backend that goes down again and again: three times within a minute. It is shown and not
 * damped, until it has not gone down for a minute. Pure; times are monotonic milliseconds.
 */
#ifndef K0SLB_CHECKER_FLAPPING_H
#define K0SLB_CHECKER_FLAPPING_H

#include <stdbool.h>
#include <stdint.h>

#define FLAPPING_DOWNS     3
#define FLAPPING_WINDOW_MS 60000

/* All zero: it has never gone down. */
struct flapping {
    uint64_t downs_ms[FLAPPING_DOWNS]; /* a ring of the last times */
    unsigned count;                    /* how often it went down */
    uint64_t until_ms;                 /* it is shown before this time; 0 = it never was */
};

/* It went down, from another state. */
void flapping_note(struct flapping *flapping, uint64_t now_ms);

bool flapping_is_shown(const struct flapping *flapping, uint64_t now_ms);

/* When it stops being shown if nothing happens; UINT64_MAX where it is not shown. */
uint64_t flapping_next(const struct flapping *flapping, uint64_t now_ms);

#endif
