#include "control/control.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "base/fd.h"
#include "control/verbs.h"
#include "run.h"
#include "unit/unit.h"

extern const struct unit_test control_tests[];

/* No instance has this name, and no file this path. */
#define NOBODY  "k0slb-unit-nobody"
#define NO_FILE "/nonexistent/k0slb.ini"

static void lines_are_judged(void)
{
    static const struct {
        const char *args[RUN_ARGS];
        int status;
        const char *out; /* what it begins with; NULL = nothing */
        const char *err;
    } cases[] = {
        {{"--version"}, 0, "k0slbctl " PACKAGE_VERSION "\n", NULL},
        {{"-V"}, 0, "k0slbctl " PACKAGE_VERSION "\n", NULL},
        {{"version"}, 0, "k0slbctl " PACKAGE_VERSION "\n", NULL},
        {{"status", "-V"}, 0, "k0slbctl " PACKAGE_VERSION "\n", NULL},
        {{"--help"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] VERB [OPTION]... [ARG", NULL},
        {{"-h"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] VERB [OPTION]... [ARG", NULL},
        {{"status", "--help"},
         0,
         "usage: k0slbctl [-n NAME] [-c FILE] status [--json] [--names] [--color]\n"
         "       [SERVICE|CONTROLLER]\n\nstatus: ",
         NULL},
        {{"check", "-h"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] check [FILE]\n", NULL},
        {{"stop", "--help"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] stop [--step-down]\n", NULL},
        {{"reload", "--help"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] reload\n", NULL},
        {{"health", "-h"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] health\n", NULL},
        {{"import", "-h"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] import FILE\n", NULL},
        {{"import", "a", "b"}, 2, NULL, "k0slbctl: import: b is one argument too many"},
        {{"doctor", "-h"},
         0,
         "usage: k0slbctl [-n NAME] [-c FILE] doctor [--json] [NAME]...\n",
         NULL},
        {{"version", "--help"}, 0, "usage: k0slbctl [-n NAME] [-c FILE] version\n", NULL},
        {{NULL}, 2, NULL, "k0slbctl: a verb is missing, such as status; try k0slbctl --help\n"},
        {{"-n", "x"}, 2, NULL, "k0slbctl: a verb is missing"},
        {{"stats"}, 2, NULL, "k0slbctl: unknown verb stats; did you mean status?\n"},
        {{"start"}, 2, NULL, "k0slbctl: unknown verb start; try k0slbctl --help\n"},
        {{""}, 2, NULL, "k0slbctl: unknown verb ;"},
        {{"-x"}, 2, NULL, "k0slbctl: option -x is unknown; try k0slbctl --help\n"},
        {{"--what"}, 2, NULL, "k0slbctl: option --what is unknown; try k0slbctl --help\n"},
        {{"-n"}, 2, NULL, "k0slbctl: option -n needs a value; try k0slbctl --help\n"},
        {{"status", "-c"},
         2,
         NULL,
         "k0slbctl: status: option -c needs a value; try k0slbctl status --help\n"},
        {{"-n", "../etc", "status"}, 2, NULL, "k0slbctl: \"../etc\" cannot be the name of"},
        {{"-n", "", "status"}, 2, NULL, "k0slbctl: \"\" cannot be the name of"},
        {{"--help=x"}, 2, NULL, "k0slbctl: option --help=x takes no value; try k0slbctl "},
        {{"health", "more"},
         2,
         NULL,
         "k0slbctl: health: more is one argument too many; try k0slbctl health --help\n"},
        {{"check", "a", "b"}, 2, NULL, "k0slbctl: check: b is one argument too many"},
        {{"-n", NOBODY, "status"}, 3, NULL, "k0slbctl: " NOBODY " is not running: "},
        {{"status", "-n", NOBODY}, 3, NULL, "k0slbctl: " NOBODY " is not running: "},
        {{"-n", NOBODY, "stop"}, 3, NULL, "k0slbctl: " NOBODY " is not running: "},
        {{"-n", NOBODY, "stop", "--step-down"}, 3, NULL, "k0slbctl: " NOBODY " is not running: "},
        {{"-n", NOBODY, "reload"}, 3, NULL, "k0slbctl: " NOBODY " is not running: "},
        {{"-n", NOBODY, "health"}, 3, NULL, "k0slbctl: " NOBODY " is not running: "},
        {{"reload", "--step-down"}, 2, NULL, "k0slbctl: reload: option --step-down is unknown; "},
        {{"--step-down", "stop"},
         2,
         NULL,
         "k0slbctl: option --step-down belongs behind the verb, as in k0slbctl stop --step-down\n"},
        {{"--json", "status"}, 2, NULL, "k0slbctl: option --json belongs behind the verb, as in "},
        {{"--hlep"},
         2,
         NULL,
         "k0slbctl: option --hlep is unknown; did you mean --help? try k0slbctl --help\n"},
        {{"status", "--jsno"},
         2,
         NULL,
         "k0slbctl: status: option --jsno is unknown; did you mean --json? try"},
        {{"status", "--json=x"}, 2, NULL, "k0slbctl: status: option --json takes no value; "},
        {{"help"}, 2, NULL, "k0slbctl: unknown verb help; try k0slbctl --help\n"},
        {{"stop", "now"}, 2, NULL, "k0slbctl: stop: now is one argument too many"},
        {{"check", NO_FILE}, 1, NULL, "k0slbctl: " NO_FILE ": "},
        {{"-c", NO_FILE, "check"}, 1, NULL, "k0slbctl: " NO_FILE ": "},
    };
    struct run run;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *out = cases[i].out != NULL ? cases[i].out : "";
        const char *err = cases[i].err != NULL ? cases[i].err : "";

        run_control(&run, cases[i].args);
        ASSERT_NUMBER(run.status, cases[i].status);
        if (strncmp(run.out, out, strlen(out)) != 0 || (*out == '\0' && run.out[0] != '\0'))
            ASSERT_TEXT(run.out, out);
        if (strncmp(run.err, err, strlen(err)) != 0 || (*err == '\0' && run.err[0] != '\0'))
            ASSERT_TEXT(run.err, err);
    }
}

static void help_names_every_verb(void)
{
    static const char *const args[] = {"--help", NULL};
    static const char *const words[] = {
        "\n  status [SERVICE|CONTROLLER]  ",
        "\n  top ",
        "\n  events ",
        "\n  drain CONTROLLER [SERVICE] ",
        "\n  ready CONTROLLER [SERVICE] ",
        "\n  maint CONTROLLER [SERVICE] ",
        "\n  check [FILE] ",
        "\n  health ",
        "\n  reload ",
        "\n  stop ",
        "\n  import FILE ",
        "\n  k0s-config ",
        "\n  doctor [NAME]... ",
        "\n  version ",
        "Exit status",
    };
    struct run run;

    run_control(&run, args);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        CU_ASSERT(strstr(run.out, words[i]) != NULL);
}

static void expect_lines_below(const char *text, size_t width)
{
    for (; *text != '\0'; text += strcspn(text, "\n") + 1) {
        if (strcspn(text, "\n") >= width)
            ASSERT_TEXT(text, "a shorter line");
    }
}

static void help_fits_every_terminal(void)
{
    struct run run;

    run_control(&run, (const char *const[]){"--help", NULL});
    expect_lines_below(run.out, 80);
    for (size_t i = 0; i < verb_count; i++) {
        run_control(&run, (const char *const[]){verbs[i].name, "--help", NULL});
        ASSERT_NUMBER(run.status, 0);
        expect_lines_below(run.out, 80);
    }
}

/* Each option is in the help of each verb that has it, beside the usage. */
static void help_explains_every_option(void)
{
    struct run run;

    for (size_t i = 0; i < verb_count; i++) {
        run_control(&run, (const char *const[]){verbs[i].name, "--help", NULL});
        for (unsigned k = 0; k < OPTION_COUNT; k++) {
            char line[40];

            snprintf(line, sizeof(line), "\n  --%s", verb_options[k].name);
            ASSERT_NUMBER(strstr(run.out, line) != NULL, verbs[i].options >> k & 1);
        }
    }
}

static void output_that_is_lost_is_a_failure(void)
{
    static const char *const args[] = {"version", NULL};
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct run run;
    int ends[2];

    CU_ASSERT_FATAL(full != -1);
    run_control_to(&run, args, full);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: cannot write the output: No space left on device\n");
    fd_close(&full);
    CU_ASSERT_FATAL(pipe(ends) == 0);
    fd_close(&ends[0]);
    run_control_to(&run, args, ends[1]);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: cannot write the output: Broken pipe\n");
    fd_close(&ends[1]);
    run_control_to(&run, args, -1);
    ASSERT_NUMBER(run.status, 1);
}

/* Writes a file in a place of its own; the caller unlinks it. */
static void write_file(char path[64], const char *text)
{
    int fd;

    strcpy(path, "/tmp/k0slb-unit-control-XXXXXX");
    fd = mkstemp(path);
    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(fd_write_all(fd, text, strlen(text)) == 0);
    fd_close(&fd);
}

static void a_good_file_is_summed_up(void)
{
    const char *args[] = {"check", NULL, NULL};
    char wanted[1000];
    char path[64];
    struct run run;

    write_file(path, "[k0slb]\nworkers = 1\n"
                     "[service web]\nlisten = 127.0.0.1:18080\nbalance = roundrobin\n"
                     "check = tcp\nserver a = 127.0.0.11:80\nserver b = [::1]:81\n"
                     "[stats]\nlisten = :19000\n");
    args[1] = path;
    run_control(&run, args);
    ASSERT_NUMBER(run.status, 0);
    snprintf(wanted, sizeof(wanted),
             "%s: ok\n"
             "  instance k0slb, 1 worker, stats :19000\n"
             "  SERVICE  LISTEN           BALANCE     CHECK  TO\n"
             "  web      127.0.0.1:18080  roundrobin  tcp    2 backends: 127.0.0.11:80, "
             "[::1]:81\n",
             path);
    ASSERT_TEXT(run.out, wanted);
    unlink(path);
}

/* What was typed, or stands in a file, is said again, and neither steers a terminal nor is lost. */
static void complaints_are_one_line(void)
{
    static char names[9000];
    const char *args[] = {"x\033[2J\ny\xc2\x9b", NULL};
    struct run run;

    run_control(&run, args);
    ASSERT_NUMBER(run.status, 2);
    ASSERT_TEXT(run.err, "k0slbctl: unknown verb x?[2J?y?; try k0slbctl --help\n");
    memset(names, 'n', sizeof(names) - 1);
    args[0] = names;
    run_control(&run, args);
    ASSERT_NUMBER(run.status, 2);
    CU_ASSERT(strncmp(run.err, "k0slbctl: unknown verb nnnn", 27) == 0);
}

static void every_mistake_of_a_file_is_told(void)
{
    const char *args[] = {"-c", NULL, "check", NULL};
    char path[64];
    struct run run;

    write_file(path, "[k0slb]\nworkers = many\n[nothing]\n"
                     "[service web]\nlisten = :18080\nserver a = 127.0.0.512:80\n");
    args[1] = path;
    run_control(&run, args);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.out, "");
    CU_ASSERT(strstr(run.err, ":2: [k0slb] workers: ") != NULL);
    CU_ASSERT(strstr(run.err, ":3: [nothing]") != NULL);
    CU_ASSERT(strstr(run.err, ":6: [service web] server a: ") != NULL);
    unlink(path);
}

static void the_file_names_the_instance(void)
{
    const char *args[] = {"-c", NULL, "status", NULL};
    char path[64];
    struct run run;

    write_file(path, "[k0slb]\nname = " NOBODY "\nrubbish = yes\n");
    args[1] = path;
    run_control(&run, args);
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, NOBODY " is not running") != NULL);
    unlink(path);
}

const struct unit_test control_tests[] = {
    {"lines_are_judged", lines_are_judged},
    {"help_names_every_verb", help_names_every_verb},
    {"help_fits_every_terminal", help_fits_every_terminal},
    {"help_explains_every_option", help_explains_every_option},
    {"output_that_is_lost_is_a_failure", output_that_is_lost_is_a_failure},
    {"a_good_file_is_summed_up", a_good_file_is_summed_up},
    {"complaints_are_one_line", complaints_are_one_line},
    {"every_mistake_of_a_file_is_told", every_mistake_of_a_file_is_told},
    {"the_file_names_the_instance", the_file_names_the_instance},
    {NULL, NULL},
};
