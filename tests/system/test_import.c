/* Moving over: what k0slbctl makes of other programs' files is what k0slbd takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/defs.h"
#include "unit/unit.h"

/* Runs the line in a shell, with what it says in `text`. Returns its exit status, or -1. */
static int run_line(const char *line, char text[8192])
{
    FILE *pipe = popen(line, "re");
    size_t got;
    int status;

    CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
    got = fread(text, 1, 8191, pipe);
    text[got] = '\0';
    status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *directory_of(const char *variable)
{
    const char *directory = getenv(variable);

    return directory != NULL ? directory : ".";
}

/* The same by a pipe, as `check` takes it. */
static void assert_checked(const char *fixture)
{
    const char *build = directory_of("K0SLB_BUILDDIR");
    char line[4096];
    char text[8192];

    snprintf(line, sizeof(line),
             "'%s/k0slbctl' import '%s/tests/fixtures/%s' 2>/dev/null | '%s/k0slbctl' check - 2>&1",
             build, directory_of("K0SLB_SRCDIR"), fixture, build);
    ASSERT_NUMBER(run_line(line, text), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "standard input: ok\n"));
}

/* Imports a fixture into a file and has k0slbd read that. */
static void assert_taken(const char *fixture)
{
    char path[] = "/tmp/k0slb-system-import-XXXXXX";
    const char *build = directory_of("K0SLB_BUILDDIR");
    char line[4096];
    char text[8192];
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd != -1);
    close(fd);
    snprintf(line, sizeof(line), "'%s/k0slbctl' import '%s/tests/fixtures/%s' 2>&1 >'%s'", build,
             directory_of("K0SLB_SRCDIR"), fixture, path);
    ASSERT_NUMBER(run_line(line, text), 0);
    snprintf(line, sizeof(line), "'%s/k0slbd' -t -c '%s' 2>&1", build, path);
    if (run_line(line, text) != 0 || strstr(text, ": ok") == NULL) {
        printf("%s: %s\n", fixture, text);
        CU_FAIL("k0slbd does not take it");
    }
    unlink(path);
}

static void test_taken(void)
{
    static const char *const fixtures[] = {"k0s-guide-haproxy.cfg", "tuned-haproxy.cfg",
                                           "listen-haproxy.cfg", "k0sctl.yaml"};

    for (size_t i = 0; i < ARRAY_LEN(fixtures); i++) {
        assert_taken(fixtures[i]);
        assert_checked(fixtures[i]);
    }
}

/* From a pipe, as it comes from another machine: four lines, and nothing else. */
static void test_guide_by_pipe(void)
{
    char line[4096];
    char text[8192];

    snprintf(line, sizeof(line),
             "'%s/k0slbctl' import - <'%s/tests/fixtures/k0s-guide-haproxy.cfg' 2>&1",
             directory_of("K0SLB_BUILDDIR"), directory_of("K0SLB_SRCDIR"));
    ASSERT_NUMBER(run_line(line, text), 0);
    ASSERT_TEXT(text, "[controllers]\n"
                      "k0s-controller1 = 10.0.0.11\n"
                      "k0s-controller2 = 10.0.0.12\n"
                      "k0s-controller3 = 10.0.0.13\n");
}

/* What `check` says of standard input names it. */
static void test_check_input(void)
{
    char line[4096];
    char text[8192];

    snprintf(line, sizeof(line), "echo '[k0slb' | '%s/k0slbctl' check - 2>&1",
             directory_of("K0SLB_BUILDDIR"));
    ASSERT_NUMBER(run_line(line, text), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "k0slbctl: standard input:1: "));
    snprintf(line, sizeof(line), "'%s/k0slbctl' check - 2>&1 </dev/null",
             directory_of("K0SLB_BUILDDIR"));
    ASSERT_NUMBER(run_line(line, text), 1);
    ASSERT_TEXT(text, "k0slbctl: standard input: the file is empty\n");
}

static void test_broken(void)
{
    char line[4096];
    char text[8192];

    snprintf(line, sizeof(line), "'%s/k0slbctl' import '%s/tests/fixtures/broken-haproxy.cfg' 2>&1",
             directory_of("K0SLB_BUILDDIR"), directory_of("K0SLB_SRCDIR"));
    ASSERT_NUMBER(run_line(line, text), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "broken-haproxy.cfg:20: server: \"wieght\" is unknown"));
}

static const struct unit_test tests[] = {
    {"taken", test_taken},
    {"guide_by_pipe", test_guide_by_pipe},
    {"broken", test_broken},
    {"check_input", test_check_input},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"import", tests}, {NULL, NULL}};

    return unit_main("test_import", suites, argc, argv);
}
