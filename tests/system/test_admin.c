/* What an administrator says: drain, maint and ready, of a backend and of the balancer itself. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#include "system/change.h"
#include "system/command.h"
#include "system/crowd.h"
#include "system/http.h"
#include "system/load.h"
#include "system/scene.h"

/* A worker looks once a second. */
#define HEARD_MS (1000 + SOON_MS)

#define THREE                                                                                      \
    CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n"                             \
                 "server b1 = @1\nserver b2 = @2\nserver b3 = @3\n"

static uint64_t total_of(struct scene *scene, const char *backend)
{
    return look_backend(&scene->instance, backend).counts.total;
}

static unsigned count_open(struct crowd *crowd)
{
    unsigned open = 0;

    for (unsigned i = 0; i < crowd->count; i++)
        open += client_next(&crowd->clients[i], 0) == CLIENT_STILL_OPEN;
    return open;
}

/* ---- drain ---- */

/*
 * Watches stay open and visitors come: the watches of one backend are closed over the time that was
 * given, no visitor fails, and none goes there any more.
 */
static void test_drain_under_load(void)
{
    static struct command command;
    static struct crowd watches;
    static struct load load;
    struct load_plan plan = {.visitors = 3, .pause_us = 500};
    struct scene scene;
    uint64_t before;

    if (change_open(&scene, 3, THREE) == 0) {
        plan.address = scene.listen;
        ASSERT_NUMBER(crowd_open(&watches, &scene.listen, 30), 0);
        CU_ASSERT_TRUE_FATAL(load_start(&load, &plan) == 0);
        ASSERT_NUMBER(
            command_run(&command, &scene.instance, "drain b1 --over 1s --wait --timeout 30s"), 0);
        CU_ASSERT_TRUE(command_said(&command, "b1: drain over 1s in test; open sessions: "));
        CU_ASSERT_TRUE(command_said(&command, "b1: no session is left: safe to upgrade\n"));
        before = total_of(&scene, "b1");
        CU_ASSERT_TRUE(load_wait_visits(&load, atomic_load(&load.visits) + 100, 20000));
        ASSERT_NUMBER(total_of(&scene, "b1"), before);
        ASSERT_NUMBER(count_open(&watches), 20);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1 --wait --timeout 30s"), 0);
        CU_ASSERT_TRUE(command_said(&command, "b1: up\n"));
        CU_ASSERT_TRUE(load_wait_visits(&load, atomic_load(&load.visits) + 100, 20000));
        CU_ASSERT_TRUE(total_of(&scene, "b1") > before);
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        crowd_close(&watches);
    }
    scene_close(&scene);
}

/* Without a time nobody is closed, and the wait ends without success. */
static void test_drain_waits(void)
{
    static struct command command;
    static struct crowd watches;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(crowd_open(&watches, &scene.listen, 3), 0);
        ASSERT_NUMBER(
            command_run(&command, &scene.instance, "drain --wait b2 test --timeout 1500ms"), 1);
        CU_ASSERT_TRUE(
            command_said(&command, "b2: not without sessions after 1500ms: test has 1 session\n"));
        ASSERT_NUMBER(crowd_echo(&watches, &lost), 3);
        command_start(&command, &scene.instance, "drain b2 --wait --timeout 30s");
        crowd_close(&watches);
        ASSERT_NUMBER(command_finish(&command), 0);
        CU_ASSERT_TRUE(command_said(&command, "safe to upgrade\n"));
    }
    scene_close(&scene);
}

/* ---- maint ---- */

/* The checker has a second to hear of it; then there is no result any more. */
static bool is_no_longer_probed(struct scene *scene, const char *backend)
{
    for (int i = 0; i < 50; i++) {
        if (!wait_checked_again(&scene->instance, backend, 500))
            return !wait_checked_again(&scene->instance, backend, 500);
    }
    return false;
}

static void test_maint(void)
{
    static struct command command;
    static struct crowd watches;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(crowd_open(&watches, &scene.listen, 30), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint b3 --wait --timeout 30s"), 0);
        CU_ASSERT_TRUE(command_said(&command, "b3: maint in test; open sessions: 10\n"));
        CU_ASSERT_TRUE(command_said(&command, "safe to upgrade\n"));
        ASSERT_NUMBER(crowd_echo(&watches, &lost), 20);
        CU_ASSERT_TRUE(is_no_longer_probed(&scene, "b3"));
        ASSERT_NUMBER(look_backend(&scene.instance, "b3").status, STATUS_MAINT);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b3 --wait --timeout 30s"), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b3").status, STATUS_UP);
        crowd_close(&watches);
    }
    scene_close(&scene);
}

/* It was said to be ready while it is dead: waiting for that ends. */
static void test_ready_in_vain(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint b1"), 0);
        peer_shut(&scene.peers[0]);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1 --wait --timeout 4s"), 1);
        CU_ASSERT_TRUE(command_said(&command, "b1: not up after 4s: test is down\n"));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
    }
    scene_close(&scene);
}

/* ---- refusals ---- */

static void test_last_one(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b2"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint b3"), 1);
        CU_ASSERT_TRUE(command_said(&command, "k0slbctl: b3 is the last one of test that is up\n"
                                              "k0slbctl: nothing has been changed; "));
        ASSERT_NUMBER(look_backend(&scene.instance, "b3").status, STATUS_UP);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint b1"), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b3 --force"), 0);
        CU_ASSERT_TRUE(command_said(&command, "warning: b3 is the last one of test that is up\n"));
        ASSERT_NUMBER(look_backend(&scene.instance, "b3").status, STATUS_DRAIN);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 1), 1);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b9"), 1);
        CU_ASSERT_TRUE(command_said(&command, "there is no controller b9; there are b1, b2, b3\n"));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1 tset"), 1);
        CU_ASSERT_TRUE(command_said(&command, "there is no service tset\n"));
    }
    scene_close(&scene);
}

#define CONTROLLERS                                                                                \
    CHANGE_BEGIN "[service kubeAPI]\nlisten = @L\ncheck = tcp\nhello_timeout = 0\n"                \
                 "server b1 = @1\nserver b2 = @2\nserver b3 = @3\n"

static void test_quorum(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, CONTROLLERS) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b2"), 1);
        CU_ASSERT_TRUE(command_said(
            &command, "1 of 3 controllers would be left, and etcd needs 2 for its quorum\n"));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1 --wait --timeout 30s"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b2"), 0);
    }
    scene_close(&scene);
}

/* ---- what lasts ---- */

static void test_survives(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint b2"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint --self"), 0);
        CU_ASSERT_TRUE(
            wait_log(&scene.instance, "admin: service=test backend=b1 state=drain uid=", HEARD_MS));
        CU_ASSERT_TRUE(wait_log(&scene.instance, "admin: self state=maint uid=", HEARD_MS));
        ASSERT_CHANGE(&scene, THREE);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_DRAIN);
        instance_signal(&scene.instance, SIGKILL);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 128 + SIGKILL);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_DRAIN);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").status, STATUS_MAINT);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 1);
        ASSERT_TEXT(command.text, "maint\n");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "k0slb ", SOON_MS));
        ASSERT_NUMBER(instance_log_count(&scene.instance, "admin: "), 3);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        ASSERT_NUMBER(total_of(&scene, "b2"), 0);
    }
    scene_close(&scene);
}

/* Acts are events, with who it was. */
static bool has_event(const struct snapshot *snapshot, const void *context)
{
    for (size_t i = 0; i < snapshot->event_count; i++) {
        if (strncmp(snapshot->events[i].text, context, strlen(context)) == 0)
            return true;
    }
    return false;
}

static void test_events(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1 --over 5m"), 0);
        CU_ASSERT_TRUE(
            wait_board(&scene.instance, has_event, "test/b1: drain over 5m by uid ", HEARD_MS));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1"), 0);
        CU_ASSERT_TRUE(wait_board(&scene.instance, has_event, "test/b1: ready by uid ", HEARD_MS));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "events"), 0);
        CU_ASSERT_TRUE(command_said(&command, "Z  test/b1: drain over 5m by uid "));
        CU_ASSERT_TRUE(command_said(&command, "Z  test/b1: ready by uid "));
    }
    scene_close(&scene);
}

/* ---- the balancer itself ---- */

static void test_self(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    static struct command command;
    char answer[4096];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint --self"), 0);
        CU_ASSERT_TRUE(command_said(&command, ": maint: it goes on serving"));
        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 503);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "maint\n"));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 1);
        ASSERT_TEXT(command.text, "maint\n");
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready --self"), 0);
        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 200);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 0);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"drain_under_load", test_drain_under_load},
    {"drain_waits", test_drain_waits},
    {"maint", test_maint},
    {"ready_in_vain", test_ready_in_vain},
    {"last_one", test_last_one},
    {"quorum", test_quorum},
    {"survives", test_survives},
    {"events", test_events},
    {"self", test_self},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_admin", suites, argc, argv);
}
