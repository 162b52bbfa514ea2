/* Which backend a client gets, and what it notices of those that are not there. */
#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "base/textbuf.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/scene.h"

static uint64_t total_of(struct scene *scene, const char *backend)
{
    return look_backend(&scene->instance, backend).counts.total;
}

/* One of three goes away between two clients: no client notices, and the board says why. */
static void test_refused(void)
{
    static const struct scene_plan plan = {.backends = 3, .keys = "balance = roundrobin\n"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, 50), 0);
        peer_close(&scene.peers[0]);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 150), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").check.code, CHECKED_L4CON);
        ASSERT_NUMBER(scene.peers[0].served + scene.peers[1].served + scene.peers[2].served, 200);
        CU_ASSERT_TRUE(scene.peers[1].served >= 80);
        CU_ASSERT_TRUE(scene.peers[2].served >= 80);
    }
    scene_close(&scene);
}

/* A worker that is refused goes elsewhere at once and tells the checker, which has not looked. */
static void test_refused_is_reported(void)
{
    static const struct scene_plan plan = {
        .backends = 2,
        .keys = "balance = roundrobin\ncheck_interval = 20s\n",
    };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        peer_close(&scene.peers[0]);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, 1000));
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b1").connect_errors >= 1);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b2").retries >= 1);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").status, STATUS_UP);
    }
    scene_close(&scene);
}

/* Visits again and again until the backend has had one. Returns whether it has in time. */
static bool visit_until_served(struct scene *scene, const struct peer *peer, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (atomic_load(&peer->served) == 0 && mono_ms() < deadline_ms) {
        ASSERT_NUMBER(client_visit(&scene->listen), 0);
        wait_a_moment();
    }
    return atomic_load(&peer->served) > 0;
}

/* Without checks each worker tries a backend that refuses once a second, and no more. */
static void test_refused_without_checks(void)
{
    static const struct scene_plan plan = {
        .backends = 2,
        .keys = "check = none\nbalance = roundrobin\n",
        .closed = 1 << 0,
    };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t start = mono_ms();
        uint64_t errors;

        ASSERT_NUMBER(client_visit_many(&scene.listen, 100), 0);
        errors = look_backend(&scene.instance, "b1").connect_errors;
        CU_ASSERT_TRUE(errors >= 1);
        CU_ASSERT_TRUE(errors <= scene_mode()->workers * (1 + (mono_ms() - start) / 1000));
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_UP);
        ASSERT_NUMBER(peer_reopen(&scene.peers[0]), 0);
        CU_ASSERT_TRUE(visit_until_served(&scene, &scene.peers[0], SOON_MS));
    }
    scene_close(&scene);
}

/* Writes a configuration of one service with one server that never answers and one that does. */
static int open_with_blackhole(struct scene *scene, const struct blackhole *hole, const char *keys)
{
    char text[1024];
    char hole_text[ADDR_TEXT_SIZE];
    char peer_text[ADDR_TEXT_SIZE];
    char listen_text[ADDR_TEXT_SIZE];

    snprintf(text, sizeof(text),
             "[k0slb]\nname = %s\nworkers = %u\nrelay = %s\nlog = stderr\n[stats]\nlisten =\n"
             "[service test]\nlisten = %s\nbalance = roundrobin\n%s"
             "server hole = %s\nserver b1 = %s\n",
             scene->instance.name, scene_mode()->workers, scene_mode()->relay,
             addr_format(&scene->listen, listen_text), keys, addr_format(&hole->address, hole_text),
             addr_format(&scene->peers[0].address, peer_text));
    return scene_open_text(scene, text);
}

/* Nobody answers the SYN: the next backend gets the client as soon as connect_timeout is over. */
static void visit_past_hole(struct scene *scene)
{
    enum { VISITS = 10, TIMEOUT_MS = 300, GRACE_MS = 200 };
    uint64_t slowest = 0;

    for (unsigned i = 0; i < VISITS; i++) {
        uint64_t start = mono_ms();

        ASSERT_NUMBER(client_visit(&scene->listen), 0);
        if (mono_ms() - start > slowest)
            slowest = mono_ms() - start;
    }
    CU_ASSERT_TRUE(slowest >= TIMEOUT_MS);
    CU_ASSERT_TRUE(slowest <= TIMEOUT_MS + GRACE_MS);
    CU_ASSERT_TRUE(look_backend(&scene->instance, "hole").connect_errors >= 1);
    ASSERT_NUMBER(scene->peers[0].served, VISITS);
}

static void test_blackholed(void)
{
    struct scene scene;
    struct blackhole hole;

    if (blackhole_open(&hole) == -1) {
        unit_skip("a full listening queue still answers on this kernel");
        return;
    }
    if (scene_init(&scene) == 0 && peer_open(&scene.peers[0], script_echo, 0) == 0) {
        scene.peer_count = 1;
        if (open_with_blackhole(&scene, &hole, "check = none\nconnect_timeout = 300ms\n") == 0)
            visit_past_hole(&scene);
    }
    scene_close(&scene);
    blackhole_close(&hole);
}

/* A client that gives up while its backend is still awaited takes its session with it. */
static void test_client_leaves_while_connecting(void)
{
    struct scene scene;
    struct blackhole hole;
    struct client client;

    if (blackhole_open(&hole) == -1) {
        unit_skip("a full listening queue still answers on this kernel");
        return;
    }
    if (scene_init(&scene) == 0 && peer_open(&scene.peers[0], script_echo, 0) == 0) {
        scene.peer_count = 1;
        if (open_with_blackhole(&scene, &hole, "check = none\nconnect_timeout = 20s\n") == 0) {
            for (unsigned i = 0; i < 4; i++) {
                ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
                if (client_try_echo(&client, 100) == 0)
                    client_close(&client);
                else
                    client_reset(&client);
            }
            CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
            CU_ASSERT_TRUE(scene.peers[0].served < 4);
        }
    }
    scene_close(&scene);
    blackhole_close(&hole);
}

/* A reload says where the backend really is: who waits for it at the wrong place goes there. */
static void test_moves_while_connecting(void)
{
    static const char template[] = CHANGE_HEAD CHANGE_SILENT
        "[service test]\nlisten = @L\ncheck = none\nconnect_timeout = 20s\nretries = 0\n"
        "server b1 = @1\n";
    struct scene scene;
    struct blackhole hole;
    struct client client;

    if (blackhole_open(&hole) == -1) {
        unit_skip("a full listening queue still answers on this kernel");
        return;
    }
    if (scene_init(&scene) == 0 && scene_open_peers(&scene, 1, script_echo) == 0) {
        struct addr place = scene.peers[0].address;

        scene.peers[0].address = hole.address;
        ASSERT_NUMBER(change_write(&scene, template), 0);
        scene.peers[0].address = place;
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_try_echo(&client, 100), -1);
        ASSERT_CHANGE(&scene, template);
        ASSERT_NUMBER(client_finish_echo(&client), 0);
        client_close(&client);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").connect_errors, 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.total, 1);
    }
    scene_close(&scene);
    blackhole_close(&hole);
}

/* The checks find the same, and no client waits at all. */
static void test_blackhole_is_found(void)
{
    static const char *const keys = "check = tcp\ncheck_interval = 100ms\n"
                                    "check_fast_interval = 100ms\ncheck_connect_timeout = 200ms\n";
    struct scene scene;
    struct blackhole hole;

    if (blackhole_open(&hole) == -1) {
        unit_skip("a full listening queue still answers on this kernel");
        return;
    }
    if (scene_init(&scene) == 0 && peer_open(&scene.peers[0], script_echo, 0) == 0) {
        scene.peer_count = 1;
        if (open_with_blackhole(&scene, &hole, keys) == 0) {
            CU_ASSERT_TRUE(wait_status(&scene.instance, "hole", STATUS_DOWN, SOON_MS));
            ASSERT_NUMBER(look_backend(&scene.instance, "hole").check.code, CHECKED_L4TOUT);
            ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
            ASSERT_NUMBER(look_backend(&scene.instance, "hole").connect_errors, 0);
        }
    }
    scene_close(&scene);
    blackhole_close(&hole);
}

/* Dies with sessions on it: these end, the others live, and new ones go elsewhere. */
static void test_dying_under_load(void)
{
    enum { SESSIONS = 12, EACH = 4 };
    static const struct scene_plan plan = {.backends = 3};
    struct client clients[SESSIONS];
    unsigned ended = 0;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < SESSIONS; i++) {
            ASSERT_NUMBER(client_open(&clients[i], &scene.listen), 0);
            ASSERT_NUMBER(client_echo(&clients[i], 10000), 0);
        }
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.active, EACH);
        peer_close(&scene.peers[1]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, SESSIONS - EACH, SOON_MS));
        for (unsigned i = 0; i < SESSIONS; i++) {
            enum client_end end = client_next(&clients[i], 0);

            if (end == CLIENT_STILL_OPEN)
                ASSERT_NUMBER(client_echo(&clients[i], 10000), 0);
            ended += end == CLIENT_FIN || end == CLIENT_RESET;
        }
        ASSERT_NUMBER(ended, EACH);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b2", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").check.code, CHECKED_L4CON);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(look_backend(&scene.instance, "b2").check.description, "refused"));
        for (unsigned i = 0; i < SESSIONS; i++)
            client_close(&clients[i]);
    }
    scene_close(&scene);
}

/* Resets in mid-stream end the session they belong to and say nothing about health. */
static void test_reset_in_midstream(void)
{
    static const struct scene_plan plan = {
        .backends = 1,
        .script = script_die_after,
        .amount = 1000,
    };
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < 5; i++) {
            ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
            CU_ASSERT_TRUE(client_echo(&client, 1000) == -1);
            client_close(&client);
        }
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(total_of(&scene, "b1"), 5);
    }
    scene_close(&scene);
}

static void test_down_and_back(void)
{
    static const struct scene_plan plan = {.backends = 2, .keys = "balance = roundrobin\n"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t before;

        peer_close(&scene.peers[0]);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        before = scene.peers[0].served;
        ASSERT_NUMBER(peer_reopen(&scene.peers[0]), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(scene.peers[0].served - before, 5);
    }
    scene_close(&scene);
}

/* All are down, wrongly: they are tried, and the one that is there serves. */
static void test_all_down_try(void)
{
    static const struct scene_plan plan = {
        .backends = 2,
        .keys = "check_down_interval = 20s\n",
        .closed = 1 << 0 | 1 << 1,
    };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b2", STATUS_DOWN, SOON_MS));
        CU_ASSERT_TRUE(client_knock(&scene.listen) >= CLIENT_FIN);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b1").connect_errors >= 1);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b2").connect_errors >= 1);
        ASSERT_NUMBER(peer_reopen(&scene.peers[1]), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
    }
    scene_close(&scene);
}

static void test_all_down_refuse(void)
{
    static const struct scene_plan plan = {
        .backends = 2,
        .keys = "all_down = refuse\ncheck_down_interval = 20s\n",
        .closed = 1 << 0 | 1 << 1,
    };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b2", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(peer_reopen(&scene.peers[1]), 0);
        ASSERT_NUMBER(client_knock(&scene.listen), CLIENT_RESET);
        ASSERT_NUMBER(look_refused(&scene.instance), 1);
        ASSERT_NUMBER(scene.peers[1].served, 0);
    }
    scene_close(&scene);
}

/* Opens echoes at 127.0.0.11 and on, all on one port. Returns 0, or -1. */
static int open_controllers(struct scene *scene, unsigned count)
{
    struct addr address = {.family = ADDR_IPV4, .ip = {127, 0, 0, 11}};

    for (scene->peer_count = 0; scene->peer_count < count; scene->peer_count++) {
        struct peer *peer = &scene->peers[scene->peer_count];

        address.ip[3] = (uint8_t)(11 + scene->peer_count);
        if (peer_open_at(peer, &address, script_echo, 0) == -1)
            break;
        address.port = peer->address.port;
    }
    if (scene->peer_count == count)
        return 0;
    while (scene->peer_count > 0)
        peer_close(&scene->peers[--scene->peer_count]);
    return -1;
}

/* Another port when one of the addresses has it in use already. */
static int open_controllers_somewhere(struct scene *scene, unsigned count)
{
    int result = -1;

    for (unsigned attempt = 0; attempt < 10 && result == -1; attempt++)
        result = open_controllers(scene, count);
    return result;
}

/* The file most users write, on ports of our own: a built-in service over so many controllers. */
static void serve_controllers(unsigned count)
{
    struct scene scene;
    struct textbuf text;
    char address[ADDR_TEXT_SIZE];

    if (scene_init(&scene) == -1 || open_controllers_somewhere(&scene, count) == -1) {
        CU_FAIL("no controllers");
        return;
    }
    textbuf_init(&text, 4096);
    textbuf_printf(&text, "[k0slb]\nname = %s\nworkers = %u\nrelay = %s\n[stats]\nlisten =\n",
                   scene.instance.name, scene_mode()->workers, scene_mode()->relay);
    textbuf_printf(&text,
                   "[service kubeAPI]\nlisten = %s\nport = %u\ncheck = tcp\n"
                   "[service konnectivity]\nenabled = no\n"
                   "[service controllerJoinAPI]\nenabled = no\n[controllers]\n",
                   addr_format(&scene.listen, address), scene.peers[0].address.port);
    for (unsigned i = 0; i < count; i++)
        textbuf_printf(&text, "c%u = %s\n", i + 1,
                       addr_format_ip(&scene.peers[i].address, address));
    if (scene_open_text(&scene, text.data) == 0) {
        struct client clients[4 * SCENE_BACKENDS];

        for (unsigned i = 0; i < 4 * count; i++) {
            ASSERT_NUMBER(client_open(&clients[i], &scene.listen), 0);
            ASSERT_NUMBER(client_echo(&clients[i], 100), 0);
        }
        for (unsigned i = 0; i < count; i++)
            ASSERT_NUMBER(scene.peers[i].served, 4);
        for (unsigned i = 0; i < 4 * count; i++)
            client_close(&clients[i]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    textbuf_fini(&text);
    scene_close(&scene);
}

static void test_one_controller(void)
{
    serve_controllers(1);
}

static void test_two_controllers(void)
{
    serve_controllers(2);
}

static void test_five_controllers(void)
{
    serve_controllers(5);
}

/* Shares are exact over every round of the weights, whichever worker accepts. */
static void test_roundrobin_weights(void)
{
    static const struct scene_plan plan = {
        .backends = 3,
        .keys = "balance = roundrobin\n",
        .options = {"weight=3", "weight=2", "weight=1"},
    };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, 60), 0);
        ASSERT_NUMBER(total_of(&scene, "b1"), 30);
        ASSERT_NUMBER(total_of(&scene, "b2"), 20);
        ASSERT_NUMBER(total_of(&scene, "b3"), 10);
    }
    scene_close(&scene);
}

/* Open sessions are held even between all backends, by weight, over all workers together. */
static void test_leastconn_even(void)
{
    enum { SESSIONS = 40 };
    static const struct scene_plan plan = {.backends = 3, .options = {"weight=2"}};
    struct client clients[SESSIONS];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < SESSIONS; i++) {
            ASSERT_NUMBER(client_open(&clients[i], &scene.listen), 0);
            ASSERT_NUMBER(client_echo(&clients[i], 20), 0);
        }
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.active, SESSIONS / 2);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.active, SESSIONS / 4);
        ASSERT_NUMBER(look_backend(&scene.instance, "b3").counts.active, SESSIONS / 4);
        for (unsigned i = 0; i < SESSIONS; i++)
            client_close(&clients[i]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

static void test_backup(void)
{
    static const struct scene_plan plan = {
        .backends = 3,
        .options = {NULL, NULL, "backup"},
    };
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(scene.peers[2].served, 0);
        peer_close(&scene.peers[0]);
        peer_close(&scene.peers[1]);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b2", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(scene.peers[2].served, 20);
        ASSERT_NUMBER(peer_reopen(&scene.peers[0]), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(scene.peers[2].served, 20);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"refused", test_refused},
    {"refused_is_reported", test_refused_is_reported},
    {"refused_without_checks", test_refused_without_checks},
    {"blackholed", test_blackholed},
    {"client_leaves_while_connecting", test_client_leaves_while_connecting},
    {"blackhole_is_found", test_blackhole_is_found},
    {"moves_while_connecting", test_moves_while_connecting},
    {"dying_under_load", test_dying_under_load},
    {"reset_in_midstream", test_reset_in_midstream},
    {"down_and_back", test_down_and_back},
    {"all_down_try", test_all_down_try},
    {"all_down_refuse", test_all_down_refuse},
    {"one_controller", test_one_controller},
    {"two_controllers", test_two_controllers},
    {"five_controllers", test_five_controllers},
    {"roundrobin_weights", test_roundrobin_weights},
    {"leastconn_even", test_leastconn_even},
    {"backup", test_backup},
    {NULL, NULL},
};

/* Those in which bytes are on their way when something happens. */
static const struct unit_test path_tests[] = {
    {"refused", test_refused},
    {"blackholed", test_blackholed},
    {"client_leaves_while_connecting", test_client_leaves_while_connecting},
    {"dying_under_load", test_dying_under_load},
    {"reset_in_midstream", test_reset_in_midstream},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests},      {"copy/4", tests},      {"splice/1", tests}, {"splice/4", tests},
        {"auto/1", path_tests}, {"auto/4", path_tests}, {NULL, NULL},
    };

    return unit_main("test_backends", suites, argc, argv);
}
