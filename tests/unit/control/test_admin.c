#include "control/admin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "board/board_admin.h"
#include "board/board_map.h"
#include "master.h"
#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
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
        {{"drain"}, 2, "k0slbctl: drain: which controller? try k0slbctl drain --help\n"},
        {{"ready", "--wait"}, 2, "k0slbctl: ready: which controller?"},
        {{"maint", "a", "b", "c"}, 2, "k0slbctl: maint: c is one argument too many"},
        {{"maint", "a", "--self"}, 2, "k0slbctl: maint: --self is this balancer"},
        {{"maint", "--self", "--wait"}, 2, "k0slbctl: maint: --self takes no other option"},
        {{"maint", "--self", "--force"}, 2, "k0slbctl: maint: --self takes no other option"},
        {{"drain", "--self"},
         2,
         "k0slbctl: drain: option --self is unknown; try k0slbctl drain --help\n"},
        {{"maint", "a", "--over", "3s"}, 2, "k0slbctl: maint: option --over is unknown"},
        {{"ready", "a", "--force"}, 2, "k0slbctl: ready: option --force is unknown"},
        {{"status", "--wait"}, 2, "k0slbctl: status: option --wait is unknown"},
        {{"drain", "a", "--over"}, 2, "k0slbctl: drain: option --over needs a value"},
        {{"drain", "a", "--over", "soon"},
         2,
         "k0slbctl: drain: --over: \"soon\" is not a duration such as "},
        {{"drain", "a", "--over", "25h"},
         2,
         "k0slbctl: drain: --over: 25h is not between 1ms and 24h\n"},
        {{"drain", "a", "--over=0"}, 2, "k0slbctl: drain: --over: 0 is not between 1ms and 24h\n"},
        {{"drain", "a", "--wait", "--timeout", "-1s"},
         2,
         "k0slbctl: drain: --timeout: \"-1s\" is not a duration"},
        {{"drain", "--wiat", "a"},
         2,
         "k0slbctl: drain: option --wiat is unknown; did you mean --wait? try k0slbctl drain "
         "--help\n"},
        {{"drain", "a", "--foce=x"}, 2, "k0slbctl: drain: option --foce=x is unknown; did you "},
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
    CU_ASSERT(strstr(run.out, "drain [--over TIME] [--wait]\n       [--timeout TIME] [--force] "
                              "CONTROLLER [SERVICE]\n") != NULL);
    run_control(&run, (const char *const[]){"ready", "--help", NULL});
    CU_ASSERT(strstr(run.out, "ready [--wait] [--timeout TIME] [--self]\n       "
                              "CONTROLLER [SERVICE]\n") != NULL);
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

/* Controllers cp1 to cp5 as letters: U up, S suspect, D down, B blocked, X drain, M maint, N
 * unchecked, 0 up with weight 0. The service "join" requires the other one. */
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
    case 'B':
        return STATUS_BLOCKED;
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

static enum board_admin_state admin_of(char letter)
{
    if (letter == 'M')
        return BOARD_ADMIN_MAINT;
    return letter == 'X' ? BOARD_ADMIN_DRAIN : BOARD_ADMIN_READY;
}

static void draw(const struct picture *picture, struct snapshot_service *service,
                 struct snapshot_backend *backends)
{
    strcpy(service->name, picture->service);
    service->enabled = !picture->disabled;
    service->required = strcmp(picture->service, "join") == 0 ? 0 : BOARD_NO_SLOT;
    service->backends = backends;
    service->backend_count = strlen(picture->states);
    for (size_t i = 0; i < service->backend_count; i++) {
        backends[i].status = status_of(picture->states[i]);
        backends[i].admin = admin_of(picture->states[i]);
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
         "cp1 is the last one of kubeAPI that is up\n"},
        {{{"kubeAPI", "UU0", false}, {"web", "UUU", false}}, "cp1", NULL, ""},
        {{{"kubeAPI", "UX0", false}, {"web", "UUU", false}},
         "cp3",
         NULL,
         "1 of 3 controllers would be left, and etcd needs 2 for its quorum\n"},
        {{{"kubeAPI", "UUU", false}, {"join", "UBD", false}},
         "cp1",
         "kubeAPI",
         "cp1 is the last one of join that is up\n"},
        {{{"kubeAPI", "UXU", false}, {"join", "UUD", false}},
         "cp1",
         "join",
         "cp1 is the last one of join that is up\n"},
        {{{"kubeAPI", "UUU", false}, {"join", "UUD", false}}, "cp1", "kubeAPI", ""},
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
        services[1].slot = 1;
        textbuf_init(&text, 4096);
        textbuf_puts(&text, "");
        (void)admin_find_dangers(&plan, &snapshot, &snapshot, &text);
        ASSERT_TEXT(text.data != NULL ? text.data : "", cases[i].dangers);
        plan.state = BOARD_ADMIN_READY;
        ASSERT_NUMBER(admin_find_dangers(&plan, &snapshot, &snapshot, &text), 0);
        textbuf_fini(&text);
    }
}

/* ---- two at the same moment ---- */

/* A board of kubeAPI with three controllers that are up, and the administrator's mapping of it. */
static struct board *open_three(struct board **admin, unsigned slots[3])
{
    struct board *board = scratch_board(1, 3, 2);
    struct conf_service service = {.enabled = true};
    struct conf_backend backend = {.weight = 1};
    unsigned slot;

    strcpy(service.name, "kubeAPI");
    slot = claim_service(board, &service);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(backend.name, sizeof(backend.name), "cp%u", i + 1);
        slots[i] = claim_backend(board, slot, &backend);
        atomic_store(
            (_Atomic uint64_t *)board_writable(board, &board_health_words(board)[slots[i]]),
            (uint64_t)(board_backend_life(board, slots[i]) & 0xff) << 8 | BOARD_UP);
    }
    *admin = board_open_admin(board_master(board)->name);
    CU_ASSERT_FATAL(*admin != NULL);
    return board;
}

/* The other one has said his between our looking and our saying: ours is taken back, not his. */
static void the_second_takes_it_back(void)
{
    const struct board_admin_act other = {.state = BOARD_ADMIN_DRAIN};
    unsigned slots[3];
    struct board *admin;
    struct board *board = open_three(&admin, slots);
    struct admin_plan plan = {
        .instance = board_master(board)->name, .controller = "cp1", .state = BOARD_ADMIN_DRAIN};
    struct snapshot *before = snapshot_take(board);

    CU_ASSERT_FATAL(before != NULL);
    ASSERT_NUMBER(before->services[0].backends[0].status, STATUS_UP);
    (void)board_set_admin(admin, slots[1], &other);
    ASSERT_NUMBER(admin_say(admin, &plan, before), ADMIN_REFUSED);
    ASSERT_NUMBER(board_admin_word(board, slots[0]), 0);
    ASSERT_NUMBER(board_admin(board, slots[1]), BOARD_ADMIN_DRAIN);
    plan.forces = true;
    ASSERT_NUMBER(admin_say(admin, &plan, before), ADMIN_SAID);
    ASSERT_NUMBER(board_admin(board, slots[0]), BOARD_ADMIN_DRAIN);
    snapshot_free(before);
    board_close(admin);
    scratch_drop(board);
}

/* Another start has made a board of its own meanwhile; then it has been stopped. */
static void another_board_is_noticed(void)
{
    unsigned slots[3];
    struct board *admin;
    struct board *board = open_three(&admin, slots);
    const char *name = board_master(board)->name;
    const struct board_plan again = {
        .name = name, .services = 1, .backends = 3, .workers = 2, .group = (gid_t)-1};
    struct admin_plan plan = {.instance = name, .controller = "cp1", .state = BOARD_ADMIN_DRAIN};
    struct snapshot *before = snapshot_take(board);
    struct board *other = made_board(&again);

    CU_ASSERT_FATAL(before != NULL && other != NULL);
    board_my_master(other)->prefix.master_start_time++;
    ASSERT_NUMBER(admin_say(admin, &plan, before), ADMIN_ELSEWHERE);
    board_unlink(other);
    ASSERT_NUMBER(admin_say(admin, &plan, before), ADMIN_GONE);
    snapshot_free(before);
    board_close(other);
    board_close(admin);
    scratch_drop(board);
}

const struct unit_test admin_tests[] = {
    {"lines_are_judged", lines_are_judged},
    {"help_tells_the_options", help_tells_the_options},
    {"self_is_said", self_is_said},
    {"the_dead_are_not_told", the_dead_are_not_told},
    {"others_may_not", others_may_not},
    {"dangers_are_found", dangers_are_found},
    {"the_second_takes_it_back", the_second_takes_it_back},
    {"another_board_is_noticed", another_board_is_noticed},
    {NULL, NULL},
};
