/*
 * The log as a strict reader sees it: every line is an event, whose keys are those that k0slbd(8)
 * has for it, or one of the few kinds that are for people alone.
 */
#ifndef K0SLB_TESTS_SYSTEM_EVENTS_H
#define K0SLB_TESTS_SYSTEM_EVENTS_H

#include <stdbool.h>

#include "system/instance.h"

/* Fails the test for each line that is neither, and prints it. Returns how many events there are.
 */
unsigned events_check(const struct instance *instance);

/*
 * How many events have all of these pairs, "event=backend status=down", as they are written; none
 * of them may have a blank. Of the last one, `value` gets what the key has, "" where there is none;
 * both may be NULL.
 */
unsigned events_count(const struct instance *instance, const char *pairs, const char *key,
                      char value[256]);

/* The sum of the numbers that a key has in all events with these pairs. */
unsigned long events_sum(const struct instance *instance, const char *pairs, const char *key);

/* Waits for one with these pairs. */
bool events_wait(const struct instance *instance, const char *pairs, unsigned within_ms);

#endif
