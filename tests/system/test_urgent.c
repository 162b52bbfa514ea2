/*
 * Urgent bytes, DI-13: they are delivered in their place like all the others, and nobody spins on
 * the mark that stops splice(2).
 */
#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/scene.h"
#include "system/stream.h"
#include "system/volume.h"

enum variant { IN_MIDSTREAM, AS_FIRST, AS_LAST, A_HUNDRED, NEXT_TO_EACH_OTHER, VARIANTS };

/* Sends a stream with urgent bytes in it. Returns 0, or -1. */
static int speak(int fd, struct tagged *out, enum variant variant)
{
    static const struct {
        unsigned before;
        unsigned urgent;
        unsigned after;
        unsigned times;
    } shapes[] = {
        [IN_MIDSTREAM] = {20000, 1, 30000, 1}, [AS_FIRST] = {0, 1, 50000, 1},
        [AS_LAST] = {50000, 1, 0, 1},          [A_HUNDRED] = {200, 1, 300, 100},
        [NEXT_TO_EACH_OTHER] = {100, 5, 0, 1},
    };

    for (unsigned i = 0; i < shapes[variant].times; i++) {
        if (stream_send(fd, out, shapes[variant].before, NULL) == -1)
            return -1;
        for (unsigned k = 0; k < shapes[variant].urgent; k++) {
            if (stream_send_urgent(fd, out) == -1)
                return -1;
        }
        if (stream_send(fd, out, shapes[variant].after, NULL) == -1)
            return -1;
    }
    return 0;
}

static void kill_workers(const struct scene *scene, int number)
{
    for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
        ASSERT_NUMBER(
            instance_kill(instance_child(&scene->instance, BOARD_ROLE_WORKER, slot), number), 0);
}

static long workers_cpu_ms(const struct scene *scene)
{
    long sum = 0;

    for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
        sum += procfs_cpu_ms(instance_child(&scene->instance, BOARD_ROLE_WORKER, slot));
    return sum;
}

/* Nobody has anything to do, and nobody does anything. */
static void assert_quiet(const struct scene *scene)
{
    long before = workers_cpu_ms(scene);

    (void)procfs_cpu_percent(scene->instance.pid, 400);
    CU_ASSERT_TRUE(workers_cpu_ms(scene) - before < 40);
}

/* ---- from the client ---- */

/* Makes the balancer splice, where it may. */
static void flow(struct client *client, struct tagged *out, struct tagged *in)
{
    ASSERT_NUMBER(stream_send(client->fd, out, KIB(200), NULL), 0);
    ASSERT_NUMBER(stream_read(client->fd, in, out->offset, NULL), CLIENT_DATA);
}

static void begin(const struct scene *scene, struct client *client, struct tagged *out,
                  struct tagged *in)
{
    ASSERT_NUMBER(client_open(client, &scene->listen), 0);
    *out = (struct tagged){.id = client->id};
    *in = (struct tagged){.id = client->id, .known = true};
}

/* All of it is there at once, or it comes as it comes; it returns from an echo. */
static void speak_to_echo(struct scene *scene, enum variant variant, bool at_once, bool flowing)
{
    struct client client;
    struct client neighbour;
    struct tagged out;
    struct tagged in;

    begin(scene, &neighbour, &out, &in);
    begin(scene, &client, &out, &in);
    ASSERT_NUMBER(client_echo(&neighbour, 100), 0);
    if (flowing)
        flow(&client, &out, &in);
    if (at_once)
        kill_workers(scene, SIGSTOP);
    ASSERT_NUMBER(speak(client.fd, &out, variant), 0);
    if (at_once)
        kill_workers(scene, SIGCONT);
    ASSERT_NUMBER(stream_read(client.fd, &in, out.offset, NULL), CLIENT_DATA);
    ASSERT_NUMBER(client_echo(&neighbour, 100), 0);
    /* Half of the streams go on, the other half end right behind the urgent byte. */
    if (flowing)
        flow(&client, &out, &in);
    ASSERT_NUMBER(client_fin(&client), 0);
    ASSERT_NUMBER(stream_read(client.fd, &in, UINT64_MAX, NULL), CLIENT_FIN);
    ASSERT_NUMBER(in.offset, out.offset);
    ASSERT_NUMBER(in.bad, false);
    client_close(&client);
    client_close(&neighbour);
}

static void test_from_client(void)
{
    static const struct scene_plan plan = {.backends = 1};
    unsigned rounds = volume(1, 50);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds * VARIANTS * 4; i++)
            speak_to_echo(&scene, i / 4 % VARIANTS, i & 1, i & 2);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* The mark is reached, and the session stays as it is: that is when a loop would show. */
static void test_quiet_at_the_mark(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct client clients[VARIANTS];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < VARIANTS; i++) {
            struct tagged out;
            struct tagged in;

            begin(&scene, &clients[i], &out, &in);
            flow(&clients[i], &out, &in);
            ASSERT_NUMBER(speak(clients[i].fd, &out, i), 0);
            ASSERT_NUMBER(stream_read(clients[i].fd, &in, out.offset, NULL), CLIENT_DATA);
            ASSERT_NUMBER(in.bad, false);
        }
        assert_quiet(&scene);
        for (unsigned i = 0; i < VARIANTS; i++)
            client_close(&clients[i]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* Reads to the end: all that the client has sent before its reset, and the reset. */
static void script_expect_reset(struct peer_session *session)
{
    struct tagged in = {.id = 0};

    if (stream_read(session->fd, &in, UINT64_MAX, NULL) != CLIENT_RESET || in.offset == 0)
        return;
    atomic_fetch_add(&session->peer->received, in.offset);
    atomic_fetch_add(&session->peer->bad, in.bad);
    atomic_fetch_add(&session->peer->whole, 1);
}

/* What has left a client survives its reset. */
static void wait_acknowledged(const struct client *client)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;
    int queued = 1;

    while (ioctl(client->fd, SIOCOUTQ, &queued) == 0 && queued > 0 && mono_ms() < deadline_ms)
        wait_a_moment();
    ASSERT_NUMBER(queued, 0);
}

static void wait_passed_on(struct scene *scene, uint64_t bytes)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    while (look_counts(&scene->instance).bytes_in < bytes && mono_ms() < deadline_ms)
        wait_a_moment();
    ASSERT_NUMBER(look_counts(&scene->instance).bytes_in, bytes);
}

/*
 * Speaks and resets: after everything has been passed on, or before the balancer has even looked at
 * it. Returns how many bytes there were.
 */
static uint64_t speak_and_reset(struct scene *scene, enum variant variant, bool at_once)
{
    uint64_t before = look_counts(&scene->instance).bytes_in;
    struct client client;
    struct tagged out;
    struct tagged in;

    begin(scene, &client, &out, &in);
    ASSERT_NUMBER(stream_send(client.fd, &out, KIB(200), NULL), 0);
    wait_passed_on(scene, before + out.offset);
    if (at_once)
        kill_workers(scene, SIGSTOP);
    ASSERT_NUMBER(speak(client.fd, &out, variant), 0);
    wait_acknowledged(&client);
    if (!at_once)
        wait_passed_on(scene, before + out.offset);
    client_reset(&client);
    if (at_once)
        kill_workers(scene, SIGCONT);
    return out.offset;
}

static void test_client_resets(void)
{
    static const struct scene_plan plan = {.backends = 1, .script = script_expect_reset};
    unsigned rounds = volume(1, 50);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds * 2 * VARIANTS; i++) {
            uint64_t before = atomic_load(&scene.peers[0].received);
            uint64_t sent = speak_and_reset(&scene, i / 2 % VARIANTS, i & 1);

            CU_ASSERT_TRUE(scene_wait_whole(&scene, i + 1));
            ASSERT_NUMBER(scene.peers[0].received - before, sent);
        }
        ASSERT_NUMBER(scene.peers[0].bad, 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* ---- from the backend ---- */

/* Speaks as `amount` says, twice, and ends with FIN, or for odd numbers with RST. */
static void script_speak(struct peer_session *session)
{
    enum variant variant = (enum variant)(session->peer->amount / 2);
    struct tagged in = {.id = 0};
    struct tagged out = {.id = 0};

    if (stream_read(session->fd, &in, TAGGED_BLOCK, NULL) != CLIENT_DATA)
        return;
    peer_count(session);
    out.id = TAGGED_ANSWER(in.id);
    if (stream_send(session->fd, &out, KIB(100), NULL) == -1 ||
        speak(session->fd, &out, variant) == -1 || speak(session->fd, &out, variant) == -1)
        return;
    atomic_fetch_add(&session->peer->sent, out.offset);
    if (session->peer->amount % 2 == 0) {
        atomic_fetch_add(&session->peer->whole, 1);
        return;
    }
    /* What a reset would destroy has to be out of reach. */
    if (stream_read(session->fd, &in, 2ull * TAGGED_BLOCK, NULL) == CLIENT_DATA)
        atomic_fetch_add(&session->peer->whole, 1);
    session->reset = true;
}

static void hear(struct scene *scene, bool ends_with_reset)
{
    uint64_t before = atomic_load(&scene->peers[0].sent);
    uint64_t whole = atomic_load(&scene->peers[0].whole);
    struct client client;
    struct tagged out;
    struct tagged in;

    begin(scene, &client, &out, &in);
    in = stream_answer_to(&client);
    ASSERT_NUMBER(stream_send(client.fd, &out, TAGGED_BLOCK, NULL), 0);
    if (ends_with_reset) {
        CU_ASSERT_TRUE(wait_count(&scene->peers[0].sent, before + 1, SOON_MS));
        ASSERT_NUMBER(
            stream_read(client.fd, &in, atomic_load(&scene->peers[0].sent) - before, NULL),
            CLIENT_DATA);
        ASSERT_NUMBER(stream_send(client.fd, &out, TAGGED_BLOCK, NULL), 0);
    }
    ASSERT_NUMBER(stream_read(client.fd, &in, UINT64_MAX, NULL),
                  ends_with_reset ? CLIENT_RESET : CLIENT_FIN);
    CU_ASSERT_TRUE(scene_wait_whole(scene, whole + 1));
    ASSERT_NUMBER(in.offset, atomic_load(&scene->peers[0].sent) - before);
    ASSERT_NUMBER(in.bad, false);
    client_close(&client);
}

static void test_from_backend(void)
{
    static const struct scene_plan plan = {.backends = 1, .script = script_speak};
    unsigned rounds = volume(1, 50);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds * 2 * VARIANTS; i++) {
            scene.peers[0].amount = i % (2 * VARIANTS);
            hear(&scene, i % 2 == 1);
        }
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        assert_quiet(&scene);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"DI-13_from_client", test_from_client},
    {"DI-13_quiet_at_the_mark", test_quiet_at_the_mark},
    {"DI-13_client_resets", test_client_resets},
    {"DI-13_from_backend", test_from_backend},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"copy/4", tests}, {"splice/1", tests}, {"splice/4", tests},
        {"auto/1", tests}, {"auto/4", tests}, {NULL, NULL},
    };

    return unit_main("test_urgent", suites, argc, argv);
}
