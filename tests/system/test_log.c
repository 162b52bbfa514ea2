/*
 * The log: a line of keys and values for everything that happens, each as the manual has it, with
 * the right values; and no flood, whatever happens how often.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/command.h"
#include "system/crowd.h"
#include "system/events.h"

/* What has to come, on a machine that has other things to do. */
#define HEARD_MS 10000

#define SERVICES                                                                                   \
    "[service test]\nlisten = @L\nmax_connections = 2\nlog_connections = yes\nserver b1 = @1\n"    \
    "server b2 = @2\nserver b3 = @3\n"
#define EVENTFUL                                                                                   \
    CHANGE_BEGIN SERVICES "[service shut]\nlisten = @A\ndeny = 127.0.0.0/8\nserver b1 = @1\n"
#define MISTAKEN EVENTFUL "speed = 1\nlimit = 2\n"

static void assert_event(const struct scene *scene, const char *pairs)
{
    CU_ASSERT_TRUE(events_wait(&scene->instance, pairs, HEARD_MS));
}

/* ---- one of each ---- */

static void lose_backend(struct scene *scene)
{
    char text[256];

    assert_event(scene, "event=backend service=test backend=b1 status=up was=unchecked "
                        "result=L4OK code=- reason=\"connected\" suppressed=0");
    assert_event(scene, "event=service service=test status=up was=- was_ms=- up=3 backends=3");
    peer_shut(&scene->peers[0]);
    assert_event(scene, "event=backend service=test backend=b1 status=down was=suspect "
                        "result=L4CON code=-");
    assert_event(scene, "event=service service=test status=degraded was=up up=2 backends=3");
    events_count(&scene->instance, "event=backend service=test status=down", "text", text);
    CU_ASSERT(strncmp(text, "\"test/b1 is down: L4CON connection refused (", 44) == 0);
    ASSERT_NUMBER(peer_reopen(&scene->peers[0]), 0);
    assert_event(scene, "event=backend service=test backend=b1 status=up was=down result=L4OK");
    assert_event(scene, "event=service service=test status=up was=degraded up=3");
}

static void lose_worker(struct scene *scene)
{
    pid_t worker = instance_child(&scene->instance, BOARD_ROLE_WORKER, 0);
    char pairs[128];

    ASSERT_NUMBER(instance_kill(worker, SIGKILL), 0);
    snprintf(pairs, sizeof(pairs),
             "event=process role=worker worker=1 pid=%d state=killed signal=9 exit=- restart_ms=0",
             (int)worker);
    assert_event(scene, pairs);
    CU_ASSERT_TRUE(wait_child(&scene->instance, BOARD_ROLE_WORKER, 0, worker, HEARD_MS) != -1);
}

static void reload_twice(struct scene *scene)
{
    ASSERT_CHANGE(scene, EVENTFUL);
    assert_event(scene, "event=reload result=begun epoch=- took_ms=- errors=-");
    assert_event(scene, "event=reload result=ok epoch=2 errors=0 suppressed=0");
    ASSERT_NO_CHANGE(scene, MISTAKEN);
    assert_event(scene, "event=reload result=failed epoch=2 errors=2 suppressed=0");
}

static void reach_limits(struct scene *scene)
{
    static struct crowd inside;
    static struct crowd waiting;

    ASSERT_NUMBER(crowd_open(&inside, &scene->listen, 2), 0);
    ASSERT_NUMBER(crowd_queue(&waiting, &scene->listen, 1), 0);
    assert_event(scene,
                 "event=limit limit=max_connections service=test client=- at=2 suppressed=0");
    ASSERT_NUMBER(client_knock(&scene->spare[0]), CLIENT_RESET);
    assert_event(scene, "event=denied service=shut suppressed=0");
    crowd_close(&inside);
    ASSERT_NUMBER(crowd_pass(&waiting), 0);
    assert_event(scene, "event=connection service=test retries=0 replays=0");
}

static void say_things(struct scene *scene)
{
    static struct command command;
    char pairs[128];

    ASSERT_NUMBER(command_run(&command, &scene->instance, "drain b2 test --over 1s"), 0);
    snprintf(pairs, sizeof(pairs),
             "event=admin act=drain service=test backend=b2 over_ms=1000 uid=%u",
             (unsigned)getuid());
    assert_event(scene, pairs);
    ASSERT_NUMBER(command_run(&command, &scene->instance, "maint --self"), 0);
    snprintf(pairs, sizeof(pairs), "event=admin act=maint service=- backend=- over_ms=0 uid=%u",
             (unsigned)getuid());
    assert_event(scene, pairs);
}

static void test_one_of_each(void)
{
    struct scene scene;

    if (change_open(&scene, 3, EVENTFUL) == 0) {
        char pairs[128];

        snprintf(pairs, sizeof(pairs), "event=start name=%s pid=%d workers=%u orphans=0",
                 scene.instance.name, (int)scene.instance.pid, scene_mode()->workers);
        assert_event(&scene, pairs);
        assert_event(&scene, "event=probed");
        lose_backend(&scene);
        lose_worker(&scene);
        reload_twice(&scene);
        reach_limits(&scene);
        say_things(&scene);
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
        assert_event(&scene, "event=stop state=stopping");
        assert_event(&scene, "event=stop state=stopped children=0");
        CU_ASSERT_TRUE(events_check(&scene.instance) > 20);
    }
    scene_close_ended(&scene);
}

#define CHAIN                                                                                      \
    CHANGE_BEGIN "[service api]\nlisten = @L\nserver b1 = @1\n"                                    \
                 "[service join]\nlisten = @A\nrequires = api\nserver b1 = @2\n"

/* One whose own probes are good, and that is not served all the same. */
static void test_blocked(void)
{
    struct scene scene;

    if (change_open(&scene, 2, CHAIN) == 0) {
        static const char blocked[] = "event=backend service=join backend=b1 status=blocked";
        static const char again[] = "event=backend service=join status=up was=blocked";
        char reason[256];

        peer_shut(&scene.peers[0]);
        assert_event(&scene, "event=service service=join status=down was=up up=0 backends=1");
        events_count(&scene.instance, blocked, "reason", reason);
        ASSERT_TEXT(reason, "\"api/b1 is not served\"");
        events_count(&scene.instance, blocked, "was", reason);
        ASSERT_TEXT(reason, "up");
        ASSERT_NUMBER(peer_reopen(&scene.peers[0]), 0);
        assert_event(&scene, again);
        events_count(&scene.instance, again, "reason", reason);
        ASSERT_TEXT(reason, "\"api/b1 is back\"");
        events_check(&scene.instance);
    }
    scene_close(&scene);
}

/* ---- no flood ---- */

/* The most that is told of one backend: ten, and one in six seconds. */
static unsigned most_lines(uint64_t began_ms)
{
    return 10 + (unsigned)((mono_ms() - began_ms) / 6000) + 1;
}

/* It comes and goes; what it came to is told in the end, and how often it was not. */
static void test_flapping(void)
{
    enum { TIMES = 12 };
    static const struct scene_plan plan = {
        .backends = 2, .workers = 1, .keys = "check_rise = 1\ncheck_fall = 1\n"};
    uint64_t began_ms = mono_ms();
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        const struct instance *instance = &scene.instance;
        static const char all[] = "event=backend backend=b1";
        uint64_t deadline_ms;
        char last[256] = "";

        for (int i = 0; i < TIMES; i++) {
            peer_shut(&scene.peers[0]);
            CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, HEARD_MS));
            ASSERT_NUMBER(peer_reopen(&scene.peers[0]), 0);
            CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, HEARD_MS));
        }
        deadline_ms = mono_ms() + 3 * HEARD_MS;
        while (events_count(instance, "event=backend backend=b1 suppressed=0", NULL, NULL) ==
                   events_count(instance, all, "status", last) ||
               strcmp(last, "up") != 0) {
            if (mono_ms() > deadline_ms) {
                CU_FAIL("what it came to is not told");
                break;
            }
            wait_a_moment();
        }
        CU_ASSERT_TRUE(events_count(instance, all, NULL, NULL) <= most_lines(began_ms));
        CU_ASSERT_TRUE(events_count(instance, all, NULL, NULL) +
                           events_sum(instance, all, "suppressed") >=
                       2 * TIMES);
        events_check(instance);
    }
    scene_close(&scene);
}

/* Though many change at once, each of them is told, if not at once. */
static void test_many_at_once(void)
{
    enum { MANY = 300 };
    static const char head[] = CHANGE_BEGIN "[service test]\nlisten = @L\n";
    struct textbuf text;
    struct scene scene;

    textbuf_init(&text, 65536);
    textbuf_puts(&text, head);
    for (unsigned i = 0; i < MANY; i++)
        textbuf_printf(&text, "server s%u = 127.1.%u.%u:1\n", i, i / 200, i % 200 + 1);
    if (change_open(&scene, 1, text.data) == 0) {
        uint64_t deadline_ms = mono_ms() + 3 * HEARD_MS;
        static const char all[] = "event=backend status=down was=unchecked";

        while (events_count(&scene.instance, all, NULL, NULL) < MANY && mono_ms() < deadline_ms)
            wait_a_moment();
        ASSERT_NUMBER(events_count(&scene.instance, all, NULL, NULL), MANY);
        ASSERT_NUMBER(events_count(&scene.instance, "event=log", NULL, NULL), 0);
        assert_event(&scene, "event=service service=test status=down was=- backends=300");
        events_check(&scene.instance);
    }
    scene_close(&scene);
    textbuf_fini(&text);
}

/* Its successor waits longer each time: that alone bounds the lines. */
static void test_crash_loop(void)
{
    enum { TIMES = 5 };
    static const struct scene_plan plan = {.backends = 1, .workers = 1};
    static const char *const waits[TIMES] = {"0", "100", "200", "400", "800"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        for (int i = 0; i < TIMES; i++) {
            pid_t dead = worker;
            char pairs[128];

            ASSERT_NUMBER(instance_kill(dead, SIGKILL), 0);
            snprintf(pairs, sizeof(pairs), "event=process pid=%d state=killed restart_ms=%s",
                     (int)dead, waits[i]);
            assert_event(&scene, pairs);
            worker = wait_child(&scene.instance, BOARD_ROLE_WORKER, 0, dead, HEARD_MS);
        }
        ASSERT_NUMBER(events_count(&scene.instance, "event=process", NULL, NULL), TIMES);
        events_check(&scene.instance);
    }
    scene_close(&scene);
}

/* Of a loop of reloads not all are told, and the last one is. */
static void test_reload_loop(void)
{
    enum { TIMES = 120, AT_ONCE = 100, EVERY_MS = 3000 };
    static const struct scene_plan plan = {.backends = 1, .workers = 1};
    static const char begun[] = "event=reload result=begun";
    uint64_t began_ms = mono_ms();
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        const struct instance *instance = &scene.instance;
        unsigned most;

        for (int i = 0; i < TIMES; i++)
            ASSERT_NUMBER(change_hup(instance), CHANGE_OK);
        most = AT_ONCE + (unsigned)((mono_ms() - began_ms) / EVERY_MS) + 1;
        CU_ASSERT_TRUE(events_count(instance, begun, NULL, NULL) <= most);
        CU_ASSERT_TRUE(events_count(instance, begun, NULL, NULL) >= AT_ONCE);
        assert_event(&scene, "event=reload result=ok epoch=121");
        ASSERT_NUMBER(events_count(instance, begun, NULL, NULL) +
                          events_sum(instance, "event=reload", "suppressed"),
                      TIMES);
        events_check(instance);
    }
    scene_close(&scene);
}

/* Whether in the end each of so many has been told, or counted in another one's line. */
static bool wait_accounted(const struct instance *instance, const char *pairs, unsigned wanted)
{
    uint64_t deadline_ms = mono_ms() + HEARD_MS;
    unsigned long got;

    do {
        wait_a_moment();
        got = events_count(instance, pairs, NULL, NULL) + events_sum(instance, pairs, "suppressed");
    } while (got < wanted && mono_ms() < deadline_ms);
    return got == wanted;
}

/* Whoever is turned away again and again is named once a second, and counted. */
static void test_denied(void)
{
    enum { TIMES = 500 };
    static const struct scene_plan plan = {
        .backends = 1, .workers = 1, .keys = "deny = 127.0.0.0/8\n"};
    uint64_t began_ms = mono_ms();
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        const struct instance *instance = &scene.instance;
        static const char all[] = "event=denied service=test";
        unsigned seconds;

        for (int i = 0; i < TIMES; i++)
            CU_ASSERT_TRUE(client_knock(&scene.listen) == CLIENT_RESET);
        seconds = (unsigned)((mono_ms() - began_ms) / 1000);
        CU_ASSERT_TRUE(events_count(instance, all, NULL, NULL) <= seconds + 1);
        poll(NULL, 0, 1000); /* a time in which nothing is told is what it is about */
        CU_ASSERT_TRUE(client_knock(&scene.listen) == CLIENT_RESET);
        CU_ASSERT_TRUE(wait_accounted(instance, all, TIMES + 1));
        events_check(instance);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"one_of_each", test_one_of_each},
    {"blocked", test_blocked},
    {"many_at_once", test_many_at_once},
    {"flapping", test_flapping},
    {"crash_loop", test_crash_loop},
    {"reload_loop", test_reload_loop},
    {"denied", test_denied},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_log", suites, argc, argv);
}
