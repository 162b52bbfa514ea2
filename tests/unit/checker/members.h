/*
 * Every small state of a backend in its service, by number: for tests that try them all. Times are
 * chosen so that two of them are just within five seconds of each other, and two just not.
 */
#ifndef K0SLB_TESTS_UNIT_CHECKER_MEMBERS_H
#define K0SLB_TESTS_UNIT_CHECKER_MEMBERS_H

#include <stdbool.h>

#include "checker/group.h"

#define MEMBERS_EARLY_MS  1000
#define MEMBERS_WITHIN_MS 6000
#define MEMBERS_LATE_MS   6001

/* Members in a trial. */
#define MEMBERS_COUNT 3

/* 4 of health, 3 of an administrator, and 8 of the last verdict with its time. */
#define MEMBERS_STATES 96

/* The state of that number, with a weight and nothing that it requires. */
struct group_member members_state(unsigned number);

/* Every trial of MEMBERS_COUNT states: calls `fn` for each until it returns false. */
void members_try_all(bool (*fn)(const struct group *group));

/* A member of a story: up, asked with a good answer, weight 1. */
struct group_member members_good(void);

/* What a trial looked like, for a failure: prints it. */
void members_print(const struct group *group, const char *what);

#endif
