/* What a reload changes while everything runs: new connections obey, old ones are left alone. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/http.h"
#include "system/load.h"

/* Opens a session and leaves it open. */
static void stay(struct client *client, const struct addr *address)
{
    ASSERT_NUMBER(client_open(client, address), 0);
    ASSERT_NUMBER(client_echo(client, 100), 0);
}

static void assert_visits(const struct addr *address, unsigned count)
{
    ASSERT_NUMBER(client_visit_many(address, count), 0);
}

/* ---- backends ---- */

/* A session stays at the address it was given; the next one goes to the new address. */
static void test_address(void)
{
    struct snapshot_backend after;
    struct scene scene;
    struct client old;

    if (change_open(&scene, 2, CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n") == 0) {
        stay(&old, &scene.listen);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @2\n");
        assert_visits(&scene.listen, 9);
        ASSERT_NUMBER(scene.peers[0].served, 1);
        ASSERT_NUMBER(scene.peers[1].served, 9);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.total, 10);
        after = look_backend(&scene.instance, "b1");
        CU_ASSERT_TRUE(addr_equal(&after.address, &scene.peers[1].address));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        client_close(&old);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* What is known of an address says nothing of the next one. */
static void test_address_health(void)
{
    struct scene scene;

    if (change_open(&scene, 3,
                    CHANGE_BEGIN
                    "[service test]\nlisten = @L\nserver b1 = @1\nserver b2 = @2\n") == 0) {
        peer_close(&scene.peers[2]);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                           "server b1 = @3\nserver b2 = @2\n");
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                           "server b1 = @1\nserver b2 = @2\n");
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
    }
    scene_close(&scene);
}

static void test_weights(void)
{
    static const char alike[] = CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n"
                                             "server b1 = @1\nserver b2 = @2\n";
    struct scene scene;

    if (change_open(&scene, 2, alike) == 0) {
        assert_visits(&scene.listen, 40);
        ASSERT_NUMBER(scene.peers[0].served, 20);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n"
                                           "server b1 = @1 weight=0\nserver b2 = @2\n");
        assert_visits(&scene.listen, 40);
        ASSERT_NUMBER(scene.peers[0].served, 20);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n"
                                           "server b1 = @1 weight=3\nserver b2 = @2\n");
        assert_visits(&scene.listen, 40);
        ASSERT_NUMBER(scene.peers[0].served, 50);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n"
                                           "server b1 = @1\nserver b2 = @2 backup\n");
        assert_visits(&scene.listen, 40);
        ASSERT_NUMBER(scene.peers[0].served, 90);
    }
    scene_close(&scene);
}

/* With sessions only at one, the fewest connections and taking turns are told apart. */
static void test_balance(void)
{
    static const char least[] = CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = leastconn\n"
                                             "server b1 = @1\nserver b2 = @2\n";
    static struct crowd crowd;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 2,
                    CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                 "server b1 = @1\nserver b2 = @2 weight=0\n") == 0) {
        ASSERT_NUMBER(crowd_open(&crowd, &scene.listen, 20), 0);
        ASSERT_CHANGE(&scene, least);
        assert_visits(&scene.listen, 20);
        ASSERT_NUMBER(scene.peers[1].served, 20);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n"
                                           "server b1 = @1\nserver b2 = @2\n");
        assert_visits(&scene.listen, 20);
        ASSERT_NUMBER(scene.peers[1].served, 30);
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), 20);
        crowd_close(&crowd);
    }
    scene_close(&scene);
}

/* A changed check keeps the old verdict until its first result, and then its own counts. */
static void test_checks(void)
{
    struct scene scene;

    if (change_open(&scene, 2,
                    CHANGE_BEGIN
                    "[service test]\nlisten = @L\nserver b1 = @1\nserver b2 = @2\n") == 0) {
        /* The backends speak no TLS, but it takes them as long as they like to show it. */
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\ncheck = tls\n"
                                           "check_connect_timeout = 20s\n"
                                           "server b1 = @1\nserver b2 = @2\n");
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").health != BOARD_UNCHECKED, true);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\ncheck = none\n"
                                           "server b1 = @1\nserver b2 = @2\n");
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        peer_close(&scene.peers[0]);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                           "server b1 = @1\nserver b2 = @2\n");
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").status, STATUS_UP);
        assert_visits(&scene.listen, 10);
    }
    scene_close(&scene);
}

/* Its session goes on; what it had counted is there again when it returns. */
static void test_backend_leaves_and_returns(void)
{
    static const char one[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n";
    static const char two[] = CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                           "server b1 = @1 weight=0\nserver b2 = @2\n";
    struct scene scene;
    struct client old;

    if (change_open(&scene, 2, two) == 0) {
        assert_visits(&scene.listen, 6);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        stay(&old, &scene.listen);
        ASSERT_CHANGE(&scene, one);
        ASSERT_TEXT(look_backend(&scene.instance, "b2").name, "");
        assert_visits(&scene.listen, 5);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        ASSERT_CHANGE(&scene, one);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        ASSERT_CHANGE(&scene, two);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.total, 7);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.active, 1);
        assert_visits(&scene.listen, 5);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.total, 12);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        client_close(&old);
    }
    scene_close(&scene);
}

/* A slot that no snapshot shows any more. */
static bool wait_slot_empty(const struct scene *scene, unsigned slot)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    while (board_active(scene->instance.board, slot) > 0) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

/* The slot of one that is gone for good, with its last session, is another one's from zero on. */
static void test_slot_is_used_again(void)
{
    static const char one[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n";
    struct scene scene;
    struct client old;

    if (change_open(&scene, 3,
                    CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                 "server b1 = @1 weight=0\nserver b2 = @2\n") == 0) {
        struct snapshot_backend before;
        struct snapshot_backend after;

        assert_visits(&scene.listen, 6);
        stay(&old, &scene.listen);
        before = look_backend(&scene.instance, "b2");
        ASSERT_CHANGE(&scene, one);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                           "server b1 = @1\nserver b3 = @3\n");
        CU_ASSERT(look_backend(&scene.instance, "b3").slot != before.slot);
        ASSERT_CHANGE(&scene, one);
        client_close(&old);
        CU_ASSERT_TRUE(wait_slot_empty(&scene, before.slot));
        ASSERT_CHANGE(&scene, one);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\n"
                                           "server b1 = @1 weight=0\nserver b4 = @3\n");
        after = look_backend(&scene.instance, "b4");
        ASSERT_NUMBER(after.slot, before.slot);
        ASSERT_NUMBER(after.counts.total, 0);
        ASSERT_NUMBER(after.counts.bytes_in, 0);
        ASSERT_NUMBER(after.counts.active, 0);
        assert_visits(&scene.listen, 3);
        ASSERT_NUMBER(look_backend(&scene.instance, "b4").counts.total, 3);
    }
    scene_close(&scene);
}

/* ---- listeners and services ---- */

static void test_listeners(void)
{
    struct scene scene;
    struct client old;

    if (change_open(&scene, 1, CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n") == 0) {
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        ASSERT_CHANGE(&scene, CHANGE_BEGIN
                      "[service test]\nlisten = @L, @A\nlisten = @B\nserver b1 = @1\n");
        assert_visits(&scene.listen, 5);
        assert_visits(&scene.spare[0], 5);
        assert_visits(&scene.spare[1], 5);
        stay(&old, &scene.listen);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @B\nserver b1 = @1\n");
        CU_ASSERT_TRUE(scene_is_refused(&scene.listen));
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        assert_visits(&scene.spare[1], 5);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        client_close(&old);
    }
    scene_close(&scene);
}

/* The same socket, another service: nothing in its queue is lost. */
static void test_listener_moves(void)
{
    static struct load load;
    struct scene scene;
    struct client old;

    if (change_open(&scene, 2,
                    CHANGE_BEGIN "[service one]\nlisten = @L\nserver b1 = @1\n"
                                 "[service two]\nlisten = @A\nserver b2 = @2\n") == 0) {
        struct load_plan plan = {.visitors = 2, .address = scene.listen};

        stay(&old, &scene.listen);
        ASSERT_NUMBER(load_start(&load, &plan), 0);
        CU_ASSERT_TRUE(load_wait_round(&load, SOON_MS));
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service one]\nlisten = @A\nserver b1 = @1\n"
                                           "[service two]\nlisten = @L\nserver b2 = @2\n");
        CU_ASSERT_TRUE(load_wait_round(&load, SOON_MS));
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        CU_ASSERT_TRUE(scene.peers[1].served > 0);
        assert_visits(&scene.spare[0], 1);
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 1, SOON_MS));
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.active, 1);
        client_close(&old);
    }
    scene_close(&scene);
}

static unsigned service_count(const struct scene *scene)
{
    struct snapshot *snapshot = snapshot_take(scene->instance.board);
    unsigned count = snapshot != NULL ? (unsigned)snapshot->service_count : 0;

    snapshot_free(snapshot);
    return count;
}

static void test_services(void)
{
    static const char one[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n";
    struct scene scene;
    struct client old;

    if (change_open(&scene, 2, one) == 0) {
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service more]\nlisten = @A\nserver b2 = @2\n"
                                           "[service test]\nlisten = @L\nserver b1 = @1\n");
        ASSERT_NUMBER(service_count(&scene), 2);
        stay(&old, &scene.spare[0]);
        assert_visits(&scene.listen, 3);
        ASSERT_CHANGE(&scene, one);
        ASSERT_NUMBER(service_count(&scene), 1);
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        ASSERT_CHANGE(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n"
                                           "[service more]\nlisten = @A\nserver b2 = @2\n");
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.active, 1);
        assert_visits(&scene.spare[0], 3);
        ASSERT_CHANGE(&scene,
                      CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n"
                                   "[service more]\nenabled = no\nlisten = @A\nserver b2 = @2\n");
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        ASSERT_NUMBER(client_echo(&old, 100), 0);
        client_close(&old);
    }
    scene_close(&scene);
}

/* ---- processes ---- */

#define WORKERS(number)                                                                            \
    CHANGE_RELAY "workers = " number "\n" CHANGE_SILENT CHANGE_CHECKS                              \
                 "[service test]\nlisten = @L\nserver b1 = @1\n"

static bool has_workers(const struct snapshot *snapshot, const void *context)
{
    const unsigned *wanted = context;
    unsigned running = 0;
    unsigned all = 0;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        all += process->role == BOARD_ROLE_WORKER;
        running += process->role == BOARD_ROLE_WORKER && strcmp(process->state, "running") == 0;
    }
    return running == *wanted && (all == running || *wanted == 2);
}

static bool wait_workers(struct scene *scene, unsigned wanted)
{
    return wait_board(&scene->instance, has_workers, &wanted, SOON_MS);
}

static bool has_children(const struct snapshot *snapshot, const void *context)
{
    return snapshot->process_count == *(const size_t *)context;
}

static bool all_are_busy(const struct scene *scene, unsigned workers)
{
    for (unsigned slot = 0; slot < workers; slot++) {
        if (atomic_load(&board_worker(scene->instance.board, slot)->sessions) == 0)
            return false;
    }
    return true;
}

/* Opens sessions until every worker has some, and at least so many. */
static void open_on_all(struct scene *scene, struct crowd *crowd, unsigned workers, unsigned least)
{
    for (crowd->count = 0; crowd->count < CROWD_MAX; crowd->count++) {
        struct client *client = &crowd->clients[crowd->count];

        if (crowd->count >= least && all_are_busy(scene, workers))
            return;
        ASSERT_NUMBER(client_open(client, &scene->listen) == 0 && client_echo(client, 64) == 0,
                      true);
    }
    CU_FAIL("a worker has no session");
}

/* More take part at once; the surplus ones finish what they have, and leave. */
static void test_workers(void)
{
    static struct crowd crowd;
    const size_t two_and_checker = 3;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 1, WORKERS("2")) == 0) {
        pid_t first = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        ASSERT_CHANGE(&scene, WORKERS("1"));
        CU_ASSERT_TRUE(wait_workers(&scene, 1));
        ASSERT_CHANGE(&scene, WORKERS("4"));
        CU_ASSERT_TRUE(wait_workers(&scene, 4));
        open_on_all(&scene, &crowd, 4, 80);
        ASSERT_CHANGE(&scene, WORKERS("2"));
        CU_ASSERT_TRUE(wait_workers(&scene, 2));
        CU_ASSERT_TRUE(wait_busy_worker(&scene.instance, "draining", SOON_MS));
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), crowd.count);
        assert_visits(&scene.listen, 20);
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), crowd.count);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_WORKER, 0), first);
        crowd_close(&crowd);
        CU_ASSERT_TRUE(wait_board(&scene.instance, has_children, &two_and_checker, SOON_MS));
        ASSERT_CHANGE(&scene, WORKERS("4"));
        CU_ASSERT_TRUE(wait_workers(&scene, 4));
        assert_visits(&scene.listen, 20);
    }
    scene_close(&scene);
}

/* While those that leave have every slot there is no room for more; there is when they are gone. */
static void test_workers_wait_for_room(void)
{
    static struct crowd crowd;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 1, WORKERS("1")) == 0) {
        ASSERT_CHANGE(&scene, WORKERS("3"));
        CU_ASSERT_TRUE(wait_workers(&scene, 3));
        open_on_all(&scene, &crowd, 3, 30);
        ASSERT_CHANGE(&scene, WORKERS("1"));
        ASSERT_CHANGE(&scene, WORKERS("3"));
        CU_ASSERT_TRUE(wait_log(&scene.instance, "have every slot", SOON_MS));
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), crowd.count);
        crowd_close(&crowd);
        CU_ASSERT_TRUE(wait_workers(&scene, 3));
        assert_visits(&scene.listen, 20);
    }
    scene_close(&scene);
}

#define STATS(listen)                                                                              \
    CHANGE_HEAD CHANGE_CHECKS "[stats]\nlisten =" listen "\n"                                      \
                              "[service test]\nlisten = @L\nserver b1 = @1\n"

static int healthz(const struct addr *address)
{
    char answer[4096];

    return http_get(address, "/healthz", answer, sizeof(answer));
}

static void test_stats(void)
{
    struct scene scene;

    if (change_open(&scene, 1, STATS("")) == 0) {
        pid_t stats;

        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_STATS, 0), -1);
        ASSERT_CHANGE(&scene, STATS(" @S"));
        stats = wait_child(&scene.instance, BOARD_ROLE_STATS, 0, -1, SOON_MS);
        CU_ASSERT_TRUE(stats != -1);
        ASSERT_NUMBER(healthz(&scene.stats), 200);
        ASSERT_CHANGE(&scene, STATS(" @A"));
        CU_ASSERT_TRUE(scene_is_refused(&scene.stats));
        ASSERT_NUMBER(healthz(&scene.spare[0]), 200);
        ASSERT_NUMBER(instance_child(&scene.instance, BOARD_ROLE_STATS, 0), stats);
        ASSERT_CHANGE(&scene, STATS(" @A, @S"));
        ASSERT_NUMBER(healthz(&scene.stats), 200);
        ASSERT_NUMBER(healthz(&scene.spare[0]), 200);
        ASSERT_CHANGE(&scene, STATS(" @S\nallow = 10.0.0.0/8"));
        ASSERT_NUMBER(healthz(&scene.stats), 200);
        ASSERT_NUMBER(http_get(&scene.stats, "/stats.json", (char[4096]){0}, 4096), 403);
        ASSERT_CHANGE(&scene, STATS(""));
        CU_ASSERT_TRUE(scene_is_refused(&scene.stats));
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        assert_visits(&scene.listen, 3);
    }
    scene_close(&scene);
}

/* A port changes its meaning: a service's becomes the page's, and back. */
static void test_stats_takes_a_services_port(void)
{
    static const char service[] = CHANGE_BEGIN "[service test]\nlisten = @L, @A\nserver b1 = @1\n";
    static const char page[] = CHANGE_HEAD CHANGE_CHECKS
        "[stats]\nlisten = @A\n[service test]\nlisten = @L\nserver b1 = @1\n";
    struct scene scene;

    if (change_open(&scene, 1, service) == 0) {
        for (unsigned i = 0; i < 3; i++) {
            ASSERT_CHANGE(&scene, page);
            ASSERT_NUMBER(healthz(&scene.spare[0]), 200);
            assert_visits(&scene.listen, 3);
            ASSERT_CHANGE(&scene, service);
            assert_visits(&scene.spare[0], 3);
        }
    }
    scene_close(&scene);
}

/* ---- how bytes are moved, what is logged ---- */

#define RELAY(word)                                                                                \
    "[k0slb]\nname = @N\nlog = stderr\nworkers = @W\nrelay = " word                                \
    "\n" CHANGE_SILENT CHANGE_CHECKS "[service test]\nlisten = @L\nserver b1 = @1\n"

static void test_relay(void)
{
    static const char *const files[] = {RELAY("splice"), RELAY("copy"), RELAY("auto")};
    static struct load load;
    struct scene scene;

    if (change_open(&scene, 1, RELAY("copy")) == 0) {
        struct load_plan plan = {.streams = 10, .bulks = 3, .address = scene.listen};

        ASSERT_NUMBER(load_start(&load, &plan), 0);
        for (unsigned i = 0; i < 9; i++) {
            ASSERT_CHANGE(&scene, files[i % ARRAY_LEN(files)]);
            CU_ASSERT_TRUE(load_wait_round(&load, CLIENT_PATIENCE_MS));
        }
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
    }
    scene_close(&scene);
}

#define LEVEL(word)                                                                                \
    CHANGE_HEAD "log_level = " word "\n" CHANGE_SILENT CHANGE_CHECKS                               \
                "[service test]\nlisten = @L\nserver b1 = @1\n"

static unsigned times_said(const struct scene *scene, const char *text)
{
    char *log = instance_log(&scene->instance);
    unsigned times = 0;

    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        times++;
    free(log);
    return times;
}

static void test_log_level(void)
{
    struct scene scene;

    if (change_open(&scene, 1, LEVEL("info")) == 0) {
        ASSERT_CHANGE(&scene, LEVEL("info"));
        CU_ASSERT_TRUE(wait_log(&scene.instance, "reloaded: epoch 2", SOON_MS));
        ASSERT_CHANGE(&scene, LEVEL("error"));
        ASSERT_CHANGE(&scene, LEVEL("error"));
        ASSERT_CHANGE(&scene, LEVEL("error"));
        ASSERT_NUMBER(
            instance_kill(instance_child(&scene.instance, BOARD_ROLE_CHECKER, 0), SIGKILL), 0);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "was killed by signal 9", SOON_MS));
        ASSERT_NUMBER(times_said(&scene, "reloaded: epoch"), 1);
        ASSERT_CHANGE(&scene, LEVEL("debug"));
        CU_ASSERT_TRUE(wait_log(&scene.instance, "reloaded: epoch 6", SOON_MS));
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"address", test_address},
    {"address_health", test_address_health},
    {"weights", test_weights},
    {"balance", test_balance},
    {"checks", test_checks},
    {"backend_leaves_and_returns", test_backend_leaves_and_returns},
    {"slot_is_used_again", test_slot_is_used_again},
    {"listeners", test_listeners},
    {"listener_moves", test_listener_moves},
    {"services", test_services},
    {"workers", test_workers},
    {"workers_wait_for_room", test_workers_wait_for_room},
    {"stats", test_stats},
    {"stats_takes_a_services_port", test_stats_takes_a_services_port},
    {"relay", test_relay},
    {"log_level", test_log_level},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/4", tests}, {NULL, NULL}};

    return unit_main("test_changes", suites, argc, argv);
}
