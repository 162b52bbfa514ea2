/*
 * The frame of the unit and system tests around CUnit: a program is a table of tests; its last line
 * is "NAME: N passed, N failed, N skipped".
 */
#ifndef K0SLB_TESTS_UNIT_UNIT_H
#define K0SLB_TESTS_UNIT_UNIT_H

#include <stddef.h>

#include <CUnit/CUnit.h>

struct unit_test {
    const char *name; /* NULL ends the table */
    void (*fn)(void);
};

struct unit_suite {
    const char *name; /* NULL ends the table */
    const struct unit_test *tests;
};

/*
 * Runs every test of every suite, or those alone whose "suite.test" contains argv[1]. Prints each
 * failure with its place, each skip with its reason, and the last line. Returns 0 when all passed,
 * 77 (automake's "skipped") when every one was skipped, 1 when any failed or none ran.
 */
int unit_main(const char *program, const struct unit_suite *suites, int argc, char **argv);

/* Marks the running test as skipped: it has to return at once. */
void unit_skip(const char *why);

/* Compares and, when different, prints both: CU_ASSERT_STRING_EQUAL with a useful message. */
void unit_assert_text(const char *got, const char *wanted, const char *file, unsigned line);
void unit_assert_number(long long got, long long wanted, const char *file, unsigned line);

#define ASSERT_TEXT(got, wanted) unit_assert_text(got, wanted, __FILE__, __LINE__)
#define ASSERT_NUMBER(got, wanted) \
    unit_assert_number((long long)(got), (long long)(wanted), __FILE__, __LINE__)

#endif
