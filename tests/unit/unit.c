#include "unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/TestRun.h>

#include "base/fd.h"

/* What CUnit's handlers, which take no context, have to know. */
static struct {
    const char *program;
    const char *skip_reason;
    unsigned passed;
    unsigned failed;
    unsigned skipped;
} run;

void unit_skip(const char *why)
{
    run.skip_reason = why;
}

static void on_start(const CU_pTest test, const CU_pSuite suite)
{
    (void)test;
    (void)suite;
    run.skip_reason = NULL;
}

static void on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    if (failure != NULL) {
        run.failed++;
        printf("FAILED %s.%s\n", suite->pName, test->pName);
        for (CU_pFailureRecord f = failure; f != NULL; f = f->pNext)
            printf("    %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
    } else if (run.skip_reason != NULL) {
        run.skipped++;
        printf("skipped: %s.%s: %s\n", suite->pName, test->pName, run.skip_reason);
    } else {
        run.passed++;
    }
    fflush(stdout);
}

static bool is_wanted(const char *suite, const char *test, const char *filter)
{
    char full[256];

    if (filter == NULL)
        return true;
    snprintf(full, sizeof(full), "%s.%s", suite, test);
    return strstr(full, filter) != NULL;
}

static void add_suite(const struct unit_suite *suite, const char *filter)
{
    CU_pSuite added = NULL;

    for (const struct unit_test *test = suite->tests; test->name != NULL; test++) {
        if (!is_wanted(suite->name, test->name, filter))
            continue;
        if (added == NULL)
            added = CU_add_suite(suite->name, NULL, NULL);
        CU_add_test(added, test->name, test->fn);
    }
}

int unit_main(const char *program, const struct unit_suite *suites, int argc, char **argv)
{
    run.program = program;
    /* Whoever starts the tests may have closed one: what they open must not take its place. */
    if (fd_fill_standard() == -1)
        return 1;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    for (const struct unit_suite *suite = suites; suite->name != NULL; suite++)
        add_suite(suite, argc > 1 ? argv[1] : NULL);
    CU_set_test_start_handler(on_start);
    CU_set_test_complete_handler(on_complete);
    CU_run_all_tests();
    CU_cleanup_registry();
    printf("%s: %u passed, %u failed, %u skipped\n", program, run.passed, run.failed, run.skipped);
    if (run.failed > 0 || run.passed + run.skipped == 0)
        return 1;
    return run.passed == 0 ? 77 : 0;
}

void unit_assert_text(const char *got, const char *wanted, const char *file, unsigned line)
{
    char message[1200];
    bool equal = got != NULL && wanted != NULL && strcmp(got, wanted) == 0;

    snprintf(message, sizeof(message), "got \"%s\", wanted \"%s\"", got != NULL ? got : "(null)",
             wanted != NULL ? wanted : "(null)");
    CU_assertImplementation(equal, line, message, file, "", CU_FALSE);
}

void unit_assert_number(long long got, long long wanted, const char *file, unsigned line)
{
    char message[80];

    snprintf(message, sizeof(message), "got %lld, wanted %lld", got, wanted);
    CU_assertImplementation(got == wanted, line, message, file, "", CU_FALSE);
}
