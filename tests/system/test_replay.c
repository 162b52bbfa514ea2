/*
 * Hello replay: a backend that takes a client's hello and does not answer costs nobody a
 * connection, and nothing but a whole, lone hello is ever sent twice.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mono.h"
#include "unit/hello_bytes.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/exchange.h"
#include "system/scene.h"

/* hello_timeout, where it has to pass; elsewhere nobody waits for it. */
#define TIMEOUT_MS 200
#define KEYS       "hello_timeout = 200ms\n"
#define SLOW_MS    1000
#define KEYS_SLOW  "hello_timeout = 1s\n"
#define KEYS_LONG  "hello_timeout = 1h\n"

/* So long nothing has happened after several timeouts. */
#define QUIET_MS (4 * TIMEOUT_MS)

#define HELLO_SIZE 517
#define HELLO_TYPE 22

/* ---- backends ---- */

/*
 * Waits for events, for `within_ms` or until the peer stops. Returns 0 when there is one, else -1.
 */
static int wait_for(const struct peer_session *session, short events, unsigned within_ms)
{
    struct pollfd watched[2] = {{.fd = session->fd, .events = events},
                                {.fd = session->peer->stop_fd, .events = POLLIN}};

    return poll(watched, 2, (int)within_ms) > 0 && watched[1].revents == 0 ? 0 : -1;
}

/* Takes the peer's `amount` of bytes. Returns 0, or -1 when it does not come to that. */
static int take(struct peer_session *session, uint8_t *bytes)
{
    size_t size = session->peer->amount;
    size_t at = 0;

    while (at < size) {
        ssize_t got;

        if (wait_for(session, POLLIN, CLIENT_PATIENCE_MS) == -1)
            return -1;
        got = recv(session->fd, bytes + at, size - at, 0);
        if (got <= 0)
            return -1;
        peer_count(session);
        at += (size_t)got;
        atomic_fetch_add(&session->peer->received, (uint64_t)got);
    }
    return 0;
}

static int give(struct peer_session *session, const void *bytes, size_t size)
{
    ssize_t sent = send(session->fd, bytes, size, MSG_NOSIGNAL);

    if (sent > 0)
        atomic_fetch_add(&session->peer->sent, (uint64_t)sent);
    return sent == (ssize_t)size ? 0 : -1;
}

/* What a backend answers: nobody else would. */
static uint16_t voice_of(const struct peer *peer)
{
    return peer->address.port;
}

/* Says its name, then sends back whatever comes, until FIN. */
static void answer(struct peer_session *session)
{
    uint16_t voice = voice_of(session->peer);

    if (give(session, &voice, sizeof(voice)) == 0)
        script_echo(session);
}

/* Takes a hello, compares it, and answers. */
static void script_answer(struct peer_session *session)
{
    const struct hello_order order = {.size = session->peer->amount};
    uint8_t wanted[HELLO_BYTES_MOST];
    uint8_t hello[HELLO_BYTES_MOST];

    if (take(session, hello) == -1)
        return;
    hello_bytes(wanted, &order);
    if (hello[0] == HELLO_TYPE && memcmp(hello, wanted, 5) == 0 &&
        memcmp(hello, wanted, order.size) != 0)
        atomic_fetch_add(&session->peer->bad, 1);
    answer(session);
}

/* Takes a hello and answers much later than anybody waits. */
static void script_answer_late(struct peer_session *session)
{
    uint8_t hello[HELLO_BYTES_MOST];

    if (take(session, hello) == 0 && wait_for(session, 0, QUIET_MS) == -1 &&
        wait_for(session, POLLRDHUP, 0) == -1)
        answer(session);
}

/* Takes what comes and never says a word; a whole one is a session that was reset. */
static void script_silent(struct peer_session *session)
{
    char bytes[4096];
    ssize_t got;

    do {
        if (wait_for(session, POLLIN, CLIENT_PATIENCE_MS) == -1)
            return;
        got = recv(session->fd, bytes, sizeof(bytes), 0);
        if (got > 0) {
            peer_count(session);
            atomic_fetch_add(&session->peer->received, (uint64_t)got);
        }
    } while (got > 0);
    if (got == -1 && errno == ECONNRESET && session->counted)
        atomic_fetch_add(&session->peer->whole, 1);
}

/* Silent for a hello, else an echo. */
static void script_silent_or_echo(struct peer_session *session)
{
    uint8_t first = 0;

    if (wait_for(session, POLLIN, CLIENT_PATIENCE_MS) == -1 ||
        recv(session->fd, &first, 1, MSG_PEEK) != 1)
        return;
    if (first == HELLO_TYPE)
        script_silent(session);
    else
        script_echo(session);
}

/* Takes a hello, and closes. */
static void script_close_after(struct peer_session *session)
{
    uint8_t hello[HELLO_BYTES_MOST];

    (void)take(session, hello);
}

/* The same, with RST. */
static void script_reset_after(struct peer_session *session)
{
    uint8_t hello[HELLO_BYTES_MOST];

    session->reset = take(session, hello) == 0;
}

/* Resets whoever comes, without taking anything. */
static void script_reset_at_once(struct peer_session *session)
{
    session->reset = true;
}

/* Takes a hello and answers it once the test has put a whole session on the peer's account. */
static void script_answer_on_cue(struct peer_session *session)
{
    uint8_t hello[HELLO_BYTES_MOST];

    if (take(session, hello) == 0 && wait_count(&session->peer->whole, 1, CLIENT_PATIENCE_MS))
        answer(session);
}

/* Takes a hello and answers just when others give up. */
static void script_answer_in_time(struct peer_session *session)
{
    uint8_t hello[HELLO_BYTES_MOST];
    unsigned nth = (unsigned)atomic_load(&session->peer->served) % 8;

    if (take(session, hello) == 0 && wait_for(session, 0, TIMEOUT_MS - 4 + nth) == -1)
        answer(session);
}

/* ---- clients ---- */

/* Sends it all at once. */
static int say(const struct client *client, const void *bytes, size_t size)
{
    return send(client->fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

static int say_hello(const struct client *client, const struct hello_order *order)
{
    uint8_t bytes[HELLO_BYTES_MOST];

    return say(client, bytes, hello_bytes(bytes, order));
}

/* The backend that answers, or -1 when nobody does within that time. */
static int listen_for(const struct scene *scene, struct client *client, unsigned within_ms)
{
    struct pollfd watched = {.fd = client->fd, .events = POLLIN};
    uint16_t voice = 0;

    if (poll(&watched, 1, (int)within_ms) != 1 ||
        recv(client->fd, &voice, sizeof(voice), MSG_WAITALL) != (ssize_t)sizeof(voice))
        return -1;
    for (unsigned i = 0; i < scene->peer_count; i++) {
        if (voice_of(&scene->peers[i]) == voice)
            return (int)i;
    }
    return -1;
}

/* The client is answered by that backend, once, and that one alone serves it to the end. */
static void assert_served(const struct scene *scene, struct client *client, int backend)
{
    ASSERT_NUMBER(listen_for(scene, client, CLIENT_PATIENCE_MS), backend);
    ASSERT_NUMBER(client_echo(client, 100), 0);
    ASSERT_NUMBER(client_echo(client, KIB(100)), 0);
    ASSERT_NUMBER(client_fin(client), 0);
    ASSERT_NUMBER(client_next(client, CLIENT_PATIENCE_MS), CLIENT_FIN);
    client_close(client);
}

static struct snapshot_backend look(struct scene *scene, unsigned backend)
{
    const char name[] = {'b', (char)('1' + backend), '\0'};

    return look_backend(&scene->instance, name);
}

static uint64_t replays(struct scene *scene)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < scene->peer_count; i++)
        sum += look(scene, i).replays;
    return sum;
}

/* The first backend gets every session, and the second one what is replayed. */
static int open_scene(struct scene *scene, peer_script *first, uint64_t amount, const char *keys)
{
    const struct scene_plan plan = {
        .backends = 2,
        .script = script_answer,
        .amount = amount,
        .keys = keys,
        .options = {NULL, "backup"},
    };

    if (scene_prepare(scene, &plan) == -1)
        return -1;
    scene->peers[0].script = first;
    if (instance_start(&scene->instance) == 0)
        return 0;
    CU_FAIL("k0slbd does not serve");
    return -1;
}

/* ---- what is replayed ---- */

/* After one replay every number is what clients and backends saw. */
static void assert_one_replay(struct scene *scene, uint64_t hello)
{
    struct snapshot_backend first = look(scene, 0);
    struct snapshot_backend second = look(scene, 1);

    CU_ASSERT_TRUE(wait_active(&scene->instance, 0, SOON_MS));
    ASSERT_NUMBER(first.counts.total, 1);
    ASSERT_NUMBER(first.counts.bytes_in, hello);
    ASSERT_NUMBER(first.counts.bytes_out, 0);
    ASSERT_NUMBER(first.replays, 0);
    ASSERT_NUMBER(second.counts.total, 1);
    ASSERT_NUMBER(second.replays, 1);
    ASSERT_NUMBER(second.retries, 0);
    ASSERT_NUMBER(second.counts.bytes_in, scene->peers[1].received);
    ASSERT_NUMBER(second.counts.bytes_out, scene->peers[1].sent);
    ASSERT_NUMBER(scene->peers[0].received, hello);
    ASSERT_NUMBER(scene->peers[1].bad, 0);
    ASSERT_NUMBER(scene->peers[1].served, 1);
}

static void replay_one(const struct hello_order *order)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_silent, order->size, KEYS) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        uint64_t since = mono_ms();

        ASSERT_NUMBER(say_hello(&client, order), 0);
        assert_served(&scene, &client, 1);
        CU_ASSERT_TRUE(mono_ms() - since >= TIMEOUT_MS);
        assert_one_replay(&scene, order->size);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].whole, 1, SOON_MS)); /* it was reset */
        CU_ASSERT_TRUE(wait_log(&scene.instance, "a client's hello was not answered", SOON_MS));
        ASSERT_NUMBER(look(&scene, 0).resets, 0);
    }
    scene_close(&scene);
}

static void test_whole(void)
{
    replay_one(&(struct hello_order){.size = HELLO_SIZE});
}

static void test_two_records(void)
{
    replay_one(&(struct hello_order){.size = 1000, .records = 2});
}

static void test_largest(void)
{
    replay_one(&(struct hello_order){.size = KIB(16)});
}

/* Sends the hello in pieces; each has reached the first backend before the next one is sent. */
static void replay_in_pieces(const struct hello_order *order, size_t piece)
{
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(bytes, order);
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_silent, size, KEYS) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        for (size_t at = 0; at < size; at += piece) {
            size_t end = at + piece < size ? at + piece : size;

            ASSERT_NUMBER(say(&client, bytes + at, end - at), 0);
            CU_ASSERT_TRUE(wait_count(&scene.peers[0].received, end, SOON_MS));
        }
        assert_served(&scene, &client, 1);
        assert_one_replay(&scene, size);
    }
    scene_close(&scene);
}

static void test_go_sized(void)
{
    replay_in_pieces(&(struct hello_order){.size = 1700}, 1448);
}

static void test_byte_by_byte(void)
{
    replay_in_pieces(&(struct hello_order){.size = 150}, 1);
}

static void test_two_records_in_pieces(void)
{
    replay_in_pieces(&(struct hello_order){.size = 600, .records = 3}, 70);
}

/* A hello that waits under a long timeout obeys the short one of a reload. */
static void test_timeout_changed(void)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_silent, HELLO_SIZE, KEYS_LONG) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].received, HELLO_SIZE, SOON_MS));
        ASSERT_NUMBER(change_to(&scene, CHANGE_BEGIN "[service test]\nlisten = @L\n" KEYS
                                                     "server b1 = @1\nserver b2 = @2 backup\n"),
                      CHANGE_OK);
        assert_served(&scene, &client, 1);
        assert_one_replay(&scene, HELLO_SIZE);
    }
    scene_close(&scene);
}

/* Whoever counts a client's connections counts a replayed one once; its line says what it was. */
static void test_accounts(void)
{
    struct scene scene;

    if (open_scene(&scene, script_silent, HELLO_SIZE,
                   KEYS "source_max_connections = 1\nmax_connections = 1\n"
                        "log_connections = yes\n") == 0) {
        for (unsigned i = 0; i < 3; i++) {
            struct client client;

            ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
            ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
            assert_served(&scene, &client, 1);
            CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
            CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        }
        CU_ASSERT_TRUE(replays(&scene) >= 1);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "retries=0 replays=1", SOON_MS));
    }
    scene_close(&scene);
}

/* ---- what is not replayed ---- */

/* The backend is silent, and the client stays with it all the same. */
static void assert_kept(struct scene *scene, struct client *client)
{
    ASSERT_NUMBER(client_next(client, QUIET_MS), CLIENT_STILL_OPEN);
    ASSERT_NUMBER(replays(scene), 0);
    ASSERT_NUMBER(scene->peers[0].served, 1);
    ASSERT_NUMBER(scene->peers[1].served, 0);
    ASSERT_NUMBER(look(scene, 0).status, STATUS_UP);
    client_close(client);
    CU_ASSERT_TRUE(wait_active(&scene->instance, 0, SOON_MS));
}

/* Sends these bytes; the first backend has them before `more` is sent, which may be none. */
static void keep_one(const uint8_t *bytes, size_t size, size_t more)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_silent, size + more, KEYS) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say(&client, bytes, size), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].received, size, SOON_MS));
        CU_ASSERT_TRUE(more == 0 || say(&client, bytes + size, more) == 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].received, size + more, SOON_MS));
        assert_kept(&scene, &client);
    }
    scene_close(&scene);
}

static void test_too_large(void)
{
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(bytes, &(struct hello_order){.size = KIB(16) + 1});

    keep_one(bytes, size, 0);
}

static void test_early_data(void)
{
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(bytes, &(struct hello_order){.size = 600, .early_data = true});

    keep_one(bytes, size, 0);
}

static void test_more_at_once(void)
{
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(bytes, &(struct hello_order){.size = HELLO_SIZE});

    bytes[size] = 'x';
    keep_one(bytes, size + 1, 0);
}

static void test_more_later(void)
{
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(bytes, &(struct hello_order){.size = HELLO_SIZE});

    bytes[size] = 'x';
    keep_one(bytes, size, 1);
}

static void test_incomplete(void)
{
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(bytes, &(struct hello_order){.size = HELLO_SIZE});

    keep_one(bytes, size - 1, 0);
}

static void test_not_tls(void)
{
    static const uint8_t bytes[] = "GET / HTTP/1.1\r\n\r\n";

    keep_one(bytes, sizeof(bytes) - 1, 0);
}

/* A client that has said all it will say: no hello is followed by a FIN. */
static void test_client_fin(void)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_answer_late, HELLO_SIZE, KEYS) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        ASSERT_NUMBER(client_fin(&client), 0);
        ASSERT_NUMBER(client_next(&client, CLIENT_PATIENCE_MS), CLIENT_FIN);
        ASSERT_NUMBER(replays(&scene), 0);
        client_close(&client);
    }
    scene_close(&scene);
}

/* Another hello, that other backends would answer, is none of theirs once a byte has come. */
static void test_answered(void)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_answer, HELLO_SIZE, KEYS) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        ASSERT_NUMBER(listen_for(&scene, &client, CLIENT_PATIENCE_MS), 0);
        ASSERT_NUMBER(client_next(&client, QUIET_MS), CLIENT_STILL_OPEN);
        ASSERT_NUMBER(client_echo(&client, MIB(1)), 0);
        peer_close(&scene.peers[0]); /* in mid-stream: nobody else is asked then */
        ASSERT_NUMBER(client_next(&client, SOON_MS), CLIENT_RESET);
        ASSERT_NUMBER(replays(&scene), 0);
        ASSERT_NUMBER(scene.peers[1].served, 0);
        client_close(&client);
    }
    scene_close(&scene);
}

/* ---- backends that go away ---- */

/* Without waiting for any timeout the hello goes elsewhere. */
static void replay_gone(peer_script *script, uint64_t resets)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script, HELLO_SIZE, KEYS_LONG) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        assert_served(&scene, &client, 1);
        assert_one_replay(&scene, HELLO_SIZE);
        ASSERT_NUMBER(look(&scene, 0).resets, resets);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "was reset before an answer", SOON_MS));
    }
    scene_close(&scene);
}

static void test_reset_first(void)
{
    replay_gone(script_reset_after, 1);
}

static void test_fin_first(void)
{
    replay_gone(script_close_after, 0);
}

/* One that dies while the hello is on its way: what has come of it goes on, and the rest follows.
 */
static void test_reset_at_half(void)
{
    static const size_t half = 200;
    uint8_t bytes[HELLO_BYTES_MOST];
    size_t size = hello_bytes(bytes, &(struct hello_order){.size = HELLO_SIZE});
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_reset_after, half, KEYS_LONG) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        scene.peers[1].amount = size;
        ASSERT_NUMBER(say(&client, bytes, half), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[1].received, half, SOON_MS));
        ASSERT_NUMBER(say(&client, bytes + half, size - half), 0);
        assert_served(&scene, &client, 1);
        assert_one_replay(&scene, half);
    }
    scene_close(&scene);
}

/* One that resets before the client has said anything, and one that resets whoever comes. */
static void test_reset_at_once(void)
{
    struct scene scene;

    if (open_scene(&scene, script_reset_at_once, HELLO_SIZE, KEYS_LONG) == 0) {
        for (unsigned i = 0; i < 8; i++) {
            struct client client;

            ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
            if (i % 2 == 0) {
                uint64_t seen = look(&scene, 0).counts.total;

                ASSERT_NUMBER(client_next(&client, 20), CLIENT_STILL_OPEN);
                CU_ASSERT_TRUE(look(&scene, 0).counts.total >= seen);
            }
            ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
            assert_served(&scene, &client, 1);
        }
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(look(&scene, 1).counts.total, 8);
    }
    scene_close(&scene);
}

/* ---- nobody else to ask ---- */

static int open_alone(struct scene *scene, peer_script *script)
{
    const struct scene_plan plan = {
        .backends = 1, .script = script, .amount = HELLO_SIZE, .keys = KEYS};

    return scene_open(scene, &plan);
}

/* The only backend may take its time. */
static void test_only_one(void)
{
    struct scene scene;
    struct client client;

    if (open_alone(&scene, script_answer_late) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        assert_served(&scene, &client, 0);
        ASSERT_NUMBER(replays(&scene), 0);
        ASSERT_NUMBER(look(&scene, 0).counts.total, 1);
        ASSERT_NUMBER(scene.peers[0].served, 1);
    }
    scene_close(&scene);
}

/* Looking for another backend again and again is no movement: an idle session ends all the same. */
static void test_only_one_is_idle(void)
{
    const struct scene_plan plan = {
        .backends = 1, .script = script_silent, .keys = KEYS "idle_timeout = 600ms\n"};
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        ASSERT_NUMBER(client_next(&client, SOON_MS), CLIENT_RESET);
        client_close(&client);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* What the only backend does instead of answering reaches the client. */
static void end_alone(peer_script *script, enum client_end end)
{
    struct scene scene;
    struct client client;

    if (open_alone(&scene, script) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        ASSERT_NUMBER(client_next(&client, SOON_MS), end);
        client_close(&client);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(look(&scene, 0).counts.total, 1);
        ASSERT_NUMBER(replays(&scene), 0);
    }
    scene_close(&scene);
}

static void test_only_one_resets(void)
{
    end_alone(script_reset_after, CLIENT_RESET);
}

static void test_only_one_closes(void)
{
    end_alone(script_close_after, CLIENT_FIN);
}

/* Makes the second backend suspect, and the checker unable to change its mind. */
static pid_t freeze_suspect(struct scene *scene)
{
    pid_t checker = instance_child(&scene->instance, BOARD_ROLE_CHECKER, 0);

    peer_close(&scene->peers[1]);
    CU_ASSERT_TRUE(wait_status(&scene->instance, "b2", STATUS_SUSPECT, SOON_MS));
    ASSERT_NUMBER(instance_kill(checker, SIGSTOP), 0);
    ASSERT_NUMBER(peer_reopen(&scene->peers[1]), 0);
    return checker;
}

/* The other backend is suspect: it gets the hello when it is up again, and not before. */
static void test_suspect(void)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_silent, HELLO_SIZE, KEYS "check_fall = 100\n") == 0) {
        pid_t checker = freeze_suspect(&scene);

        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        ASSERT_NUMBER(client_next(&client, QUIET_MS), CLIENT_STILL_OPEN);
        ASSERT_NUMBER(scene.peers[1].served, 0);
        ASSERT_NUMBER(look(&scene, 1).status, STATUS_SUSPECT);
        ASSERT_NUMBER(instance_kill(checker, SIGCONT), 0);
        assert_served(&scene, &client, 1);
        assert_one_replay(&scene, HELLO_SIZE);
    }
    scene_close(&scene);
}

/* The second backend is silent, too: it is waited for, and nobody else is asked. */
static void test_second_silent(void)
{
    static const struct scene_plan plan = {
        .backends = 3,
        .script = script_silent,
        .amount = HELLO_SIZE,
        .keys = KEYS,
        .options = {NULL, "backup", "backup"},
    };
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].whole, 1, SOON_MS));
        ASSERT_NUMBER(client_next(&client, QUIET_MS), CLIENT_STILL_OPEN);
        ASSERT_NUMBER(replays(&scene), 1);
        ASSERT_NUMBER(scene.peers[1].served + scene.peers[2].served, 1);
        ASSERT_NUMBER(scene.peers[1].received + scene.peers[2].received, HELLO_SIZE);
        ASSERT_NUMBER(scene.peers[1].whole + scene.peers[2].whole, 0);
        client_close(&client);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* The backend that would get the hello refuses: the next one gets it. */
static void test_second_refuses(void)
{
    static const struct scene_plan plan = {
        .backends = 3,
        .script = script_answer,
        .amount = HELLO_SIZE,
        .keys = KEYS "check = none\n",
        .options = {NULL, "weight=256 backup", "weight=1 backup"},
        .closed = 1 << 1,
    };
    struct scene scene;
    struct client client;

    if (scene_prepare(&scene, &plan) == 0) {
        scene.peers[0].script = script_silent;
        CU_ASSERT_TRUE(instance_start(&scene.instance) == 0);
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        assert_served(&scene, &client, 2);
        ASSERT_NUMBER(look(&scene, 2).replays, 1);
        ASSERT_NUMBER(look(&scene, 2).retries, look(&scene, 1).connect_errors);
    }
    scene_close(&scene);
}

/* ---- races and budgets ---- */

/* Stops or continues every worker. */
static void signal_workers(struct scene *scene, int number)
{
    for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
        ASSERT_NUMBER(
            instance_kill(instance_child(&scene->instance, BOARD_ROLE_WORKER, slot), number), 0);
}

/* The answer and the end of the timeout are found in the same moment: the answer counts. */
static void test_answer_at_the_end(void)
{
    struct scene scene;
    struct client client;

    if (open_scene(&scene, script_answer_on_cue, HELLO_SIZE, KEYS_SLOW) == 0 &&
        client_open(&client, &scene.listen) == 0) {
        uint64_t since;

        ASSERT_NUMBER(say_hello(&client, &(struct hello_order){.size = HELLO_SIZE}), 0);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].received, HELLO_SIZE, SOON_MS));
        since = mono_ms();
        signal_workers(&scene, SIGSTOP);
        atomic_fetch_add(&scene.peers[0].whole, 1);
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].sent, 1, SOON_MS));
        while (mono_ms() - since < SLOW_MS + 100)
            wait_a_moment();
        signal_workers(&scene, SIGCONT);
        assert_served(&scene, &client, 0);
        ASSERT_NUMBER(replays(&scene), 0);
        ASSERT_NUMBER(scene.peers[1].served, 0);
    }
    scene_close(&scene);
}

/* Backends that answer when others give up: each client hears one of them, and that one only. */
static void test_answer_in_time(void)
{
    enum { CLIENTS = 24 };
    struct scene scene;
    struct client clients[CLIENTS];

    if (open_scene(&scene, script_answer_in_time, HELLO_SIZE, KEYS) == 0) {
        for (unsigned i = 0; i < CLIENTS; i++) {
            ASSERT_NUMBER(client_open(&clients[i], &scene.listen), 0);
            ASSERT_NUMBER(say_hello(&clients[i], &(struct hello_order){.size = HELLO_SIZE}), 0);
        }
        for (unsigned i = 0; i < CLIENTS; i++) {
            CU_ASSERT_TRUE(listen_for(&scene, &clients[i], CLIENT_PATIENCE_MS) >= 0);
            ASSERT_NUMBER(client_echo(&clients[i], 100), 0);
            ASSERT_NUMBER(client_fin(&clients[i]), 0);
            ASSERT_NUMBER(client_next(&clients[i], CLIENT_PATIENCE_MS), CLIENT_FIN);
            client_close(&clients[i]);
        }
        CU_ASSERT_TRUE(replays(&scene) <= 10);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* So many clients at once whose hellos nobody answers: as many as may be are replayed, no more. */
static void test_budget(unsigned visits, unsigned most)
{
    enum { CLIENTS = 40 };
    struct scene scene;
    struct client clients[CLIENTS];
    unsigned waiting = 0;

    if (open_scene(&scene, script_silent_or_echo, HELLO_SIZE, KEYS_SLOW) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, visits), 0);
        for (unsigned i = 0; i < CLIENTS; i++) {
            ASSERT_NUMBER(client_open(&clients[i], &scene.listen), 0);
            ASSERT_NUMBER(say_hello(&clients[i], &(struct hello_order){.size = HELLO_SIZE}), 0);
        }
        CU_ASSERT_TRUE(wait_count(&scene.peers[0].served, visits + CLIENTS, SLOW_MS));
        CU_ASSERT_TRUE(wait_count(&scene.peers[1].served, most, SOON_MS));
        ASSERT_NUMBER(wait_settled(&scene.peers[1].served, 2 * SLOW_MS + 200, 4 * SLOW_MS), most);
        ASSERT_NUMBER(replays(&scene), most);
        for (unsigned i = 0; i < CLIENTS; i++) {
            waiting += client_next(&clients[i], 0) == CLIENT_STILL_OPEN;
            client_close(&clients[i]);
        }
        ASSERT_NUMBER(waiting, CLIENTS - most);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

static void test_budget_of_few(void)
{
    test_budget(0, 10);
}

/* One in twenty: of 440 sessions 22. */
static void test_budget_of_many(void)
{
    test_budget(400, 22);
}

static const struct unit_test modes[] = {
    {"whole", test_whole},
    {"two_records", test_two_records},
    {"go_sized", test_go_sized},
    {"more_later", test_more_later},
    {"answered", test_answered},
    {"reset_first", test_reset_first},
    {"fin_first", test_fin_first},
    {"answer_in_time", test_answer_in_time},
    {NULL, NULL},
};

static const struct unit_test all[] = {
    {"whole", test_whole},
    {"two_records", test_two_records},
    {"largest", test_largest},
    {"go_sized", test_go_sized},
    {"byte_by_byte", test_byte_by_byte},
    {"two_records_in_pieces", test_two_records_in_pieces},
    {"timeout_changed", test_timeout_changed},
    {"accounts", test_accounts},
    {"too_large", test_too_large},
    {"early_data", test_early_data},
    {"more_at_once", test_more_at_once},
    {"more_later", test_more_later},
    {"incomplete", test_incomplete},
    {"not_tls", test_not_tls},
    {"client_fin", test_client_fin},
    {"answered", test_answered},
    {"reset_first", test_reset_first},
    {"fin_first", test_fin_first},
    {"reset_at_half", test_reset_at_half},
    {"reset_at_once", test_reset_at_once},
    {"only_one", test_only_one},
    {"only_one_is_idle", test_only_one_is_idle},
    {"only_one_resets", test_only_one_resets},
    {"only_one_closes", test_only_one_closes},
    {"suspect", test_suspect},
    {"second_silent", test_second_silent},
    {"second_refuses", test_second_refuses},
    {"answer_at_the_end", test_answer_at_the_end},
    {"answer_in_time", test_answer_in_time},
    {"budget_of_few", test_budget_of_few},
    {"budget_of_many", test_budget_of_many},
    {NULL, NULL},
};

static const struct unit_test budgets[] = {
    {"whole", test_whole},
    {"second_silent", test_second_silent},
    {"budget_of_few", test_budget_of_few},
    {"budget_of_many", test_budget_of_many},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/4", all},     {"copy/1", budgets}, {"splice/1", modes},
        {"splice/4", modes}, {"auto/1", modes},   {NULL, NULL},
    };

    return unit_main("test_replay", suites, argc, argv);
}
