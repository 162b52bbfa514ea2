/* What an administrator says: drain, maint and ready, and what is refused. */
#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#include "system/change.h"
#include "system/command.h"
#include "system/crowd.h"
#include "system/http.h"
#include "system/load.h"
#include "system/mesh.h"
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
        CU_ASSERT_TRUE(command_said(&command, "\n1 session left; --over TIME closes it\n"));
        ASSERT_NUMBER(crowd_echo(&watches, &lost), 3);
        command_start(&command, &scene.instance, "drain b2 --wait --timeout 30s");
        crowd_close(&watches);
        ASSERT_NUMBER(command_finish(&command), 0);
        CU_ASSERT_TRUE(command_said(&command, "safe to upgrade\n"));
    }
    scene_close(&scene);
}

/* Said once more it is nothing new; what has been stopped cannot be waited for. */
static void test_wait_ends(void)
{
    static struct command command;
    static struct crowd watches;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(crowd_open(&watches, &scene.listen, 3), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1"), 0);
        command_start(&command, &scene.instance, "drain b1 --wait --timeout 60s");
        CU_ASSERT_TRUE(command_has_begun(&command, "b1: drain in test; open sessions: 1\n"));
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
        ASSERT_NUMBER(command_finish(&command), 3);
        CU_ASSERT_TRUE(command_said(&command, " is not running"));
        crowd_close(&watches);
        scene_close_ended(&scene);
        return;
    }
    scene_close(&scene);
}

#define RAMPING                                                                                    \
    CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = leastconn\nslow_start = 10m\n"            \
                 "server b1 = @1\nserver b2 = @2\nserver b3 = @3\n"

/* It has no sessions when it comes back, and least connections would give it all new ones. */
static void test_comes_back_slowly(void)
{
    static struct command command;
    static struct crowd watches;
    static struct crowd more;
    struct scene scene;

    if (change_open(&scene, 3, RAMPING) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "drain b1"), 0);
        ASSERT_NUMBER(crowd_open(&watches, &scene.listen, 20), 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1"), 0);
        ASSERT_NUMBER(crowd_open(&more, &scene.listen, 20), 0);
        CU_ASSERT(look_backend(&scene.instance, "b1").counts.active <= 5);
        crowd_close(&more);
        crowd_close(&watches);
    }
    scene_close(&scene);
}

/* ---- tunnels ---- */

enum { AGENTS = 10 };

static int open_mesh(struct scene *scene, struct mesh *mesh)
{
    char text[ADDR_TEXT_SIZE];
    struct textbuf config;
    int result;

    if (scene_init(scene) == -1 || mesh_open(mesh) == -1) {
        CU_FAIL("no mesh");
        return -1;
    }
    textbuf_init(&config, 4096);
    textbuf_printf(&config,
                   "[k0slb]\nname = %s\nworkers = 4\nlog = stderr\n[stats]\nlisten =\n"
                   "[service test]\nlisten = %s\nbalance = source-spread\ncheck = tcp\n"
                   "check_interval = 200ms\n",
                   scene->instance.name, addr_format(&scene->listen, text));
    for (unsigned i = 0; i < MESH_SERVERS; i++)
        textbuf_printf(&config, "server b%u = %s\n", i + 1, addr_format(&mesh->servers[i], text));
    result = scene_open_text(scene, config.data);
    textbuf_fini(&config);
    return result;
}

/*
 * Agents whose tunnels to a controller are closed dial again, and get to the others, whose tunnels
 * they have already: nobody is refused. When it is back each gets the one that it lacks, at once.
 */
static void take_out_and_back(struct scene *scene, struct mesh *mesh, const char *words)
{
    static struct command command;
    struct mesh_numbers *numbers = mesh->numbers;
    uint64_t duplicates;

    ASSERT_NUMBER(command_run(&command, &scene->instance, words), 0);
    CU_ASSERT_TRUE(command_said(&command, "safe to upgrade\n"));
    CU_ASSERT_TRUE(mesh_wait_tunnels(mesh, 2 * AGENTS, SOON_MS));
    ASSERT_NUMBER(look_backend(&scene->instance, "b2").counts.active, 0);
    CU_ASSERT_TRUE(
        wait_count(&numbers->duplicates, atomic_load(&numbers->duplicates) + 2 * AGENTS, SOON_MS));
    atomic_store(&numbers->waits, 1);
    duplicates = wait_settled(&numbers->duplicates, 500, SOON_MS);
    ASSERT_NUMBER(command_run(&command, &scene->instance, "ready b2 --wait --timeout 30s"), 0);
    atomic_store(&numbers->waits, 0);
    CU_ASSERT_TRUE(mesh_wait_tunnels(mesh, 3 * AGENTS, SOON_MS));
    ASSERT_NUMBER(atomic_load(&numbers->duplicates), duplicates);
    ASSERT_NUMBER(atomic_load(&numbers->failed), 0);
}

static void test_tunnels(void)
{
    struct scene scene;
    struct mesh mesh;

    if (open_mesh(&scene, &mesh) == 0) {
        ASSERT_NUMBER(mesh_start_agents(&mesh, &scene.listen, 1, AGENTS), 0);
        CU_ASSERT_TRUE(mesh_wait_tunnels(&mesh, 3 * AGENTS, SOON_MS));
        take_out_and_back(&scene, &mesh, "drain b2 --over 500ms --wait --timeout 30s");
        take_out_and_back(&scene, &mesh, "maint b2 --wait --timeout 30s");
    }
    mesh_close(&mesh);
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

/* The checker has heard of maint: what was known is known no more. */
static bool is_forgotten(const struct snapshot *snapshot, const void *context)
{
    for (size_t i = 0; i < snapshot->services[0].backend_count; i++) {
        const struct snapshot_backend *backend = &snapshot->services[0].backends[i];

        if (strcmp(backend->name, context) == 0)
            return backend->status == STATUS_MAINT && backend->health == BOARD_UNCHECKED;
    }
    return false;
}

/* It was said to be ready while it is dead: nobody is sent there before the first probe has ended,
 * and waiting for it ends. */
static void test_ready_in_vain(void)
{
    static struct command command;
    struct scene scene;

    if (change_open(&scene, 3, THREE) == 0) {
        ASSERT_NUMBER(command_run(&command, &scene.instance, "maint b1"), 0);
        CU_ASSERT_TRUE(wait_board(&scene.instance, is_forgotten, "b1", HEARD_MS));
        peer_shut(&scene.peers[0]);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1"), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").connect_errors, 0);
        ASSERT_NUMBER(command_run(&command, &scene.instance, "ready b1 --wait --timeout 4s"), 1);
        CU_ASSERT_TRUE(command_said(&command, "b1: not up after 4s: test is down\n"));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").connect_errors, 0);
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
                                              "k0slbctl: nothing has been changed: get "
                                              "another one up first, or say --force\n"));
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
        CU_ASSERT_TRUE(command_said(&command, "there is no service tset; did you mean test?\n"));
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

/* Whether exactly those who were told so have taken a controller out; there was room for one. */
static unsigned take_out_two(struct scene *scene)
{
    static struct command first;
    static struct command second;
    unsigned out;
    unsigned done;

    command_start(&first, &scene->instance, "drain b1");
    command_start(&second, &scene->instance, "drain b2");
    done = (command_finish(&first) == 0) + (command_finish(&second) == 0);
    out = (look_backend(&scene->instance, "b1").status == STATUS_DRAIN) +
          (look_backend(&scene->instance, "b2").status == STATUS_DRAIN);
    ASSERT_NUMBER(out, done);
    CU_ASSERT(done <= 1);
    ASSERT_NUMBER(command_run(&first, &scene->instance, "ready b1"), 0);
    ASSERT_NUMBER(command_run(&second, &scene->instance, "ready b2"), 0);
    return done;
}

/* Two administrators at the same moment. */
static void test_two_at_once(void)
{
    struct scene scene;
    unsigned done = 0;

    if (change_open(&scene, 3, CONTROLLERS) == 0) {
        for (unsigned i = 0; i < 10; i++)
            done += take_out_two(&scene);
        CU_ASSERT(done > 0);
    }
    scene_close(&scene);
}

/* ---- events ---- */

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

static const struct unit_test tests[] = {
    {"drain_under_load", test_drain_under_load},
    {"drain_waits", test_drain_waits},
    {"wait_ends", test_wait_ends},
    {"comes_back_slowly", test_comes_back_slowly},
    {"tunnels", test_tunnels},
    {"maint", test_maint},
    {"ready_in_vain", test_ready_in_vain},
    {"last_one", test_last_one},
    {"quorum", test_quorum},
    {"two_at_once", test_two_at_once},
    {"events", test_events},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_admin", suites, argc, argv);
}
