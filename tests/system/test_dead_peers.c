/* Peers that vanish without a word are found in time, and slow ones that live are left alone. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/far.h"

/* Why hosts cannot vanish here; NULL when they can. */
static const char *why_not;

/* How many sessions have ended for that reason. */
static uint64_t count_ends(const struct instance *instance, enum board_end reason)
{
    const struct board_layout *layout = &board_master(instance->board)->layout;
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < layout->workers; worker++) {
        if (board_worker(instance->board, worker) == NULL)
            continue;
        for (unsigned slot = 0; slot < layout->backends; slot++)
            sum += atomic_load(&board_worker_backend(instance->board, worker, slot)->ends[reason]);
    }
    return sum;
}

static int start_with(struct scene *scene, const char *template)
{
    struct textbuf text;
    int result;

    textbuf_init(&text, 64 * 1024);
    change_expand(scene, template, &text);
    result = scene_open_text(scene, text.data);
    textbuf_fini(&text);
    return result;
}

#define CHECK_NOTHING "[defaults]\ncheck = none\nconnect_timeout = 1s\n"

/* ---- NW-01: both kinds of silence, at both sides ---- */

enum { DEAD_MS = 4000, TOLD_MS = 100 };

#define VANISH(timeout)                                                                            \
    CHANGE_HEAD CHANGE_SILENT CHECK_NOTHING "dead_client_timeout = " timeout                       \
                                            "\ndead_backend_timeout = " timeout "\n"               \
                                            "[service out]\nlisten = @L\nserver b1 = @1\n"         \
                                            "[service in]\nlisten = @A\nserver b2 = @2\n"

/* Silent on the wire, or with something on its way: also the client's first byte. */
enum { IDLE, BUSY, KINDS };

/* When the near backend's sessions were reset, by mono_ms(), and how many ended in another way. */
struct watchers {
    _Atomic uint64_t reset_ms[KINDS];
    _Atomic unsigned wrong;
};

static struct watchers watchers;

/* Waits for what comes, and says a word every now and then. False at the end of the session. */
static bool watch_on(struct peer_session *session, int kind)
{
    struct pollfd watched[2] = {{.fd = session->fd, .events = POLLIN},
                                {.fd = session->peer->stop_fd, .events = POLLIN}};
    char data[4096];
    ssize_t done;

    (void)poll(watched, 2, kind == BUSY ? 50 : -1);
    if (watched[1].revents != 0)
        return false;
    if (watched[0].revents != 0)
        done = recv(session->fd, data, sizeof(data), 0);
    else
        done = send(session->fd, "word\n", 5, MSG_NOSIGNAL);
    if (done > 0)
        return true;
    if (done == -1 && errno == ECONNRESET)
        atomic_store(&watchers.reset_ms[kind], mono_ms());
    else
        atomic_fetch_add(&watchers.wrong, 1);
    return false;
}

/* Answers the first byte, which says what kind it is, then goes on as one that watches does. */
static void script_watch(struct peer_session *session)
{
    struct pollfd watched = {.fd = session->fd, .events = POLLIN};
    char kind;

    if (poll(&watched, 1, CLIENT_PATIENCE_MS) != 1 || recv(session->fd, &kind, 1, 0) != 1)
        return;
    peer_count(session);
    if (send(session->fd, &kind, 1, MSG_NOSIGNAL) == 1) {
        while (watch_on(session, kind))
            ;
    }
}

struct vanishing {
    struct scene scene;
    struct client near[KINDS]; /* to a far backend */
    struct client far[KINDS];  /* to a near one */
};

static int open_both_ends(struct vanishing *test, const char *template)
{
    struct scene *scene = &test->scene;
    struct addr far = far_address();
    struct addr near = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};
    int result;

    memset(&watchers, 0, sizeof(watchers));
    if (scene_init(scene) == -1)
        return -1;
    scene->instance.address = far_near_address();
    scene->spare[0] = instance_free_address(&scene->instance);
    far_go();
    result = peer_open_at(&scene->peers[0], &far, script_watch, 0);
    far_return();
    if (result == -1 || peer_open_at(&scene->peers[1], &near, script_watch, 0) == -1) {
        CU_FAIL("no backends");
        return -1;
    }
    scene->peer_count = 2;
    return start_with(scene, template);
}

static void open_session(struct client *client, const struct addr *address, char kind)
{
    ASSERT_NUMBER(client_open(client, address), 0);
    ASSERT_NUMBER(send(client->fd, &kind, 1, MSG_NOSIGNAL), 1);
    ASSERT_NUMBER(client_next(client, CLIENT_PATIENCE_MS), CLIENT_DATA);
}

static void open_sessions(struct vanishing *test)
{
    for (char kind = IDLE; kind < KINDS; kind++) {
        /* The far backend says nothing by itself. */
        open_session(&test->near[(int)kind], &test->scene.listen, IDLE);
        far_go();
        open_session(&test->far[(int)kind], &test->scene.spare[0], kind);
        far_return();
    }
}

/* As much as is taken: it fills all that lies between both ends. */
static void flood(const struct client *client)
{
    static const char data[64 * 1024];

    while (send(client->fd, data, sizeof(data), MSG_NOSIGNAL) > 0)
        ;
}

/* What is to be seen of one session's end, by mono_ms(). */
struct discovery {
    uint64_t found_ms[KINDS]; /* the first that was counted, and the second */
    uint64_t told_ms[KINDS];  /* the other side was reset, by kind */
};

static void note_found(struct discovery *discovery, const struct instance *instance,
                       enum board_end reason)
{
    uint64_t count = count_ends(instance, reason);

    for (unsigned i = 0; i < KINDS && i < count; i++) {
        if (discovery->found_ms[i] == 0)
            discovery->found_ms[i] = mono_ms();
    }
}

static void note_told_clients(struct discovery *discovery, struct vanishing *test)
{
    for (int kind = IDLE; kind < KINDS; kind++) {
        if (discovery->told_ms[kind] == 0 && client_next(&test->near[kind], 0) == CLIENT_RESET)
            discovery->told_ms[kind] = mono_ms();
    }
}

static bool is_complete(const struct discovery *discovery)
{
    return discovery->found_ms[IDLE] != 0 && discovery->found_ms[BUSY] != 0 &&
           discovery->told_ms[IDLE] != 0 && discovery->told_ms[BUSY] != 0;
}

static uint64_t earlier(const uint64_t ms[KINDS])
{
    return ms[IDLE] < ms[BUSY] ? ms[IDLE] : ms[BUSY];
}

static uint64_t later(const uint64_t ms[KINDS])
{
    return ms[IDLE] < ms[BUSY] ? ms[BUSY] : ms[IDLE];
}

static bool is_in_time(const struct discovery *discovery, uint64_t since)
{
    /* The last sign of life was somewhat before the end of it. */
    return is_complete(discovery) && earlier(discovery->told_ms) >= since + DEAD_MS - 500 &&
           later(discovery->found_ms) <= since + DEAD_MS + 1000 &&
           earlier(discovery->told_ms) <= earlier(discovery->found_ms) + TOLD_MS &&
           later(discovery->told_ms) <= later(discovery->found_ms) + TOLD_MS;
}

static void assert_in_time(const struct discovery *discovery, uint64_t since, const char *who)
{
    bool is_good = is_in_time(discovery, since);

    if (!is_good)
        printf("    %s: found after %lld and %lld ms, told after %lld (idle) and %lld (busy)\n",
               who, (long long)(discovery->found_ms[0] - since),
               (long long)(discovery->found_ms[1] - since),
               (long long)(discovery->told_ms[IDLE] - since),
               (long long)(discovery->told_ms[BUSY] - since));
    CU_ASSERT_TRUE(is_good);
}

static void vanish(struct vanishing *test, enum far_loss loss)
{
    const struct instance *instance = &test->scene.instance;
    struct discovery backends = {.found_ms = {0}};
    struct discovery clients = {.found_ms = {0}};
    uint64_t since = mono_ms();

    far_vanish(loss);
    flood(&test->near[BUSY]);
    while (mono_ms() < since + DEAD_MS + 3000 &&
           (!is_complete(&backends) || !is_complete(&clients))) {
        note_found(&backends, instance, BOARD_END_DEAD_BACKEND);
        note_found(&clients, instance, BOARD_END_DEAD_CLIENT);
        note_told_clients(&backends, test);
        for (int kind = IDLE; kind < KINDS; kind++)
            clients.told_ms[kind] = atomic_load(&watchers.reset_ms[kind]);
        wait_a_moment();
    }
    assert_in_time(&backends, since, "backend");
    assert_in_time(&clients, since, "client");
    ASSERT_NUMBER(atomic_load(&watchers.wrong), 0);
    far_appear();
}

static void close_sessions(struct vanishing *test)
{
    for (int kind = IDLE; kind < KINDS; kind++) {
        client_reset(&test->near[kind]);
        client_reset(&test->far[kind]);
    }
}

static bool skipped(void)
{
    if (why_not != NULL)
        unit_skip(why_not);
    return why_not != NULL;
}

static void test_vanish(void)
{
    struct vanishing test;

    if (skipped())
        return;
    if (open_both_ends(&test, VANISH("4s")) == 0) {
        open_sessions(&test);
        vanish(&test, FAR_SWALLOWED);
        close_sessions(&test);
    }
    scene_close(&test.scene);
}

/* A reload gives the timeouts to sessions that are open; and a silent router is no better. */
static void test_vanish_changed(void)
{
    struct vanishing test;

    if (skipped())
        return;
    if (open_both_ends(&test, VANISH("0")) == 0) {
        open_sessions(&test);
        ASSERT_CHANGE(&test.scene, VANISH("4s"));
        vanish(&test, FAR_UNKNOWN);
        close_sessions(&test);
    }
    scene_close(&test.scene);
}

/* ---- DI-09: slow, and alive ---- */

enum { SLOW_MS = 2000, STALL_MS = 3 * SLOW_MS, READERS = 50 };

#define SLOW_SIZE   KIB(256)
#define SLOW_WINDOW (16 * 1024)

#define SLOW                                                                                       \
    CHANGE_HEAD CHANGE_SILENT CHECK_NOTHING                                                        \
        "dead_client_timeout = 2s\ndead_backend_timeout = 2s\n"                                    \
        "[service down]\nlisten = @L\nserver b1 = @1\n"                                            \
        "[service up]\nlisten = @A\nserver b2 = @2\n"

/* Reads nothing for a long time, then all of it, and answers. */
static void script_late(struct peer_session *session)
{
    struct pollfd stop = {.fd = session->peer->stop_fd, .events = POLLIN};

    if (poll(&stop, 1, STALL_MS) == 0)
        script_duplex(session);
}

static int open_slow(struct scene *scene)
{
    const int window = SLOW_WINDOW;

    if (scene_init(scene) == -1 || scene_open_peers(scene, 2, script_duplex) == -1)
        return -1;
    scene->peers[0].amount = SLOW_SIZE;
    scene->peers[1].amount = SLOW_SIZE;
    scene->peers[1].script = script_late;
    ASSERT_NUMBER(
        setsockopt(scene->peers[1].listen_fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)), 0);
    return start_with(scene, SLOW);
}

/* Asks for an answer that it does not read yet. */
static void ask(struct client *client, const struct addr *address)
{
    struct tagged stream;
    uint8_t block[TAGGED_BLOCK];

    ASSERT_NUMBER(client_open_sized(client, address, SLOW_WINDOW), 0);
    stream = (struct tagged){.id = client->id};
    tagged_fill(&stream, block, sizeof(block));
    ASSERT_NUMBER(send(client->fd, block, sizeof(block), MSG_NOSIGNAL), sizeof(block));
}

/* Every reader stalls for three times the timeout, and still gets every byte. */
static void test_slow_readers(void)
{
    struct scene scene;
    struct client readers[READERS];

    if (open_slow(&scene) == 0) {
        uint64_t received;
        uint64_t since = mono_ms();

        for (unsigned i = 0; i < READERS; i++)
            ask(&readers[i], &scene.listen);
        ASSERT_NUMBER(client_swarm(&scene.spare[0], READERS, SLOW_SIZE, &received), 0);
        ASSERT_NUMBER(received, READERS * SLOW_SIZE);
        CU_ASSERT_TRUE(mono_ms() - since >= STALL_MS);
        for (unsigned i = 0; i < READERS; i++) {
            ASSERT_NUMBER(client_exchange(&readers[i], 0), SLOW_SIZE);
            client_close(&readers[i]);
        }
        CU_ASSERT_TRUE(scene_wait_whole(&scene, 2 * READERS));
        ASSERT_NUMBER(count_ends(&scene.instance, BOARD_END_DEAD_CLIENT), 0);
        ASSERT_NUMBER(count_ends(&scene.instance, BOARD_END_DEAD_BACKEND), 0);
    }
    scene_close(&scene);
}

static const struct unit_test copying[] = {
    {"NW-01_vanish", test_vanish},
    {"DI-09_slow_readers", test_slow_readers},
    {NULL, NULL},
};

static const struct unit_test splicing[] = {
    {"NW-01_vanish_changed", test_vanish_changed},
    {"DI-09_slow_readers", test_slow_readers},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/4", copying},
        {"splice/1", splicing},
        {NULL, NULL},
    };

    if (far_enter() == -1)
        why_not = "no namespaces of its own, or no ip(8), for hosts that vanish";
    return unit_main("test_dead_peers", suites, argc, argv);
}
