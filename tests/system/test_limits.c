/* max_connections: never one too many, nobody forgotten, and waiting costs nothing. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/limit.h"

enum { LIMIT = 10 };

/* ---- how many sessions are open at the backends ---- */

/* A session is over for the balancer no earlier than it gets the backend's FIN. */
static struct {
    pthread_mutex_t lock;
    int fd[CROWD_MAX];
    unsigned count;
    unsigned most;
} open_sessions = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_open(int fd)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT);
}

static void note_open(int fd)
{
    unsigned open = 0;

    pthread_mutex_lock(&open_sessions.lock);
    if (open_sessions.count < CROWD_MAX)
        open_sessions.fd[open_sessions.count++] = fd;
    for (unsigned i = 0; i < open_sessions.count; i++)
        open += is_open(open_sessions.fd[i]);
    if (open > open_sessions.most)
        open_sessions.most = open;
    pthread_mutex_unlock(&open_sessions.lock);
}

static void note_closed(int fd)
{
    pthread_mutex_lock(&open_sessions.lock);
    for (unsigned i = 0; i < open_sessions.count; i++) {
        if (open_sessions.fd[i] == fd) {
            open_sessions.fd[i] = open_sessions.fd[--open_sessions.count];
            break;
        }
    }
    pthread_mutex_unlock(&open_sessions.lock);
}

/* An echo that is counted while it is open; probes bring no byte and do not count. */
static void script_counted_echo(struct peer_session *session)
{
    struct pollfd watched[2] = {{.fd = session->fd, .events = POLLIN},
                                {.fd = session->peer->stop_fd, .events = POLLIN}};
    char byte;

    if (poll(watched, 2, -1) == -1 || recv(session->fd, &byte, 1, MSG_PEEK) != 1)
        return;
    note_open(session->fd);
    script_echo(session);
    note_closed(session->fd);
}

/* ---- clients that come and go ---- */

enum { GUESTS = 50, VISITS = 4, ECHOES = 5 };

struct guests {
    struct addr address;
    _Atomic uint64_t served;
    _Atomic uint64_t failed;
};

static int stay_a_while(const struct addr *address)
{
    struct client client;
    int result = client_open(&client, address);

    for (unsigned i = 0; result == 0 && i < ECHOES; i++)
        result = client_echo(&client, 64);
    client_close(&client);
    return result;
}

static void *guest_main(void *argument)
{
    struct guests *guests = argument;

    for (unsigned i = 0; i < VISITS; i++)
        atomic_fetch_add(stay_a_while(&guests->address) == 0 ? &guests->served : &guests->failed,
                         1);
    return NULL;
}

static void run_guests(struct guests *guests)
{
    pthread_t threads[GUESTS];
    unsigned started = 0;

    while (started < GUESTS && pthread_create(&threads[started], NULL, guest_main, guests) == 0)
        started++;
    ASSERT_NUMBER(started, GUESTS);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

static void test_never_one_too_many(void)
{
    static const struct scene_plan plan = {
        .backends = 2, .script = script_counted_echo, .keys = "max_connections = 10\n"};
    struct scene scene;

    open_sessions.count = open_sessions.most = 0;
    if (scene_open(&scene, &plan) == 0) {
        struct guests guests = {.address = scene.listen};
        uint64_t start = mono_ms();

        run_guests(&guests);
        printf("%u visits in %u ms, %u at once\n", (unsigned)guests.served,
               (unsigned)(mono_ms() - start), open_sessions.most);
        ASSERT_NUMBER(guests.failed, 0);
        ASSERT_NUMBER(guests.served, GUESTS * VISITS);
        CU_ASSERT_TRUE(open_sessions.most <= LIMIT);
        CU_ASSERT_TRUE(open_sessions.most > LIMIT / 2);
        CU_ASSERT_TRUE(instance_log_has(&scene.instance,
                                        "limit=max_connections service=test client=- at=10 "));
    }
    scene_close(&scene);
}

/* ---- a full house ---- */

/* Nobody spins, nobody is lost, and who leaves makes room for exactly one. */
static void test_full_house(void)
{
    enum { WAITING = 30, AT_ONCE_MS = 1000 };
    static const struct scene_plan plan = {.backends = 2, .keys = "max_connections = 10\n"};
    static struct crowd inside;
    static struct crowd waiting;
    struct scene scene;
    unsigned lost;

    if (scene_open(&scene, &plan) == 0) {
        unsigned workers = scene_mode()->workers;

        ASSERT_NUMBER(crowd_open(&inside, &scene.listen, LIMIT), 0);
        ASSERT_NUMBER(crowd_queue(&waiting, &scene.listen, WAITING), 0);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "limit=max_connections service=test", SOON_MS));
        for (unsigned slot = 0; slot < workers; slot++) {
            pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, slot);

            CU_ASSERT_TRUE(procfs_cpu_percent(worker, 500) <= 2);
        }
        ASSERT_NUMBER(look_counts(&scene.instance).active, LIMIT);
        ASSERT_NUMBER(crowd_echo(&inside, &lost), LIMIT);
        client_close(&inside.clients[0]);
        ASSERT_NUMBER(client_try_echo(&waiting.clients[0], AT_ONCE_MS), 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, LIMIT, SOON_MS));
        CU_ASSERT_TRUE(instance_log_count(&scene.instance, "limit=max_connections service=test") <=
                       workers);
        crowd_close(&inside);
        ASSERT_NUMBER(crowd_pass(&waiting), 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* What is refused, left early or given up takes no place away. */
static void test_places_come_back(void)
{
    enum { TRIES = 4 * LIMIT };
    static const struct scene_plan plan = {
        .backends = 1, .closed = 1 << 0, .keys = "max_connections = 10\n"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        for (unsigned i = 0; i < TRIES; i++)
            CU_ASSERT(client_knock(&scene.listen) == CLIENT_RESET);
        ASSERT_NUMBER(peer_reopen(&scene.peers[0]), 0);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        for (unsigned i = 0; i < TRIES; i++) {
            struct client client;

            ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
            ASSERT_NUMBER(client_echo(&client, 64), 0);
            client_reset(&client);
        }
        ASSERT_NUMBER(client_visit_many(&scene.listen, TRIES), 0);
        CU_ASSERT_FALSE(instance_log_has(&scene.instance, "limit=max_connections service=test"));
    }
    scene_close(&scene);
}

static unsigned busiest_worker(const struct scene *scene)
{
    unsigned busiest = 0;
    uint32_t most = 0;

    for (unsigned slot = 0; slot < scene_mode()->workers; slot++) {
        uint32_t sessions = atomic_load(&board_worker(scene->instance.board, slot)->sessions);

        if (sessions > most) {
            most = sessions;
            busiest = slot;
        }
    }
    return busiest;
}

/* The places of a worker that is killed are free again. */
static void test_worker_killed(void)
{
    static const struct scene_plan plan = {.backends = 2, .keys = "max_connections = 10\n"};
    static struct crowd inside;
    static struct crowd waiting;
    struct scene scene;
    unsigned lost;

    if (scene_open(&scene, &plan) == 0) {
        unsigned slot;
        pid_t old;

        ASSERT_NUMBER(crowd_open(&inside, &scene.listen, LIMIT), 0);
        ASSERT_NUMBER(crowd_queue(&waiting, &scene.listen, LIMIT), 0);
        slot = busiest_worker(&scene);
        old = instance_child(&scene.instance, BOARD_ROLE_WORKER, slot);
        ASSERT_NUMBER(instance_kill(old, SIGKILL), 0);
        CU_ASSERT_TRUE(wait_child(&scene.instance, BOARD_ROLE_WORKER, slot, old, SOON_MS) != -1);
        (void)crowd_echo(&inside, &lost);
        CU_ASSERT_TRUE(lost > 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, LIMIT, SOON_MS));
        crowd_close(&inside);
        ASSERT_NUMBER(crowd_pass(&waiting), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 2 * LIMIT), 0);
    }
    scene_close(&scene);
}

/* ---- with reloads, other services, and other reasons to stop ---- */

#define LIMITED(limit)                                                                             \
    CHANGE_BEGIN "[service test]\nlisten = @L\nmax_connections = " limit "\nserver b1 = @1\n"      \
                 "[service free]\nlisten = @A\nserver b1 = @2\n"

/* Another limit is obeyed at once, and another service is not concerned. */
static void test_other_limit(void)
{
    static struct crowd inside;
    static struct crowd waiting;
    struct scene scene;
    unsigned lost;

    if (change_open(&scene, 2, LIMITED("2")) == 0) {
        ASSERT_NUMBER(crowd_open(&inside, &scene.listen, 2), 0);
        ASSERT_NUMBER(crowd_queue(&waiting, &scene.listen, 4), 0);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "limit=max_connections service=test", SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 20), 0);
        ASSERT_CHANGE(&scene, LIMITED("6"));
        ASSERT_NUMBER(crowd_pass(&waiting), 0);
        ASSERT_NUMBER(crowd_echo(&inside, &lost), 2);
        /* Those inside may stay when there are fewer places than that. */
        ASSERT_CHANGE(&scene, LIMITED("1"));
        ASSERT_NUMBER(crowd_queue(&waiting, &scene.listen, 2), 0);
        ASSERT_NUMBER(crowd_echo(&inside, &lost), 2);
        client_close(&inside.clients[0]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 1, SOON_MS));
        ASSERT_NUMBER(client_try_echo(&waiting.clients[0], 300), -1);
        ASSERT_CHANGE(&scene, LIMITED("0"));
        ASSERT_NUMBER(client_finish_echo(&waiting.clients[0]), 0);
        ASSERT_NUMBER(client_echo(&waiting.clients[1], 64), 0);
        crowd_close(&inside);
        crowd_close(&waiting);
    }
    scene_close(&scene);
}

/* A full service and a lack of descriptors, each ending without the other. */
static void test_two_reasons(void)
{
    enum { LOWEST = 3 }; /* no new one can be below it: the standard ones are there */
    static const struct scene_plan plan = {
        .backends = 1, .workers = 1, .keys = "max_connections = 10\n"};
    static struct crowd inside;
    static struct crowd waiting;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        const struct board_worker *own = board_worker(scene.instance.board, 0);
        long before;

        ASSERT_NUMBER(crowd_open(&inside, &scene.listen, LIMIT), 0);
        ASSERT_NUMBER(crowd_queue(&waiting, &scene.listen, LIMIT), 0);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "limit=max_connections service=test", SOON_MS));
        before = limit_descriptors(worker, LOWEST);
        CU_ASSERT_TRUE(before > 0);
        client_close(&inside.clients[0]);
        CU_ASSERT_TRUE(wait_count(&own->accept_pauses, 1, SOON_MS));
        CU_ASSERT_TRUE(procfs_cpu_percent(worker, 500) <= 2);
        ASSERT_NUMBER(client_try_echo(&waiting.clients[0], 100), -1);
        ASSERT_NUMBER(limit_descriptors(worker, (unsigned long)before) == -1, false);
        ASSERT_NUMBER(client_finish_echo(&waiting.clients[0]), 0);
        ASSERT_NUMBER(client_try_echo(&waiting.clients[1], 200), -1);
        client_close(&waiting.clients[0]);
        ASSERT_NUMBER(client_finish_echo(&waiting.clients[1]), 0);
        crowd_close(&inside);
        crowd_close(&waiting);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"never_one_too_many", test_never_one_too_many},
    {"full_house", test_full_house},
    {"places_come_back", test_places_come_back},
    {"worker_killed", test_worker_killed},
    {"other_limit", test_other_limit},
    {"two_reasons", test_two_reasons},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"splice/4", tests}, {NULL, NULL}};

    return unit_main("test_limits", suites, argc, argv);
}
