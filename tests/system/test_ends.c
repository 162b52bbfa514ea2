/*
 * How a stream ends: the FIN after the last byte, whatever that byte had to wait for; a reset after
 * all that had come before it, and still a reset. DI-02, DI-03, DI-04 and DI-06.
 */
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/scene.h"
#include "system/stream.h"
#include "system/volume.h"

/* ---- what backends do ---- */

/* Takes the first block, which says whose stream it is. Returns 0, or -1 for a probe. */
static int take_question(struct peer_session *session, struct tagged *in, struct tagged *out)
{
    *in = (struct tagged){.id = 0};
    if (stream_read(session->fd, in, TAGGED_BLOCK, NULL) != CLIENT_DATA)
        return -1;
    peer_count(session);
    *out = (struct tagged){.id = TAGGED_ANSWER(in->id)};
    return 0;
}

static void wait_acknowledged(const struct peer_session *session)
{
    uint64_t deadline_ms = mono_ms() + CLIENT_PATIENCE_MS;
    int queued = 1;

    while (ioctl(session->fd, SIOCOUTQ, &queued) == 0 && queued > 0 && mono_ms() < deadline_ms)
        wait_a_moment();
}

static void book(struct peer_session *session, bool is_whole)
{
    if (is_whole)
        atomic_fetch_add(&session->peer->whole, 1);
}

/* A block each way; then reads to the FIN, and sends `amount` bytes, the last with the FIN. */
static void script_residue(struct peer_session *session)
{
    struct tagged in;
    struct tagged out;
    enum client_end end;

    if (take_question(session, &in, &out) == -1 ||
        stream_send(session->fd, &out, TAGGED_BLOCK, NULL) == -1)
        return;
    end = stream_read(session->fd, &in, UINT64_MAX, NULL);
    atomic_fetch_add(&session->peer->received, in.offset);
    book(session, end == CLIENT_FIN && !in.bad &&
                      in.offset == TAGGED_BLOCK + session->peer->amount &&
                      stream_send_last(session->fd, &out, session->peer->amount) == 0);
}

/* Answers with `amount` bytes, the last with the FIN, and is gone. */
static void script_answer(struct peer_session *session)
{
    struct tagged in;
    struct tagged out;

    if (take_question(session, &in, &out) == 0)
        book(session, stream_send_last(session->fd, &out, session->peer->amount) == 0);
}

/* Answers with `amount` bytes and resets; that reset comes upon the heels of the last byte. */
static void script_answer_and_die(struct peer_session *session)
{
    struct tagged in;
    struct tagged out;

    if (take_question(session, &in, &out) == -1)
        return;
    book(session, stream_send(session->fd, &out, session->peer->amount, NULL) == 0);
    session->reset = true;
}

/* Answers, and closes when all of that has arrived: with input that it has never read. */
static void script_answer_unread(struct peer_session *session)
{
    struct tagged in;
    struct tagged out;

    if (take_question(session, &in, &out) == -1)
        return;
    book(session, stream_send(session->fd, &out, session->peer->amount, NULL) == 0);
    wait_acknowledged(session);
}

/* Reads to the end, which has to be a reset after `amount` bytes. */
static void script_expect_reset(struct peer_session *session)
{
    struct tagged in;
    struct tagged out;

    if (take_question(session, &in, &out) == 0)
        book(session, stream_read(session->fd, &in, UINT64_MAX, NULL) == CLIENT_RESET && !in.bad &&
                          in.offset == session->peer->amount);
}

/* Reads to the FIN, answers nothing, and waits for the reset that comes after it. */
static void script_expect_reset_after_fin(struct peer_session *session)
{
    struct pollfd gone[2] = {{.fd = session->fd}, {.fd = session->peer->stop_fd, .events = POLLIN}};
    struct tagged in;
    struct tagged out;

    if (take_question(session, &in, &out) == -1 ||
        stream_read(session->fd, &in, UINT64_MAX, NULL) != CLIENT_FIN)
        return;
    atomic_fetch_add(&session->peer->received, in.offset);
    book(session, poll(gone, 2, CLIENT_PATIENCE_MS) > 0 && gone[0].revents != 0);
}

/* Sends its FIN, and resets once the client has put a whole session on the peer's account. */
static void script_fin_and_reset(struct peer_session *session)
{
    struct tagged in;
    struct tagged out;

    if (take_question(session, &in, &out) == 0 && shutdown(session->fd, SHUT_WR) == 0)
        session->reset = wait_count(&session->peer->whole, 1, CLIENT_PATIENCE_MS);
}

/* ---- what clients do ---- */

/* Opens a session and sends its first block. */
static void ask(const struct scene *scene, struct client *client, struct tagged *out)
{
    *out = (struct tagged){.id = 0};
    ASSERT_NUMBER(client_open(client, &scene->listen), 0);
    out->id = client->id;
    ASSERT_NUMBER(stream_send(client->fd, out, TAGGED_BLOCK, NULL), 0);
}

/* Reads the answer to its end. */
static void assert_answer(struct client *client, uint64_t bytes, enum client_end end,
                          const struct pace *pace)
{
    struct tagged in = stream_answer_to(client);
    enum client_end got = stream_read(client->fd, &in, UINT64_MAX, pace);

    ASSERT_NUMBER(got, end);
    ASSERT_NUMBER(in.offset, bytes);
    ASSERT_NUMBER(in.bad, false);
}

static void assert_all_is_over(struct scene *scene)
{
    CU_ASSERT_TRUE(wait_active(&scene->instance, 0, SOON_MS));
    CU_ASSERT_TRUE(atomic_load(&scene->peers[0].bad) == 0);
}

/* ---- DI-04: the last bytes ---- */

/* Every length that is left over at an end, around all that a relay counts in. */
#define RESIDUES 80

static unsigned residue(unsigned i)
{
    static const unsigned edges[] = {1447,  1448,  1449,  4095,  4096,  4097,  16383, 16384,
                                     16385, 32767, 32768, 32769, 65535, 65536, 65537};

    return i < RESIDUES - ARRAY_LEN(edges) ? i + 1 : edges[i - (RESIDUES - ARRAY_LEN(edges))];
}

static void leave_residue(struct scene *scene, unsigned size)
{
    struct tagged out;
    struct tagged in;
    struct client client;

    scene->peers[0].amount = size;
    ask(scene, &client, &out);
    in = stream_answer_to(&client);
    ASSERT_NUMBER(stream_read(client.fd, &in, TAGGED_BLOCK, NULL), CLIENT_DATA);
    ASSERT_NUMBER(stream_send_last(client.fd, &out, size), 0);
    ASSERT_NUMBER(stream_read(client.fd, &in, UINT64_MAX, NULL), CLIENT_FIN);
    ASSERT_NUMBER(in.offset, TAGGED_BLOCK + size);
    ASSERT_NUMBER(in.bad, false);
    client_close(&client);
}

/* So many bytes and the FIN in one segment, first one way, then the other. */
static void test_last_bytes(void)
{
    static const struct scene_plan plan = {.backends = 1, .script = script_residue};
    unsigned rounds = volume(1, 12);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds * RESIDUES; i++)
            leave_residue(&scene, residue(i % RESIDUES));
        CU_ASSERT_TRUE(scene_wait_whole(&scene, (uint64_t)rounds * RESIDUES));
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

/* What a client that does not read leaves in the balancer: more than its socket takes. */
static const uint64_t behind[] = {MIB(3), MIB(4) + KIB(512)};

/*
 * The same when the last bytes come while the client takes nothing: nobody spins then, and all of
 * it is there when the client reads.
 */
static void leave_behind(struct scene *scene, unsigned first, unsigned step)
{
    struct client clients[RESIDUES];
    uint64_t amounts[RESIDUES];
    struct tagged out;
    unsigned count = 0;
    pid_t worker = instance_child(&scene->instance, BOARD_ROLE_WORKER, 0);
    uint64_t before = look_counts(&scene->instance).bytes_out;
    uint64_t whole = atomic_load(&scene->peers[0].whole);
    uint64_t sum = 0;

    for (unsigned i = first; i < RESIDUES; i += step, count++) {
        amounts[count] = scene->peers[0].amount = behind[count % ARRAY_LEN(behind)] + residue(i);
        sum += amounts[count];
        ask(scene, &clients[count], &out);
        CU_ASSERT_TRUE(wait_count(&scene->peers[0].whole, whole + count + 1, SOON_MS));
    }
    CU_ASSERT_TRUE(procfs_cpu_percent(worker, 200) < 10);
    CU_ASSERT_TRUE(look_counts(&scene->instance).bytes_out - before < sum);
    for (unsigned i = 0; i < count; i++) {
        assert_answer(&clients[i], amounts[i], CLIENT_FIN, NULL);
        client_close(&clients[i]);
    }
}

static void test_last_bytes_behind_block(void)
{
    static const struct scene_plan plan = {.backends = 1, .script = script_answer};
    unsigned step = volume(11, 3);
    unsigned rounds = volume(1, 12 * step);
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned round = 0; round < rounds; round++)
            leave_behind(&scene, round % step, step);
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

/* ---- DI-06: resets ---- */

/* A few bytes and then RST: the client gets the bytes, then the RST, and it is counted as that. */
static void test_backend_reset(void)
{
    static const unsigned sizes[] = {1, 16, 1000, 1024, 16384, 16385, 65537, 200000};
    static const struct scene_plan plan = {.backends = 1, .script = script_answer_and_die};
    unsigned rounds = volume(2, 21);
    struct scene scene;
    struct tagged out;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds * ARRAY_LEN(sizes); i++) {
            struct tagged in;
            unsigned size = sizes[i % ARRAY_LEN(sizes)];

            scene.peers[0].amount = size;
            ask(&scene, &client, &out);
            in = stream_answer_to(&client);
            ASSERT_NUMBER(stream_read(client.fd, &in, UINT64_MAX, NULL), CLIENT_RESET);
            /* A backend that resets throws away what has not left it yet. */
            CU_ASSERT_TRUE(in.offset == size || (size > 65536 && in.offset < size));
            ASSERT_NUMBER(in.bad, false);
            client_close(&client);
        }
        assert_all_is_over(&scene);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").resets, rounds * ARRAY_LEN(sizes));
    }
    scene_close(&scene);
}

/* A whole answer is in the balancer when the backend resets; the client has read nothing so far. */
static void ask_and_let_die(struct scene *scene, struct client *client)
{
    struct tagged out;
    uint64_t whole = atomic_load(&scene->peers[0].whole);

    ask(scene, client, &out);
    CU_ASSERT_TRUE(wait_count(&scene->peers[0].whole, whole + 1, SOON_MS));
}

static void test_backend_reset_after_answer(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_answer_and_reset, .amount = MIB(1)};
    unsigned rounds = volume(4, 170);
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds; i++) {
            ask_and_let_die(&scene, &client);
            assert_answer(&client, plan.amount, CLIENT_RESET, NULL);
            client_close(&client);
        }
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

/* A reader may take longer than a second for it all, as long as it does read. */
static void test_slow_reader_before_reset(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_answer_and_reset, .amount = MIB(3)};
    const struct pace pace = {.piece = KIB(64), .pause_us = volume(30, 200) * 1000};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t start;

        ask_and_let_die(&scene, &client);
        start = mono_ms();
        assert_answer(&client, plan.amount, CLIENT_RESET, &pace);
        CU_ASSERT_TRUE(mono_ms() - start > 1200);
        client_close(&client);
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

/* A reader that takes nothing is not waited for: the RST comes a second after the last progress. */
static void test_no_reader_before_reset(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_answer_and_reset, .amount = MIB(3)};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        struct tagged in;
        struct pollfd gone = {.events = 0};
        uint64_t start = mono_ms();

        ask_and_let_die(&scene, &client);
        in = stream_answer_to(&client);
        gone.fd = client.fd;
        CU_ASSERT_TRUE(poll(&gone, 1, CLIENT_PATIENCE_MS) == 1);
        CU_ASSERT_TRUE(mono_ms() - start >= 950);
        CU_ASSERT_TRUE(mono_ms() - start <= 2500);
        /* What the kernel had for it is still there. */
        ASSERT_NUMBER(stream_read(client.fd, &in, UINT64_MAX, NULL), CLIENT_RESET);
        CU_ASSERT_TRUE(in.offset > 0 && in.offset < plan.amount && !in.bad);
        client_close(&client);
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

static void wait_passed_on(struct scene *scene, uint64_t bytes)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    while (look_counts(&scene->instance).bytes_in < bytes && mono_ms() < deadline_ms)
        wait_a_moment();
    ASSERT_NUMBER(look_counts(&scene->instance).bytes_in, bytes);
}

/* The other way: a client's bytes, then its RST, which is late or comes upon their heels. */
static void test_client_reset(void)
{
    static const unsigned sizes[] = {0, 1, 1000, 16384, 16385, 50000};
    static const struct scene_plan plan = {.backends = 1, .script = script_expect_reset};
    unsigned rounds = volume(2, 28);
    struct scene scene;
    struct tagged out;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds * ARRAY_LEN(sizes); i++) {
            unsigned size = sizes[i % ARRAY_LEN(sizes)];
            uint64_t before = look_counts(&scene.instance).bytes_in;

            scene.peers[0].amount = TAGGED_BLOCK + size;
            ask(&scene, &client, &out);
            wait_passed_on(&scene, before + TAGGED_BLOCK);
            ASSERT_NUMBER(stream_send(client.fd, &out, size, NULL), 0);
            if (i / ARRAY_LEN(sizes) % 2 == 0)
                wait_passed_on(&scene, before + TAGGED_BLOCK + size);
            client_reset(&client);
            CU_ASSERT_TRUE(scene_wait_whole(&scene, i + 1));
        }
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

/*
 * A side that has sent its FIN may still reset, or be found dead: nothing is left to be read of it
 * then, and the other side, which is silent, does not find out for itself.
 */
static void test_client_reset_after_fin(void)
{
    static const struct scene_plan plan = {.backends = 1, .script = script_expect_reset_after_fin};
    struct scene scene;
    struct tagged out;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        ask(&scene, &client, &out);
        ASSERT_NUMBER(client_fin(&client), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].received, TAGGED_BLOCK, SOON_MS));
        client_reset(&client);
        CU_ASSERT_TRUE(scene_wait_whole(&scene, 1));
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

static void test_backend_reset_after_fin(void)
{
    static const struct scene_plan plan = {.backends = 1, .script = script_fin_and_reset};
    struct scene scene;
    struct tagged out;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        struct pollfd gone = {.events = 0};

        ask(&scene, &client, &out);
        ASSERT_NUMBER(client_next(&client, SOON_MS), CLIENT_FIN);
        atomic_fetch_add(&scene.peers[0].whole, 1);
        gone.fd = client.fd;
        ASSERT_NUMBER(poll(&gone, 1, SOON_MS), 1);
        assert_all_is_over(&scene);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").resets, 1);
        client_close(&client);
    }
    scene_close(&scene);
}

/* A client that goes on sending what nobody reads, until it can no more. */
struct uploader {
    struct client *client;
    struct tagged out;
    pthread_t thread;
};

static void *upload(void *argument)
{
    struct uploader *uploader = argument;

    /* Ended by the reset, sooner or later. */
    (void)!stream_send(uploader->client->fd, &uploader->out, MIB(64), NULL);
    return NULL;
}

/* The backend answers in the middle of an upload, and closes on it: the answer is not lost. */
static void test_answer_to_unread_upload(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_answer_unread, .amount = MIB(2)};
    const struct pace pace = {.piece = KIB(64), .pause_us = 5000};
    unsigned rounds = volume(2, 20);
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < rounds; i++) {
            struct uploader uploader = {.client = &client};
            struct tagged in;

            ask(&scene, &client, &uploader.out);
            in = stream_answer_to(&client);
            ASSERT_NUMBER(pthread_create(&uploader.thread, NULL, upload, &uploader), 0);
            (void)stream_read(client.fd, &in, plan.amount, i % 2 == 0 ? NULL : &pace);
            ASSERT_NUMBER(in.offset, plan.amount);
            ASSERT_NUMBER(in.bad, false);
            pthread_join(uploader.thread, NULL);
            client_close(&client);
        }
        assert_all_is_over(&scene);
    }
    scene_close(&scene);
}

/* Those of the second table's end have to wait for a clock. */
#define EVERYWHERE                                                                                 \
    {"DI-04_last_bytes", test_last_bytes},                                                         \
        {"DI-04_last_bytes_behind_block", test_last_bytes_behind_block},                           \
        {"DI-06_backend_reset", test_backend_reset},                                               \
        {"DI-06_backend_reset_after_answer", test_backend_reset_after_answer},                     \
        {"DI-06_client_reset", test_client_reset},                                                 \
        {"DI-06_client_reset_after_fin", test_client_reset_after_fin},                             \
        {"DI-06_backend_reset_after_fin", test_backend_reset_after_fin},                           \
    {                                                                                              \
        "DI-06_answer_to_unread_upload", test_answer_to_unread_upload                              \
    }

static const struct unit_test tests[] = {EVERYWHERE, {NULL, NULL}};

static const struct unit_test all_tests[] = {
    EVERYWHERE,
    {"DI-06_slow_reader_before_reset", test_slow_reader_before_reset},
    {"DI-06_no_reader_before_reset", test_no_reader_before_reset},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", all_tests}, {"copy/4", tests},     {"splice/1", all_tests},
        {"splice/4", tests},   {"auto/1", all_tests}, {"auto/4", tests},
        {NULL, NULL},
    };

    return unit_main("test_ends", suites, argc, argv);
}
