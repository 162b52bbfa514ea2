/* How much of a test is done: a hundredth in `make check', all of it in `make check-long'. */
#ifndef K0SLB_TESTS_SYSTEM_VOLUME_H
#define K0SLB_TESTS_SYSTEM_VOLUME_H

#include <stdbool.h>

/* Whether the environment has K0SLB_LONG=1. */
bool volume_is_whole(void);

/* The one of the two numbers that this run is to take. */
unsigned volume(unsigned brief, unsigned whole);

#endif
