/*
 * Every byte, to the one it was sent to: DI-01, DI-11 and DI-16. And every session's turn, whoever
 * else has much to say: DI-19.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "base/fd.h"
#include "base/mono.h"
#include "base/rng.h"
#include "unit/unit.h"

#include "system/sanitized.h"
#include "system/scene.h"
#include "system/stream.h"
#include "system/volume.h"

#define CROWD_MOST 128

static void sleep_us(unsigned us)
{
    const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};

    nanosleep(&pause, NULL);
}

static void kill_workers(const struct scene *scene, int number)
{
    for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
        ASSERT_NUMBER(
            instance_kill(instance_child(&scene->instance, BOARD_ROLE_WORKER, slot), number), 0);
}

/* ---- DI-01: bulk both ways, at speeds that change ---- */

/* Most of the time as fast as can be, sometimes in small pieces or with long pauses. */
static struct pace draw_pace(struct rng *rng)
{
    static const struct pace paces[] = {{KIB(64), 0},    {KIB(64), 0},    {KIB(16), 0},
                                        {KIB(64), 1000}, {KIB(64), 8000}, {1447, 0}};

    return paces[rng_below(rng, ARRAY_LEN(paces))];
}

struct duplex {
    const struct addr *address;
    uint64_t bytes; /* each way */
    struct client client;
    pthread_t writer;
    pthread_t reader;
    bool is_whole;
};

static void *write_duplex(void *argument)
{
    struct duplex *duplex = argument;
    struct tagged out = {.id = duplex->client.id};
    struct rng rng;

    rng_init(&rng);
    while (out.offset < duplex->bytes) {
        uint64_t left = duplex->bytes - out.offset;
        struct pace pace = draw_pace(&rng);

        if (stream_send(duplex->client.fd, &out, left < KIB(256) ? left : KIB(256), &pace) == -1)
            return NULL;
    }
    (void)!client_fin(&duplex->client);
    return NULL;
}

static void *read_duplex(void *argument)
{
    struct duplex *duplex = argument;
    struct tagged in = stream_answer_to(&duplex->client);
    enum client_end end = CLIENT_DATA;
    struct rng rng;

    rng_init(&rng);
    while (end == CLIENT_DATA) {
        struct pace pace = draw_pace(&rng);

        end = stream_read(duplex->client.fd, &in, in.offset + KIB(256), &pace);
    }
    duplex->is_whole = end == CLIENT_FIN && in.offset == duplex->bytes && !in.bad;
    return NULL;
}

/* The other side of it: as much each way, in steps of any size, and the FIN at the end. */
static void script_uneven(struct peer_session *session)
{
    struct peer *peer = session->peer;
    struct exchange exchange = {.answers = true};
    struct rng rng;

    rng_init(&rng);
    while (exchange.to_send < peer->amount) {
        exchange.to_send += KIB(rng_below(&rng, 512) + 1);
        exchange.to_get += KIB(rng_below(&rng, 512) + 1);
        if (exchange.to_send >= peer->amount) {
            exchange.to_send = peer->amount;
            exchange.to_get = EXCHANGE_UNTIL_EOF;
            exchange.fin = true;
        } else if (exchange.to_get > peer->amount) {
            exchange.to_get = peer->amount;
        }
        if (exchange_run(&exchange, session->fd, peer->stop_fd, peer_deadline()) == -1)
            break;
        sleep_us(rng_below(&rng, 4) == 0 ? rng_below(&rng, 10000) : 0);
    }
    atomic_fetch_add(&peer->bad, exchange.in.bad);
    if (exchange.eof && exchange.in.offset == peer->amount && !exchange.in.bad)
        atomic_fetch_add(&peer->whole, 1);
}

static bool duplex_begin(struct duplex *duplex, const struct addr *address, uint64_t bytes)
{
    *duplex = (struct duplex){.address = address, .bytes = bytes};
    return client_open(&duplex->client, address) == 0 &&
           pthread_create(&duplex->writer, NULL, write_duplex, duplex) == 0 &&
           pthread_create(&duplex->reader, NULL, read_duplex, duplex) == 0;
}

static bool duplex_end(struct duplex *duplex)
{
    pthread_join(duplex->writer, NULL);
    pthread_join(duplex->reader, NULL);
    client_close(&duplex->client);
    return duplex->is_whole;
}

static void move_both_ways(struct scene *scene)
{
    static struct duplex all[CROWD_MOST];
    unsigned count = volume(8, 64);
    uint64_t amount = scene->peers[0].amount;
    unsigned whole = 0;

    for (unsigned i = 0; i < count; i++)
        CU_ASSERT_TRUE_FATAL(duplex_begin(&all[i], &scene->listen, amount));
    for (unsigned i = 0; i < count; i++)
        whole += duplex_end(&all[i]);
    ASSERT_NUMBER(whole, count);
    CU_ASSERT_TRUE(scene_wait_whole(scene, count));
    ASSERT_NUMBER(scene->peers[0].bad, 0);
    CU_ASSERT_TRUE(wait_active(&scene->instance, 0, SOON_MS));
    ASSERT_NUMBER(look_counts(&scene->instance).bytes_in, count * amount);
    ASSERT_NUMBER(look_counts(&scene->instance).bytes_out, count * amount);
}

static void test_bulk(void)
{
    const struct scene_plan plan = {
        .backends = 1, .script = script_uneven, .amount = MIB(volume(3, 85))};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0)
        move_both_ways(&scene);
    scene_close(&scene);
}

static void test_bulk_ipv6(void)
{
    struct addr loopback = {.family = ADDR_IPV6, .ip = {[15] = 1}};
    struct scene scene;
    char text[512];
    char listen[ADDR_TEXT_SIZE];
    char backend[ADDR_TEXT_SIZE];
    struct addr address = loopback;
    int fd = listen_at(&address, 1);

    if (fd == -1) {
        unit_skip("no IPv6 here");
        return;
    }
    fd_close(&fd);
    if (scene_init(&scene) == 0 &&
        peer_open_at(&scene.peers[0], &loopback, script_uneven, MIB(volume(3, 85))) == 0) {
        scene.peer_count = 1;
        scene.listen = address;
        snprintf(text, sizeof(text),
                 "[k0slb]\nname = %s\nworkers = %u\nrelay = %s\nlog = stderr\n[stats]\nlisten =\n"
                 "[service test]\nlisten = %s\ncheck = tcp\nserver b1 = %s\n",
                 scene.instance.name, scene_mode()->workers, scene_mode()->relay,
                 addr_format(&address, listen), addr_format(&scene.peers[0].address, backend));
        if (scene_open_text(&scene, text) == 0)
            move_both_ways(&scene);
    }
    scene_close(&scene);
}

/* ---- DI-11: the tail of what comes in many small segments ---- */

/* More segments than a pipe has places for, all there at once, and nothing comes after them. */
static void test_one_byte_segments(void)
{
    static const struct scene_plan plan = {.backends = 1};
    static const struct pace pace = {.piece = 1};
    unsigned rounds = volume(4, 100);
    struct scene scene;
    struct client client;

    if (scene_open(&scene, &plan) == 0 && client_open(&client, &scene.listen) == 0) {
        struct tagged out = {.id = client.id};
        struct tagged in = {.id = client.id, .known = true};

        /* Until it splices, where it may. */
        ASSERT_NUMBER(stream_send(client.fd, &out, KIB(128), NULL), 0);
        ASSERT_NUMBER(stream_read(client.fd, &in, out.offset, NULL), CLIENT_DATA);
        for (unsigned i = 0; i < rounds; i++) {
            kill_workers(&scene, SIGSTOP);
            ASSERT_NUMBER(stream_send(client.fd, &out, 3000, &pace), 0);
            kill_workers(&scene, SIGCONT);
            ASSERT_NUMBER(stream_read(client.fd, &in, out.offset, NULL), CLIENT_DATA);
        }
        ASSERT_NUMBER(in.bad, false);
        client_close(&client);
    }
    scene_close(&scene);
}

/* The length of the answer that begins at that place: 20 to 70 KiB. */
static uint64_t answer_size(uint64_t offset)
{
    return KIB(20) + offset * 2654435761u % KIB(50);
}

/* Answers each block in segments of a usual size, and keeps the connection. */
static void script_answers(struct peer_session *session)
{
    static const struct pace pace = {.piece = 1448};
    struct tagged in = {.id = 0};
    struct tagged out = {.id = 0};
    const int on = 1;

    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    while (stream_read(session->fd, &in, in.offset + TAGGED_BLOCK, NULL) == CLIENT_DATA) {
        out.id = TAGGED_ANSWER(in.id);
        if (stream_send(session->fd, &out, answer_size(out.offset), &pace) == -1)
            return;
    }
    if (in.known && !in.bad)
        atomic_fetch_add(&session->peer->whole, 1);
}

struct asker {
    const struct addr *address;
    unsigned questions;
    unsigned answered;
    uint64_t slowest_ms;
    pthread_t thread;
};

static void *ask_on(void *argument)
{
    struct asker *asker = argument;
    struct tagged out = {.id = 0};
    struct tagged in;
    struct client client;

    if (client_open(&client, asker->address) == -1)
        return NULL;
    out.id = client.id;
    in = stream_answer_to(&client);
    for (; asker->answered < asker->questions; asker->answered++) {
        uint64_t start = mono_ms();

        if (stream_send(client.fd, &out, TAGGED_BLOCK, NULL) == -1 ||
            stream_read(client.fd, &in, in.offset + answer_size(in.offset), NULL) != CLIENT_DATA ||
            in.bad)
            break;
        if (mono_ms() - start > asker->slowest_ms)
            asker->slowest_ms = mono_ms() - start;
    }
    client_close(&client);
    return NULL;
}

static void test_tails(void)
{
    enum { ASKERS = 4 };
    static const struct scene_plan plan = {.backends = 1, .script = script_answers};
    struct asker askers[ASKERS];
    uint64_t slowest = 0;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < ASKERS; i++) {
            askers[i] = (struct asker){.address = &scene.listen, .questions = volume(420, 42000)};
            ASSERT_NUMBER(pthread_create(&askers[i].thread, NULL, ask_on, &askers[i]), 0);
        }
        for (unsigned i = 0; i < ASKERS; i++) {
            pthread_join(askers[i].thread, NULL);
            ASSERT_NUMBER(askers[i].answered, askers[i].questions);
            if (askers[i].slowest_ms > slowest)
                slowest = askers[i].slowest_ms;
        }
        printf("the slowest answer took %u ms\n", (unsigned)slowest);
        CU_ASSERT_TRUE(slowest < 1000);
        CU_ASSERT_TRUE(scene_wait_whole(&scene, ASKERS));
    }
    scene_close(&scene);
}

/* ---- DI-19: mice beside elephants ---- */

struct elephant {
    struct client client;
    _Atomic bool *stop;
    unsigned rounds;
    bool failed;
    pthread_t thread;
};

static void *tread(void *argument)
{
    struct elephant *elephant = argument;

    while (!atomic_load(elephant->stop) && !elephant->failed) {
        elephant->failed = client_echo(&elephant->client, MIB(1)) == -1;
        elephant->rounds++;
    }
    return NULL;
}

enum { ELEPHANTS = 4, MICE = 20 };

/* Small messages in turn; *most is what the slowest took. Returns how many took long. */
static unsigned squeak(struct client mice[MICE], unsigned for_ms, uint64_t *most, unsigned *count)
{
    uint64_t until_ms = mono_ms() + for_ms;
    unsigned late = 0;

    for (*count = 0; mono_ms() < until_ms; ++*count) {
        uint64_t start = mono_ms();
        uint64_t took;

        ASSERT_NUMBER(client_echo(&mice[*count % MICE], 64), 0);
        took = mono_ms() - start;
        late += took > 50;
        *most = took > *most ? took : *most;
        sleep_us(500);
    }
    return late;
}

static void run_beside(struct scene *scene)
{
    static struct elephant elephants[ELEPHANTS];
    struct client mice[MICE];
    _Atomic bool stop = false;
    uint64_t most = 0;
    unsigned rounds = 0;
    unsigned count;
    unsigned late;

    for (unsigned i = 0; i < MICE; i++)
        ASSERT_NUMBER(client_open(&mice[i], &scene->listen), 0);
    for (unsigned i = 0; i < ELEPHANTS; i++) {
        elephants[i] = (struct elephant){.stop = &stop};
        ASSERT_NUMBER(client_open(&elephants[i].client, &scene->listen), 0);
        ASSERT_NUMBER(pthread_create(&elephants[i].thread, NULL, tread, &elephants[i]), 0);
    }
    late = squeak(mice, volume(700, 10000), &most, &count);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < ELEPHANTS; i++) {
        pthread_join(elephants[i].thread, NULL);
        ASSERT_NUMBER(elephants[i].failed, false);
        client_close(&elephants[i].client);
        rounds += elephants[i].rounds;
    }
    printf("%u small messages beside %u MiB, the slowest took %u ms\n", count, 2 * rounds,
           (unsigned)most);
    CU_ASSERT_TRUE(late * 50 <= count + 50 || IS_SANITIZED);
    for (unsigned i = 0; i < ELEPHANTS; i++)
        CU_ASSERT_TRUE(elephants[i].rounds * ELEPHANTS * 3 >= rounds);
    for (unsigned i = 0; i < MICE; i++)
        client_close(&mice[i]);
}

static void test_mice(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        run_beside(&scene);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"DI-01_bulk", test_bulk},
    {"DI-01_bulk_ipv6", test_bulk_ipv6},
    {"DI-11_one_byte_segments", test_one_byte_segments},
    {"DI-11_tails", test_tails},
    {"DI-19_mice", test_mice},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"copy/4", tests}, {"splice/1", tests}, {"splice/4", tests},
        {"auto/1", tests}, {"auto/4", tests}, {NULL, NULL},
    };

    return unit_main("test_integrity", suites, argc, argv);
}
