/* status and events: what their lines mean, and what they print of an instance. */
#include <string.h>
#include <unistd.h>

#include "base/defs.h"
#include "master.h"
#include "unit/report/json_checker.h"
#include "unit/unit.h"

extern const struct unit_test status_tests[];

static void lines_are_judged(void)
{
    static const struct {
        const char *args[RUN_ARGS];
        int status;
        const char *out; /* what it begins with; NULL = nothing */
        const char *err;
    } cases[] = {
        {{"status"}, 0, "k0slb ", NULL},
        {{"status", "--json"}, 0, "{\"version\":", NULL},
        {{"status", "--names"}, 0, NULL, NULL},
        {{"status", "kubeAPI"},
         1,
         NULL,
         "k0slbctl: there is no service and no controller named kubeAPI\n"
         "k0slbctl: there are: none\n"},
        {{"status", "--json", "kubeAPI"}, 1, NULL, "k0slbctl: there is no service and no "},
        {{"status", "a", "b"}, 2, NULL, "k0slbctl: status: b is one argument too many; "},
        {{"status", "--names", "--json"}, 2, NULL, "k0slbctl: status: --names prints them all"},
        {{"status", "--names", "cp1"}, 2, NULL, "k0slbctl: status: --names prints them all"},
        {{"status", "--json=yes"}, 2, NULL, "k0slbctl: status: option --json takes no value; "},
        {{"events"}, 0, NULL, NULL},
        {{"events", "--json"}, 0, "[]\n", NULL},
        {{"events", "5"}, 2, NULL, "k0slbctl: events: 5 is one argument too many; "},
    };
    struct master master;
    struct run run;

    master_start(&master, getpid(), NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *args[RUN_ARGS + 2] = {"-n", master.name};
        const char *out = cases[i].out != NULL ? cases[i].out : "";
        const char *err = cases[i].err != NULL ? cases[i].err : "";

        memcpy(args + 2, cases[i].args, (RUN_ARGS - 2) * sizeof(*args));
        run_control(&run, args);
        ASSERT_NUMBER(run.status, cases[i].status);
        if (strncmp(run.out, out, strlen(out)) != 0 || (*out == '\0' && run.out[0] != '\0'))
            ASSERT_TEXT(run.out, out);
        if (strncmp(run.err, err, strlen(err)) != 0 || (*err == '\0' && run.err[0] != '\0'))
            ASSERT_TEXT(run.err, err);
    }
    master_remove(&master);
}

/* A pipe is no terminal: colours are there where they are asked for. */
static void colours_have_to_be_asked_for(void)
{
    struct master master;
    struct run run;

    master_start(&master, getpid(), NULL);
    run_control(&run, (const char *const[]){"-n", master.name, "status", NULL});
    CU_ASSERT_PTR_NULL(strchr(run.out, '\033'));
    master_kill(&master);
    run_control(&run, (const char *const[]){"-n", master.name, "status", "--color", NULL});
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "\033[31mDEAD\033[0m"));
    master_remove(&master);
}

static void json_is_json(void)
{
    struct master master;
    struct run run;

    master_start(&master, getpid(), NULL);
    run_control(&run, (const char *const[]){"-n", master.name, "status", "--json", NULL});
    CU_ASSERT(json_is_valid(run.out));
    master_remove(&master);
}

const struct unit_test status_tests[] = {
    {"lines_are_judged", lines_are_judged},
    {"colours_have_to_be_asked_for", colours_have_to_be_asked_for},
    {"json_is_json", json_is_json},
    {NULL, NULL},
};
