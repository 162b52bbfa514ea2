#include "control/admin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "master.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test admin_tests[];

#define NOBODY     "k0slb-unit-nobody"
#define NOBODY_UID 65534

/* ---- the command line ---- */

static void lines_are_judged(void)
{
    static const struct {
        const char *args[RUN_ARGS];
        int status;
        const char *err; /* what it begins with */
    } cases[] = {
        {{"drain"}, 2, "k0slbctl: drain: which controller?; try k0slbctl drain --help\n"},
        {{"ready", "--wait"}, 2, "k0slbctl: ready: which controller?"},
        {{"maint", "a", "b", "c"}, 2, "k0slbctl: maint: c is one argument too many"},
        {{"maint", "a", "--self"}, 2, "k0slbctl: maint: --self is this balancer"},
        {{"maint", "--self", "--wait"}, 2, "k0slbctl: maint: --self takes no other option"},
        {{"maint", "--self", "--force"}, 2, "k0slbctl: maint: --self takes no other option"},
        {{"drain", "--self"}, 2, "k0slbctl: option --self is unknown"},
        {{"maint", "a", "--over", "3s"}, 2, "k0slbctl: option --over is unknown"},
        {{"ready", "a", "--force"}, 2, "k0slbctl: option --force is unknown"},
        {{"status", "--wait"}, 2, "k0slbctl: option --wait is unknown"},
        {{"drain", "a", "--over"}, 2, "k0slbctl: option --over needs a value"},
        {{"drain", "a", "--over", "soon"}, 2, "k0slbctl: \"soon\" is not a duration such as "},
        {{"drain", "a", "--over", "25h"}, 2, "k0slbctl: 25h is not between 1ms and 24h\n"},
        {{"drain", "a", "--over=0"}, 2, "k0slbctl: 0 is not between 1ms and 24h\n"},
        {{"drain", "a", "--wait", "--timeout", "-1s"}, 2, "k0slbctl: \"-1s\" is not a duration"},
        {{"drain", "a", "--timeout", "1s"}, 2, "k0slbctl: drain: --timeout is about --wait"},
        {{"-n", NOBODY, "drain", "a", "b"}, 3, "k0slbctl: " NOBODY " is not running: "},
        {{"ready", "a", "-n", NOBODY, "--wait"}, 3, "k0slbctl: " NOBODY " is not running: "},
        {{"-n", NOBODY, "maint", "--self"}, 3, "k0slbctl: " NOBODY " is not running: "},
        {{"-n", NOBODY, "events"}, 3, "k0slbctl: " NOBODY " is not running: "},
    };
    struct run run;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        run_control(&run, cases[i].args);
        ASSERT_NUMBER(run.status, cases[i].status);
        ASSERT_TEXT(run.out, "");
        if (strncmp(run.err, cases[i].err, strlen(cases[i].err)) != 0)
            ASSERT_TEXT(run.err, cases[i].err);
    }
}

static void help_tells_the_options(void)
{
    struct run run;

    run_control(&run, (const char *const[]){"drain", "--help", NULL});
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, "drain [--over TIME] [--wait] [--timeout TIME] [--force] "
                              "CONTROLLER [SERVICE]\n") != NULL);
    run_control(&run, (const char *const[]){"ready", "--help", NULL});
    CU_ASSERT(strstr(run.out, "ready [--wait] [--timeout TIME] [--self] CONTROLLER [SERVICE]\n") !=
              NULL);
}

/* ---- a master ---- */

static void self_is_said(void)
{
    struct master master;
    struct run run;

    master_start(&master, getpid(), NULL);
    run_control(&run, (const char *const[]){"-n", master.name, "maint", "--self", NULL});
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT(strstr(run.out, ": maint: it goes on serving, and /healthz answers 503\n") != NULL);
    master_run_verb(&master, &run, "health");
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.out, "maint\n");
    run_control(&run, (const char *const[]){"-n", master.name, "ready", "--self", NULL});
    ASSERT_NUMBER(run.status, 0);
    run_control(&run, (const char *const[]){"-n", master.name, "drain", "cp1", NULL});
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: there is no controller cp1\n");
    master_remove(&master);
}

/* Nobody is left who could obey. */
static void the_dead_are_not_told(void)
{
    struct master master;
    struct run run;

    master_start(&master, 0, NULL);
    master_kill(&master);
    run_control(&run, (const char *const[]){"-n", master.name, "maint", "--self", NULL});
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, "is dead, and nothing of it is left\n") != NULL);
    master_remove(&master);
}

static int try_as_nobody(void *context)
{
    const struct master *master = context;
    char wanted[256];
    struct run run;

    if (!child_become(NOBODY_UID, NOBODY_UID))
        return CHILD_SKIP;
    snprintf(wanted, sizeof(wanted),
             "k0slbctl: %s cannot be changed: run this as root, or as the user who started it\n",
             master->name);
    run_control(&run, (const char *const[]){"-n", master->name, "drain", "cp1", NULL});
    CHILD_EXPECT(run.status == 1);
    CHILD_EXPECT(strcmp(run.err, wanted) == 0);
    return 0;
}

static void others_may_not(void)
{
    struct master master;
    int status;

    master_start(&master, getpid(), NULL);
    status = child_run(try_as_nobody, &master);
    if (status == CHILD_SKIP)
        unit_skip("not root");
    else
        ASSERT_NUMBER(status, 0);
    master_remove(&master);
}

/* ---- what is dangerous ---- */

/* Controllers cp1 to cp5 as letters: U up, S suspect, D down, X drain, M maint, N unchecked, 0 up
 * with weight 0. */
struct picture {
    const char *service;
    const char *states;
    bool disabled;
};

static enum snapshot_status status_of(char letter)
{
    switch (letter) {
    case 'S':
        return STATUS_SUSPECT;
    case 'D':
        return STATUS_DOWN;
    case 'X':
        return STATUS_DRAIN;
    case 'M':
        return STATUS_MAINT;
    case 'N':
        return STATUS_UNCHECKED;
    default:
        return STATUS_UP;
    }
}

static void draw(const struct picture *picture, struct snapshot_service *service,
                 struct snapshot_backend *backends)
{
    strcpy(service->name, picture->service);
    service->enabled = !picture->disabled;
    service->backends = backends;
    service->backend_count = strlen(picture->states);
    for (size_t i = 0; i < service->backend_count; i++) {
        backends[i].status = status_of(picture->states[i]);
        backends[i].weight = picture->states[i] == '0' ? 0 : 1;
        snprintf(backends[i].name, sizeof(backends[i].name), "cp%u", (unsigned)i + 1);
    }
}

static void dangers_are_found(void)
{
    static const struct {
        struct picture services[2];
        const char *controller;
        const char *service;
        const char *dangers;
    } cases[] = {
        {{{"kubeAPI", "UUU", false}, {"web", "UUU", false}}, "cp1", NULL, ""},
        {{{"kubeAPI", "SSS", false}, {"web", "UUU", false}}, "cp1", NULL, ""},
        {{{"kubeAPI", "UUU", false}, {"web", "UDD", false}},
         "cp1",
         NULL,
         "cp1 is the last one of web that is up\n"},
        {{{"kubeAPI", "UUU", false}, {"web", "UDD", true}}, "cp1", NULL, ""},
        {{{"kubeAPI", "UUU", false}, {"web", "UDD", false}}, "cp2", NULL, ""},
        {{{"kubeAPI", "UUU", false}, {"web", "UDD", false}}, "cp1", "kubeAPI", ""},
        {{{"kubeAPI", "UUU", false}, {"web", "UNX", false}},
         "cp1",
         "web",
         "cp1 is the last one of web that is up\n"},
        {{{"kubeAPI", "UUU", false}, {"web", "U00", false}},
         "cp1",
         "web",
         "cp1 is the last one of web that is up\n"},
        {{{"kubeAPI", "UUX", false}, {"web", "UUU", false}},
         "cp1",
         NULL,
         "1 of 3 controllers would be left, and etcd needs 2 for its quorum\n"},
        {{{"kubeAPI", "UUX", false}, {"web", "UUU", false}}, "cp3", NULL, ""},
        {{{"kubeAPI", "UUX", false}, {"web", "UUU", false}}, "cp1", "web", ""},
        {{{"kubeAPI", "UUUMU", false}, {"web", "UUU", false}}, "cp1", NULL, ""},
        {{{"kubeAPI", "UUUMD", false}, {"web", "UUU", false}},
         "cp1",
         NULL,
         "2 of 5 controllers would be left, and etcd needs 3 for its quorum\n"},
        {{{"kubeAPI", "UU", false}, {"web", "UU", false}},
         "cp2",
         NULL,
         "1 of 2 controllers would be left, and etcd needs 2 for its quorum\n"},
        {{{"kubeAPI", "U", false}, {"web", "U", false}},
         "cp1",
         "kubeAPI",
         "cp1 is the last one of kubeAPI that is up\n"
         "0 of 1 controllers would be left, and etcd needs 1 for its quorum\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct snapshot_backend backends[2][5] = {0};
        struct snapshot_service services[2] = {0};
        struct snapshot snapshot = {.services = services, .service_count = 2};
        struct admin_plan plan = {.controller = cases[i].controller,
                                  .service = cases[i].service,
                                  .state = BOARD_ADMIN_DRAIN};
        struct textbuf text;

        draw(&cases[i].services[0], &services[0], backends[0]);
        draw(&cases[i].services[1], &services[1], backends[1]);
        textbuf_init(&text, 4096);
        textbuf_puts(&text, "");
        (void)admin_find_dangers(&plan, &snapshot, &snapshot, &text);
        ASSERT_TEXT(text.data != NULL ? text.data : "", cases[i].dangers);
        plan.state = BOARD_ADMIN_READY;
        ASSERT_NUMBER(admin_find_dangers(&plan, &snapshot, &snapshot, &text), 0);
        textbuf_fini(&text);
    }
}

const struct unit_test admin_tests[] = {
    {"lines_are_judged", lines_are_judged},
    {"help_tells_the_options", help_tells_the_options},
    {"self_is_said", self_is_said},
    {"the_dead_are_not_told", the_dead_are_not_told},
    {"others_may_not", others_may_not},
    {"dangers_are_found", dangers_are_found},
    {NULL, NULL},
};
