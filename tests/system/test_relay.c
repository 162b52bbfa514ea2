/* The way of a byte: from client to backend and back, whole, in order, to the last one. */
#include <stdio.h>

#include "base/fd.h"
#include "base/mono.h"
#include "unit/unit.h"

#include "system/scene.h"
#include "system/volume.h"

static void test_echo(void)
{
    static const size_t sizes[] = {1, 100, 16 * 1024 - 1, 16 * 1024, 64 * 1024 + 1, 1024 * 1024};
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
            ASSERT_NUMBER(client_echo(&client, sizes[i]), 0);
        ASSERT_NUMBER(client_fin(&client), 0);
        ASSERT_NUMBER(client_next(&client, SOON_MS), CLIENT_FIN);
        client_close(&client);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        CU_ASSERT_TRUE(scene_wait_whole(&scene, 1));
        ASSERT_NUMBER(look_counts(&scene.instance).total, 1);
        ASSERT_NUMBER(look_counts(&scene.instance).bytes_in, scene.peers[0].received);
        ASSERT_NUMBER(look_counts(&scene.instance).bytes_out, scene.peers[0].sent);
    }
    scene_close(&scene);
}

/* The client says all it has to say; only then the backend answers: DI-02. */
static void test_client_half_close(void)
{
    enum { SESSIONS = 20 };
    const struct scene_plan plan = {
        .backends = 1, .script = script_answer_after_fin, .amount = MIB(volume(1, 10))};
    unsigned rounds = volume(1, 9);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 1; i <= rounds; i++) {
            uint64_t received;

            ASSERT_NUMBER(client_swarm(&scene.listen, SESSIONS, KIB(5), &received), 0);
            ASSERT_NUMBER(received, SESSIONS * plan.amount);
            ASSERT_NUMBER(scene.peers[0].received, i * SESSIONS * KIB(5));
            CU_ASSERT_TRUE(scene_wait_whole(&scene, (uint64_t)i * SESSIONS));
        }
        ASSERT_NUMBER(scene.peers[0].bad, 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* The backend says FIN at once; the client sees it, uploads all the same, and nobody spins: DI-03.
 */
static void test_backend_half_close(void)
{
    static const struct scene_plan plan = {.backends = 1, .script = script_fin_first};
    const uint64_t amount = MIB(volume(4, 100));
    unsigned rounds = volume(2, 170);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);

        for (unsigned i = 1; i <= rounds; i++) {
            struct client client;

            ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
            ASSERT_NUMBER(client_next(&client, SOON_MS), CLIENT_FIN);
            CU_ASSERT_TRUE(i > 1 || procfs_cpu_percent(worker, 200) < 10);
            ASSERT_NUMBER(client_exchange(&client, amount), 0);
            CU_ASSERT_TRUE(scene_wait_whole(&scene, i));
            ASSERT_NUMBER(scene.peers[0].received, i * amount);
            client_close(&client);
        }
        ASSERT_NUMBER(scene.peers[0].bad, 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* Both directions full at once, on several connections, over two backends. */
static void test_bulk_both_ways(void)
{
    enum { SESSIONS = 8 };
    static const struct scene_plan plan = {
        .backends = 2,
        .script = script_duplex,
        .amount = MIB(40),
    };
    struct scene scene;
    uint64_t received;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_swarm(&scene.listen, SESSIONS, MIB(40), &received), 0);
        ASSERT_NUMBER(received, SESSIONS * plan.amount);
        CU_ASSERT_TRUE(scene_wait_whole(&scene, SESSIONS));
        ASSERT_NUMBER(scene.peers[0].received + scene.peers[1].received, SESSIONS * plan.amount);
        ASSERT_NUMBER(scene.peers[0].bad + scene.peers[1].bad, 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(look_counts(&scene.instance).bytes_in, SESSIONS * plan.amount);
        ASSERT_NUMBER(look_counts(&scene.instance).bytes_out, SESSIONS * plan.amount);
    }
    scene_close(&scene);
}

static double workers_cpu_percent(const struct scene *scene, unsigned over_ms)
{
    unsigned workers = scene_mode()->workers;
    double percent = 0;

    for (unsigned slot = 0; slot < workers; slot++)
        percent += procfs_cpu_percent(instance_child(&scene->instance, BOARD_ROLE_WORKER, slot),
                                      over_ms / workers);
    return percent;
}

/*
 * A client that does not read: the backend is stopped, nobody spins, and everything comes once the
 * client reads, the FIN after the last byte.
 */
static void test_back_pressure(void)
{
    static const struct scene_plan plan = {
        .backends = 1,
        .script = script_duplex,
        .amount = MIB(64),
    };
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 &&
        client_open_sized(&client, &scene.listen, 64 * 1024) == 0) {
        uint64_t sent;

        struct exchange opening = {.out = {.id = client.id}, .to_send = TAGGED_BLOCK};

        ASSERT_NUMBER(exchange_run(&opening, client.fd, -1, mono_ms() + SOON_MS), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].sent, 1, SOON_MS));
        sent = wait_settled(&scene.peers[0].sent, 200, SOON_MS);
        CU_ASSERT_TRUE(sent < plan.amount);
        CU_ASSERT_TRUE(workers_cpu_percent(&scene, volume(600, 5000)) < 8);
        CU_ASSERT_TRUE(scene.peers[0].sent < sent + MIB(1));
        ASSERT_NUMBER(client_exchange(&client, 0), plan.amount);
        CU_ASSERT_TRUE(scene_wait_whole(&scene, 1));
        client_close(&client);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/*
 * A client that has said everything, FIN included, before any backend is connected, while the first
 * one that is tried refuses. Without checks the refused one is tried by each worker.
 */
static void test_data_before_connect(void)
{
    enum { SESSIONS = 20 };
    static const struct scene_plan plan = {
        .backends = 2,
        .script = script_answer_after_fin,
        .amount = KIB(64),
        .keys = "check = none\nbalance = roundrobin\n",
        .closed = 1 << 0,
    };
    unsigned rounds = volume(1, 84);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 1; i <= rounds; i++) {
            uint64_t received;

            ASSERT_NUMBER(client_swarm(&scene.listen, SESSIONS, MIB(1), &received), 0);
            ASSERT_NUMBER(received, SESSIONS * plan.amount);
            ASSERT_NUMBER(scene.peers[1].received, i * SESSIONS * MIB(1));
        }
        ASSERT_NUMBER(scene.peers[1].bad, 0);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b1").connect_errors >= 1);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b2").retries >= 1);
    }
    scene_close(&scene);
}

/* Clients that go away without a word, one before its bytes have all been echoed. */
static void test_client_reset(void)
{
    enum { SESSIONS = 20 };
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < SESSIONS; i++) {
            struct client client;

            ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
            ASSERT_NUMBER(client_echo(&client, 100), 0);
            CU_ASSERT_TRUE(i % 2 == 0 || client_try_echo(&client, 0) <= 0);
            client_reset(&client);
        }
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(look_counts(&scene.instance).total, SESSIONS);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
    }
    scene_close(&scene);
}

/*
 * A backend that resets after a whole answer takes nothing of it away from a client that has not
 * read yet.
 */
static void test_reset_after_answer(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_answer_and_reset, .amount = MIB(1)};
    struct exchange question = {.to_send = TAGGED_BLOCK};
    struct exchange answer = {.to_get = MIB(1)};
    struct client client;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0 && client_open_sized(&client, &scene.listen, 4096) == 0) {
        question.out.id = client.id;
        answer.in = (struct tagged){.id = TAGGED_ANSWER(client.id), .known = true};
        ASSERT_NUMBER(exchange_run(&question, client.fd, -1, mono_ms() + SOON_MS), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].whole, 1, SOON_MS));
        ASSERT_NUMBER(exchange_run(&answer, client.fd, -1, mono_ms() + SOON_MS), 0);
        ASSERT_NUMBER(answer.in.offset, MIB(1));
        ASSERT_NUMBER(answer.in.bad, false);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        client_close(&client);
    }
    scene_close(&scene);
}

/* ":PORT" is both families, and a backend may be of either. */
static void test_both_families(void)
{
    struct addr any = {.family = ADDR_IPV6};
    struct addr loopback = {.family = ADDR_IPV6, .ip = {[15] = 1}};
    struct scene scene;
    char text[512];
    char backend[ADDR_TEXT_SIZE];
    int fd = listen_at(&any, 1);

    if (fd == -1) {
        unit_skip("no IPv6 here");
        return;
    }
    fd_close(&fd);
    if (scene_init(&scene) == 0 && peer_open_at(&scene.peers[0], &loopback, script_echo, 0) == 0) {
        scene.peer_count = 1;
        snprintf(text, sizeof(text),
                 "[k0slb]\nname = %s\nworkers = %u\nrelay = %s\n[stats]\nlisten =\n"
                 "[service test]\nlisten = :%u\ncheck = tcp\nserver b1 = %s\n",
                 scene.instance.name, scene_mode()->workers, scene_mode()->relay, any.port,
                 addr_format(&scene.peers[0].address, backend));
        scene.listen.port = any.port;
        loopback.port = any.port;
        if (scene_open_text(&scene, text) == 0) {
            ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
            ASSERT_NUMBER(client_visit_many(&loopback, 3), 0);
            ASSERT_NUMBER(scene.peers[0].served, 6);
        }
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"echo", test_echo},
    {"client_half_close", test_client_half_close},
    {"backend_half_close", test_backend_half_close},
    {"bulk_both_ways", test_bulk_both_ways},
    {"back_pressure", test_back_pressure},
    {"data_before_connect", test_data_before_connect},
    {"client_reset", test_client_reset},
    {"reset_after_answer", test_reset_after_answer},
    {"both_families", test_both_families},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"copy/4", tests}, {"splice/1", tests}, {"splice/4", tests},
        {"auto/1", tests}, {"auto/4", tests}, {NULL, NULL},
    };

    return unit_main("test_relay", suites, argc, argv);
}
