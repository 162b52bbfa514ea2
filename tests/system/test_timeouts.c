/* Sessions that end because of a clock: not earlier than it says, and not much later. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"

/* What a machine with other things to do may add to any end. */
#define SLACK_MS 700

/* How long from `since` until the session is ended from the other side; 0 when it is not. */
static uint64_t ends_after(struct client *client, uint64_t since, unsigned within_ms)
{
    enum client_end end = client_next(client, within_ms);

    return end == CLIENT_FIN || end == CLIENT_RESET ? mono_ms() - since : 0;
}

static void assert_between(uint64_t ms, uint64_t least, uint64_t most)
{
    if (ms < least || ms > most)
        printf("%llu ms, wanted %llu to %llu\n", (unsigned long long)ms, (unsigned long long)least,
               (unsigned long long)most);
    CU_ASSERT_TRUE(ms >= least && ms <= most);
}

static void stay(struct client *client, const struct addr *address)
{
    ASSERT_NUMBER(client_open(client, address), 0);
    ASSERT_NUMBER(client_echo(client, 100), 0);
}

/* Echoes on all of them again and again for that time. */
static void keep_moving(struct client *const *clients, unsigned count, unsigned for_ms)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    uint64_t until_ms = mono_ms() + for_ms;

    while (mono_ms() < until_ms) {
        for (unsigned i = 0; i < count; i++)
            ASSERT_NUMBER(client_echo(clients[i], 10), 0);
        nanosleep(&pause, NULL);
    }
}

/* ---- idle_timeout, half_close_timeout ---- */

enum { TIMEOUT_MS = 400, LATEST_MS = TIMEOUT_MS * 5 / 4 + SLACK_MS };

static void test_idle(void)
{
    struct scene scene;
    struct client silent;
    struct client moving;

    if (change_open(&scene, 1,
                    CHANGE_BEGIN "[service test]\nlisten = @L\nidle_timeout = 400ms\n"
                                 "server b1 = @1\n") == 0) {
        struct client *const movers[] = {&moving};
        uint64_t before;
        uint64_t after;

        stay(&moving, &scene.listen);
        ASSERT_NUMBER(client_open(&silent, &scene.listen), 0);
        keep_moving(movers, 1, 2 * TIMEOUT_MS);
        /* That one has never said a word. */
        CU_ASSERT_TRUE(client_next(&silent, 0) >= CLIENT_FIN);
        client_close(&silent);
        stay(&silent, &scene.listen);
        before = mono_ms();
        ASSERT_NUMBER(client_echo(&silent, 100), 0);
        after = mono_ms();
        assert_between(ends_after(&silent, before, 5000), TIMEOUT_MS, LATEST_MS + (after - before));
        client_close(&silent);
        client_close(&moving);
    }
    scene_close(&scene);
}

/*
 * Reads slowly, through a small window, for that time. Returns how many bytes came, or -1 when the
 * session has ended.
 */
static int64_t read_slowly(const struct client *client, unsigned for_ms)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    struct pollfd watched = {.fd = client->fd, .events = POLLIN};
    uint64_t until_ms = mono_ms() + for_ms;
    int64_t sum = 0;

    while (mono_ms() < until_ms) {
        char data[16 * 1024];
        ssize_t got = poll(&watched, 1, CLIENT_PATIENCE_MS) == 1
                          ? recv(client->fd, data, sizeof(data), 0)
                          : -1;

        if (got <= 0)
            return -1;
        sum += got;
        nanosleep(&pause, NULL);
    }
    return sum;
}

/*
 * Bytes that come one way alone are movement too, also those that stand in a large send buffer and
 * leave it slowly: nobody is told of that.
 */
static void test_idle_download(void)
{
    static const struct scene_plan plan = {
        .backends = 1,
        .script = script_answer_after_fin,
        .amount = 8 * 1024 * 1024,
        .keys = "idle_timeout = 200ms\nhalf_close_timeout = 200ms\n",
    };
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_open_sized(&client, &scene.listen, 4096), 0);
        ASSERT_NUMBER(send(client.fd, "12345678", 8, MSG_NOSIGNAL), 8);
        ASSERT_NUMBER(client_fin(&client), 0);
        CU_ASSERT_TRUE(read_slowly(&client, 1500) > 0);
        client_close(&client);
    }
    scene_close(&scene);
}

static void half_close(struct scene *scene, struct client *client, uint64_t *since)
{
    stay(client, &scene->listen);
    *since = mono_ms();
    ASSERT_NUMBER(client_fin(client), 0);
}

static void test_half_close(void)
{
    static const struct scene_plan plan = {
        .backends = 1,
        .script = script_hold_after_fin,
        .keys = "half_close_timeout = 400ms\n",
    };
    struct scene scene;
    struct client half;
    struct client whole;
    uint64_t since;

    if (scene_open(&scene, &plan) == 0) {
        stay(&whole, &scene.listen);
        half_close(&scene, &half, &since);
        assert_between(ends_after(&half, since, 5000), TIMEOUT_MS, LATEST_MS);
        ASSERT_NUMBER(client_echo(&whole, 10), 0);
        client_close(&half);
        client_close(&whole);
    }
    scene_close(&scene);
}

/* A reload gives sessions that are open the new timeout, and takes it away again. */
static void test_changed_idle(void)
{
    static const char never[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n";
    static const char soon[] = CHANGE_BEGIN "[service test]\nlisten = @L\nidle_timeout = 400ms\n"
                                            "server b1 = @1\n";
    struct scene scene;
    struct client first;
    struct client second;

    if (change_open(&scene, 1, never) == 0) {
        uint64_t since;

        stay(&first, &scene.listen);
        ASSERT_NUMBER(client_next(&first, TIMEOUT_MS), CLIENT_STILL_OPEN);
        since = mono_ms();
        ASSERT_NUMBER(client_echo(&first, 10), 0);
        ASSERT_CHANGE(&scene, soon);
        assert_between(ends_after(&first, since, 5000), TIMEOUT_MS, 2 * LATEST_MS);
        stay(&second, &scene.listen);
        ASSERT_CHANGE(&scene, never);
        ASSERT_NUMBER(client_next(&second, 2 * TIMEOUT_MS), CLIENT_STILL_OPEN);
        ASSERT_NUMBER(client_echo(&second, 10), 0);
        client_close(&first);
        client_close(&second);
    }
    scene_close(&scene);
}

/* A service that is removed leaves its sessions the timeouts that it had. */
static void test_removed_idle(void)
{
    static const char both[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n"
                                            "[service more]\nlisten = @A\nserver b2 = @2\n"
                                            "idle_timeout = 1s\nhalf_close_timeout = 400ms\n";
    static const char one[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n";
    struct scene scene;
    struct client whole;
    struct client half;

    if (change_open(&scene, 2, both) == 0) {
        uint64_t since;

        scene.peers[1].script = script_hold_after_fin;
        stay(&whole, &scene.spare[0]);
        stay(&half, &scene.spare[0]);
        ASSERT_CHANGE(&scene, one);
        since = mono_ms();
        ASSERT_NUMBER(client_echo(&whole, 10), 0);
        ASSERT_NUMBER(client_fin(&half), 0);
        assert_between(ends_after(&half, since, 5000), TIMEOUT_MS, LATEST_MS);
        assert_between(ends_after(&whole, since, 5000), 1000, 1000 * 5 / 4 + SLACK_MS);
        client_close(&half);
        client_close(&whole);
    }
    scene_close(&scene);
}

/* ---- RL-11: drain_timeout ---- */

enum { LIMIT_MS = 500, OVER_MS = LIMIT_MS + 1000 + SLACK_MS };

#define DRAIN_BEGIN                                                                                \
    CHANGE_HEAD "drain_timeout = 500ms\n" CHANGE_SILENT CHANGE_CHECKS                              \
                "[service test]\nlisten = @L\n"

/*
 * Of the sessions at what is removed one ends by itself and in order, the other one at the limit;
 * one elsewhere is not concerned.
 */
static void drain_by(const char *before, const char *after)
{
    struct client ending;
    struct client endless;
    struct client elsewhere;
    struct scene scene;

    if (change_open(&scene, 3, before) == 0) {
        struct client *const staying[] = {&elsewhere};
        uint64_t since;

        stay(&elsewhere, &scene.listen);
        stay(&ending, &scene.spare[0]);
        stay(&endless, &scene.spare[0]);
        since = mono_ms();
        ASSERT_CHANGE(&scene, after);
        ASSERT_NUMBER(client_echo(&ending, 1000), 0);
        ASSERT_NUMBER(client_fin(&ending), 0);
        ASSERT_NUMBER(client_next(&ending, SOON_MS), CLIENT_FIN);
        ASSERT_NUMBER(client_echo(&endless, 1000), 0);
        assert_between(ends_after(&endless, since, 5000), LIMIT_MS, OVER_MS);
        keep_moving(staying, 1, LIMIT_MS + 700);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 1, SOON_MS));
        client_close(&ending);
        client_close(&endless);
        client_close(&elsewhere);
    }
    scene_close(&scene);
}

static void test_drain_backend(void)
{
    drain_by(DRAIN_BEGIN "server b1 = @1\n"
                         "[service more]\nlisten = @A\nserver b2 = @2\n",
             DRAIN_BEGIN "server b1 = @1\n"
                         "[service more]\nlisten = @A\nserver b3 = @3\n");
}

static void test_drain_service(void)
{
    drain_by(DRAIN_BEGIN "server b1 = @1\n"
                         "[service more]\nlisten = @A\nserver b2 = @2\n",
             DRAIN_BEGIN "server b1 = @1\n");
}

static void test_drain_disabled(void)
{
    drain_by(DRAIN_BEGIN "server b1 = @1\n"
                         "[service more]\nlisten = @A\nserver b2 = @2\n",
             DRAIN_BEGIN "server b1 = @1\n"
                         "[service more]\nenabled = no\nlisten = @A\nserver b2 = @2\n");
}

/* To a backend that moves, the old address is what is removed. */
static void test_drain_address(void)
{
    drain_by(DRAIN_BEGIN "server b1 = @1\n"
                         "[service more]\nlisten = @A\nserver b2 = @2\n",
             DRAIN_BEGIN "server b1 = @1\n"
                         "[service more]\nlisten = @A\nserver b2 = @3\n");
}

/* One that returns in time is not ended for having been away. */
static void test_drain_returns(void)
{
    static const char both[] = DRAIN_BEGIN "server b1 = @1 weight=0\nserver b2 = @2\n";
    struct scene scene;
    struct client client;

    if (change_open(&scene, 2, both) == 0) {
        struct client *const staying[] = {&client};

        stay(&client, &scene.listen);
        ASSERT_CHANGE(&scene, DRAIN_BEGIN "server b1 = @1\n");
        ASSERT_CHANGE(&scene, both);
        keep_moving(staying, 1, OVER_MS);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").counts.active, 1);
        client_close(&client);
    }
    scene_close(&scene);
}

#define DRAIN_WORKERS(number)                                                                      \
    CHANGE_RELAY "drain_timeout = 500ms\nworkers = " number "\n" CHANGE_SILENT CHANGE_CHECKS       \
                 "[service test]\nlisten = @L\nserver b1 = @1\n"

static bool has_two_children(const struct snapshot *snapshot, const void *context)
{
    (void)context;
    return snapshot->process_count == 2;
}

/* The sessions of the workers that stay are not concerned. */
static void test_drain_worker(void)
{
    static struct crowd crowd;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 1, DRAIN_WORKERS("3")) == 0) {
        unsigned staying;
        uint64_t since;

        ASSERT_NUMBER(crowd_open(&crowd, &scene.listen, 60), 0);
        staying = atomic_load(&board_worker(scene.instance.board, 0)->sessions);
        CU_ASSERT_TRUE(staying > 0 && staying < 60);
        since = mono_ms();
        ASSERT_CHANGE(&scene, DRAIN_WORKERS("1"));
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), 60);
        CU_ASSERT_TRUE(wait_board(&scene.instance, has_two_children, NULL, 5000));
        assert_between(mono_ms() - since, LIMIT_MS, OVER_MS);
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), staying);
        crowd_close(&crowd);
    }
    scene_close(&scene);
}

/* QUIT: the same for everybody, and the end. */
static void test_drain_quit(void)
{
    struct scene scene;
    struct client client;

    if (change_open(&scene, 1, DRAIN_WORKERS("2")) == 0) {
        uint64_t since;

        stay(&client, &scene.listen);
        since = mono_ms();
        instance_signal(&scene.instance, SIGQUIT);
        CU_ASSERT_TRUE(wait_busy_worker(&scene.instance, "draining", SOON_MS));
        ASSERT_NUMBER(client_echo(&client, 10), 0);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, 5000), 0);
        assert_between(mono_ms() - since, LIMIT_MS, OVER_MS);
        CU_ASSERT_TRUE(client_next(&client, 0) >= CLIENT_FIN);
        client_close(&client);
    }
    scene_close_ended(&scene);
}

static const struct unit_test modes[] = {
    {"idle", test_idle},
    {"idle_download", test_idle_download},
    {NULL, NULL},
};

static const struct unit_test once[] = {
    {"idle", test_idle},
    {"idle_download", test_idle_download},
    {"half_close", test_half_close},
    {"changed_idle", test_changed_idle},
    {"removed_idle", test_removed_idle},
    {"RL-11_drain_backend", test_drain_backend},
    {"RL-11_drain_service", test_drain_service},
    {"RL-11_drain_disabled", test_drain_disabled},
    {"RL-11_drain_address", test_drain_address},
    {"RL-11_drain_returns", test_drain_returns},
    {"RL-11_drain_worker", test_drain_worker},
    {"RL-11_drain_quit", test_drain_quit},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/4", once},
        {"splice/1", modes},
        {"auto/1", modes},
        {NULL, NULL},
    };

    return unit_main("test_timeouts", suites, argc, argv);
}
