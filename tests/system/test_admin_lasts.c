/* What an administrator has said lasts: through reloads, deaths and new starts, until ready. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

#include "system/change.h"
#include "system/command.h"
#include "system/crowd.h"
#include "system/http.h"
#include "system/scene.h"

/* A worker, the checker and the master look once a second. */
#define HEARD_MS (1000 + SOON_MS)

#define HEAD    CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n"
#define THREE   HEAD "server b1 = @1\nserver b2 = @2\nserver b3 = @3\n"
#define WITHOUT HEAD "server b2 = @2\nserver b3 = @3\n"

static uint64_t total_of(struct scene *scene, const char *backend)
{
    return look_backend(&scene->instance, backend).counts.total;
}

static void say_all(struct scene *scene)
{
    static struct command command;

    ASSERT_NUMBER(command_run(&command, &scene->instance, "drain b1"), 0);
    ASSERT_NUMBER(command_run(&command, &scene->instance, "maint b2"), 0);
    ASSERT_NUMBER(command_run(&command, &scene->instance, "maint --self"), 0);
    CU_ASSERT_TRUE(
        wait_log(&scene->instance, "event=admin act=drain service=test backend=b1 ", HEARD_MS));
    CU_ASSERT_TRUE(
        wait_log(&scene->instance, "event=admin act=maint service=test backend=b2 ", HEARD_MS));
    CU_ASSERT_TRUE(wait_log(&scene->instance, "event=admin act=maint service=- ", HEARD_MS));
}

/* All of it is as it was said, and clients are served by the rest. */
static void check_all(struct scene *scene)
{
    static struct command command;
    uint64_t first = total_of(scene, "b1");
    uint64_t second = total_of(scene, "b2");

    ASSERT_NUMBER(look_backend(&scene->instance, "b1").status, STATUS_DRAIN);
    ASSERT_NUMBER(look_backend(&scene->instance, "b2").status, STATUS_MAINT);
    ASSERT_NUMBER(command_run(&command, &scene->instance, "health"), 1);
    ASSERT_TEXT(command.text, "maint\n");
    ASSERT_NUMBER(client_visit_many(&scene->listen, 12), 0);
    ASSERT_NUMBER(total_of(scene, "b1"), first);
    ASSERT_NUMBER(total_of(scene, "b2"), second);
}

/* What was said before is no act of this start. */
static void start_again(struct scene *scene, int signal, int status)
{
    instance_signal(&scene->instance, signal);
    ASSERT_NUMBER(instance_wait_exit(&scene->instance, SOON_MS), status);
    ASSERT_NUMBER(instance_start(&scene->instance), 0);
    check_all(scene);
    ASSERT_NUMBER(instance_log_count(&scene->instance, "event=admin "), 3);
}

/* ---- reloads and starts ---- */

static void test_survives(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        say_all(&scene);
        check_all(&scene);
        ASSERT_CHANGE(&scene, THREE);
        check_all(&scene);
        start_again(&scene, SIGKILL, 128 + SIGKILL);
        start_again(&scene, SIGUSR2, 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1 --wait --timeout 30s"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b2 --wait --timeout 30s"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready --self"), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 0);
    }
    scene_close(&scene);
}

/* With its master dead the balancer is told all the same, and the next start goes on with it. */
static void test_without_master(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        instance_signal(&scene.instance, SIGUSR2);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1"), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 12), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_DRAIN);
        ASSERT_NUMBER(total_of(&scene, "b1"), 0);
    }
    scene_close(&scene);
}

/* A worker of the earlier start has a session, and nobody knows where: that is waited for. */
static void test_wait_for_orphans(void)
{
    static struct command command;
    static struct crowd watches;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(crowd_open(&watches, &scene.listen, 1), 0);
        instance_signal(&scene.instance, SIGUSR2);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1 --wait --timeout 1500ms"),
                      1);
        CU_ASSERT_TRUE(command_said(&command, ") of an earlier start has sessions\n"));
        command_start(&command, &scene.instance, "drain b1 --wait --timeout 30s");
        crowd_close(&watches);
        ASSERT_NUMBER(command_finish(&command), 0);
        CU_ASSERT_TRUE(command_said(&command, "safe to upgrade\n"));
    }
    scene_close(&scene);
}

/* ---- deaths ---- */

static void kill_child(struct scene *scene, enum board_role role, unsigned slot)
{
    pid_t pid = instance_child(&scene->instance, role, slot);

    ASSERT_NUMBER(instance_kill(pid, SIGKILL), 0);
    CU_ASSERT(wait_child(&scene->instance, role, slot, pid, SOON_MS) != -1);
}

/* A checker that has not heard of it before goes on where the last one was: it asks nobody there.
 */
static void test_deaths(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        say_all(&scene);
        kill_child(&scene, BOARD_ROLE_CHECKER, 0);
        CU_ASSERT_TRUE(wait_checked_again(&scene.instance, "b3", SOON_MS));
        CU_ASSERT_TRUE(wait_checked_again(&scene.instance, "b1", SOON_MS));
        CU_ASSERT_FALSE(wait_checked_again(&scene.instance, "b2", 500));
        for (unsigned i = 0; i < scene_mode()->workers; i++)
            kill_child(&scene, BOARD_ROLE_WORKER, i);
        check_all(&scene);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b2 --wait --timeout 30s"), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").status, STATUS_UP);
    }
    scene_close(&scene);
}

/* ---- another one of that name ---- */

/* A reload takes it away, another one brings back one of its name: that is a new one. The slot is
 * the old one as long as a session goes on in it. */
static void take_away_and_bring_back(struct scene *scene, const char *words)
{
    static struct command command;

    ASSERT_NUMBER(command_run(&command, &scene->instance, words), 0);
    ASSERT_CHANGE(scene, WITHOUT);
    ASSERT_NUMBER(client_visit_many(&scene->listen, 6), 0);
    ASSERT_CHANGE(scene, THREE);
    CU_ASSERT_TRUE(wait_status(&scene->instance, "b1", STATUS_UP, HEARD_MS));
}

static void test_another_one(void)
{
    static struct crowd watches;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(crowd_open(&watches, &scene.listen, 3), 0);
        take_away_and_bring_back(&scene, "drain b1");
        ASSERT_NUMBER(crowd_echo(&watches, &lost), 3);
        crowd_close(&watches);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        take_away_and_bring_back(&scene, "maint b1");
    }
    scene_close(&scene);
}

/* ---- the balancer itself ---- */

/* An act of it is told everywhere. */
static bool has_event(const struct snapshot *snapshot, const void *context)
{
    for (size_t i = 0; i < snapshot->event_count; i++) {
        if (strncmp(snapshot->events[i].text, context, strlen(context)) == 0)
            return true;
    }
    return false;
}

static void test_self(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    static struct command command;
    static char answer[256 * 1024];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint --self"), 0);
        CU_ASSERT_TRUE(command_said(&command, ": maint: it goes on serving"));
        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 503);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "maint\n"));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 1);
        ASSERT_TEXT(command.text, "maint\n");
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        CU_ASSERT_TRUE(
            wait_board(&scene.instance, has_event, "this balancer: maint by uid ", HEARD_MS));
        ASSERT_NUMBER(http_get(&scene.stats, "/stats.json", answer, sizeof(answer)), 200);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\"text\":\"this balancer: maint by uid "));
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\"admin\":\"maint\""));
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready --self"), 0);
        ASSERT_NUMBER(http_get(&scene.stats, "/healthz", answer, sizeof(answer)), 200);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "health"), 0);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"survives", test_survives},
    {"without_master", test_without_master},
    {"wait_for_orphans", test_wait_for_orphans},
    {"deaths", test_deaths},
    {"another_one", test_another_one},
    {"self", test_self},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_admin_lasts", suites, argc, argv);
}
