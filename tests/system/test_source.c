/*
 * source_address: from where backends are connected to, and what becomes of a machine whose ports
 * are used up. All of it in a network of its own, where there are as few ports as a test wants.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/crowd.h"
#include "system/hosts.h"

/* What hosts_enter() said: NULL = this is its world. */
static const char *why_not;

enum { PORTS = 4, BACKENDS = 2 };

#define FEW_PORTS  "40000 40003"
#define MANY_PORTS "32768 60999"

static int set_ports(const char *range)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "we");
    int result;

    if (file == NULL)
        return -1;
    result = fprintf(file, "%s\n", range) > 0 ? 0 : -1;
    return fclose(file) == 0 ? result : -1;
}

/* ---- where sessions come from, as the backends see it ---- */

static struct {
    pthread_mutex_t lock;
    struct addr from[CROWD_MAX];
    unsigned count;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void script_note_source(struct peer_session *session)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    struct addr from;

    if (getpeername(session->fd, (struct sockaddr *)&name, &length) == 0) {
        addr_from_sockaddr(&from, &name);
        pthread_mutex_lock(&seen.lock);
        if (seen.count < CROWD_MAX)
            seen.from[seen.count++] = from;
        pthread_mutex_unlock(&seen.lock);
    }
    script_echo(session);
}

/* How many came from that address since the last forget_sources(). Probes come from 127.0.0.1. */
static unsigned seen_from(const char *text)
{
    struct addr address = {.family = ADDR_NONE};
    unsigned count = 0;

    CU_ASSERT_FATAL(addr_parse(&address, text) == 0);
    pthread_mutex_lock(&seen.lock);
    for (unsigned i = 0; i < seen.count; i++)
        count += addr_same_ip(&seen.from[i], &address);
    pthread_mutex_unlock(&seen.lock);
    return count;
}

static void forget_sources(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.count = 0;
    pthread_mutex_unlock(&seen.lock);
}

/* ---- clients, who need ports too: each comes from an address of its own ---- */

static struct addr own_address(unsigned number)
{
    return (struct addr){.family = ADDR_IPV4, .ip = {127, 0, 1, (uint8_t)(number + 1)}};
}

static int enter(struct client *client, const struct addr *listen, unsigned number)
{
    struct addr own = own_address(number);

    if (client_open_from(client, &own, listen) == -1)
        return -1;
    return client_try_echo(client, CLIENT_PATIENCE_MS);
}

static unsigned enter_many(struct crowd *crowd, const struct addr *listen, unsigned count)
{
    unsigned served = 0;

    for (crowd->count = 0; crowd->count < count; crowd->count++)
        served += enter(&crowd->clients[crowd->count], listen, crowd->count) == 0;
    return served;
}

static uint64_t local_errors(const struct scene *scene)
{
    const struct board *board = scene->instance.board;
    uint64_t sum = 0;

    for (unsigned backend = 0; backend < BACKENDS; backend++) {
        for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
            sum += atomic_load(&board_worker_backend(board, slot, backend)->local_errors);
    }
    return sum;
}

static uint64_t evidence(const struct scene *scene)
{
    const struct board *board = scene->instance.board;
    uint64_t sum = 0;

    for (unsigned backend = 0; backend < BACKENDS; backend++) {
        for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
            sum += board_evidence(board, slot, backend).number;
    }
    return sum;
}

static bool is_calm(struct scene *scene)
{
    return look_backend(&scene->instance, "b1").status == STATUS_UP &&
           look_backend(&scene->instance, "b2").status == STATUS_UP && evidence(scene) == 0 &&
           !instance_log_has(&scene->instance, "is suspect") &&
           !instance_log_has(&scene->instance, "is down");
}

/* Opens a scene of two backends, then leaves this network few ports. */
static int open_with_few_ports(struct scene *scene, const char *keys)
{
    struct scene_plan plan = {.backends = BACKENDS, .script = script_note_source, .keys = keys};

    if (scene_open(scene, &plan) == -1)
        return -1;
    forget_sources();
    return set_ports(FEW_PORTS);
}

static void close_scene(struct scene *scene)
{
    ASSERT_NUMBER(set_ports(MANY_PORTS), 0);
    scene_close(scene);
}

/* ---- RS-06 ---- */

/* Each port serves once for each backend; then the error is this machine's own. */
static void test_every_port(void)
{
    enum { REFUSED = 5 };
    static struct crowd crowd;
    struct scene scene;
    unsigned lost;

    if (why_not != NULL) {
        unit_skip(why_not);
        return;
    }
    if (open_with_few_ports(&scene, "source_address = 127.0.0.9\n") == 0) {
        uint64_t before = look_refused(&scene.instance);

        ASSERT_NUMBER(enter_many(&crowd, &scene.listen, PORTS * BACKENDS), PORTS * BACKENDS);
        ASSERT_NUMBER(seen_from("127.0.0.9"), PORTS * BACKENDS);
        ASSERT_NUMBER(local_errors(&scene), 0);
        for (unsigned i = 0; i < REFUSED; i++) {
            struct client client;

            ASSERT_NUMBER(enter(&client, &scene.listen, 100 + i), -1);
            client_close(&client);
        }
        ASSERT_NUMBER(local_errors(&scene), REFUSED * BACKENDS);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "event=unreached service=test", SOON_MS));
        ASSERT_NUMBER(look_refused(&scene.instance) - before, REFUSED);
        for (unsigned slot = 0; slot < scene_mode()->workers; slot++) {
            pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, slot);

            CU_ASSERT_TRUE(procfs_cpu_percent(worker, 500) <= 2);
        }
        ASSERT_NUMBER(crowd_echo(&crowd, &lost), PORTS * BACKENDS);
        CU_ASSERT_TRUE(is_calm(&scene));
        crowd_close(&crowd);
    }
    close_scene(&scene);
}

/* One address has no port left: the next one is tried before the backend is given up. */
static void test_several_addresses(void)
{
    enum { MOST = 3 * PORTS * BACKENDS };
    static struct crowd crowd;
    struct scene scene;

    if (why_not != NULL) {
        unit_skip(why_not);
        return;
    }
    if (open_with_few_ports(&scene, "source_address = 127.0.0.9, 127.0.0.8, 127.0.0.7\n") == 0) {
        struct client client;

        ASSERT_NUMBER(enter_many(&crowd, &scene.listen, MOST), MOST);
        ASSERT_NUMBER(seen_from("127.0.0.9"), PORTS * BACKENDS);
        ASSERT_NUMBER(seen_from("127.0.0.8"), PORTS * BACKENDS);
        ASSERT_NUMBER(seen_from("127.0.0.7"), PORTS * BACKENDS);
        ASSERT_NUMBER(local_errors(&scene), 0);
        ASSERT_NUMBER(enter(&client, &scene.listen, 100), -1);
        client_close(&client);
        ASSERT_NUMBER(local_errors(&scene), BACKENDS);
        CU_ASSERT_TRUE(is_calm(&scene));
        crowd_close(&crowd);
    }
    close_scene(&scene);
}

/* With ports enough all addresses take part. */
static void test_spread(void)
{
    enum { MANY = 120 };
    static const struct scene_plan plan = {
        .backends = BACKENDS,
        .script = script_note_source,
        .keys = "source_address = 127.0.0.9, 127.0.0.8\nsource_address = 127.0.0.7\n"};
    static const char *const sources[] = {"127.0.0.7", "127.0.0.8", "127.0.0.9"};
    static struct crowd crowd;
    struct scene scene;
    unsigned sum = 0;

    if (why_not != NULL) {
        unit_skip(why_not);
        return;
    }
    if (scene_open(&scene, &plan) == 0) {
        forget_sources();
        ASSERT_NUMBER(enter_many(&crowd, &scene.listen, MANY), MANY);
        for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
            unsigned from = seen_from(sources[i]);

            /* Six standard deviations around a third. */
            CU_ASSERT_TRUE(from >= 10 && from <= 70);
            sum += from;
        }
        ASSERT_NUMBER(sum, MANY);
        crowd_close(&crowd);
    }
    scene_close(&scene);
}

/* Each backend is connected to from its family's address; where there is none the kernel chooses.
 */
static void connect_both(const char *keys, const char *seen_ipv4)
{
    enum { VISITS = 20 };
    struct addr address = {.family = ADDR_IPV6, .ip = {[15] = 1}};
    struct scene scene;

    if (scene_init(&scene) == -1 || scene_open_peers(&scene, 1, script_note_source) == -1)
        return;
    ASSERT_NUMBER(peer_open_at(&scene.peers[1], &address, script_note_source, 0), 0);
    scene.peer_count = 2;
    ASSERT_NUMBER(change_write(&scene, keys), 0);
    if (instance_start(&scene.instance) == 0) {
        forget_sources();
        ASSERT_NUMBER(client_visit_many(&scene.listen, VISITS), 0);
        CU_ASSERT_TRUE(seen_from(seen_ipv4) >= VISITS / 4);
        CU_ASSERT_TRUE(seen_from("::1") >= VISITS / 4);
        ASSERT_NUMBER(local_errors(&scene), 0);
    } else {
        CU_FAIL("k0slbd does not serve");
    }
    scene_close(&scene);
}

#define BOTH(sources)                                                                              \
    CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = roundrobin\n" sources                     \
                 "server b1 = @1\nserver b2 = @2\n"

static void test_two_families(void)
{
    struct addr address = {.family = ADDR_IPV6, .ip = {[15] = 1}};
    int fd = listen_at(&address, 1);

    if (why_not != NULL || fd == -1) {
        unit_skip(why_not != NULL ? why_not : "no namespace with IPv6 in it");
        fd_close(&fd);
        return;
    }
    fd_close(&fd);
    connect_both(BOTH("source_address = 127.0.0.9\n"), "127.0.0.9");
    connect_both(BOTH("source_address = ::1\n"), "127.0.0.1");
    connect_both(BOTH("source_address = ::1, 127.0.0.9\n"), "127.0.0.9");
}

/* The kernel's own choice, for comparison: the same number of sessions, and the same calm. */
static void test_without(void)
{
    static struct crowd crowd;
    struct scene scene;

    if (why_not != NULL) {
        unit_skip(why_not);
        return;
    }
    if (open_with_few_ports(&scene, NULL) == 0) {
        struct client client;
        unsigned served = enter_many(&crowd, &scene.listen, PORTS * BACKENDS);

        /* Probes come from the same address, and each leaves a port in TIME_WAIT. */
        CU_ASSERT_TRUE(served <= PORTS * BACKENDS);
        ASSERT_NUMBER(enter(&client, &scene.listen, 100), -1);
        client_close(&client);
        CU_ASSERT_TRUE(local_errors(&scene) >= BACKENDS);
        ASSERT_NUMBER(evidence(&scene), 0);
        crowd_close(&crowd);
    }
    close_scene(&scene);
}

static const struct unit_test tests[] = {
    {"RS-06_every_port", test_every_port}, {"RS-06_several_addresses", test_several_addresses},
    {"RS-06_without", test_without},       {"spread", test_spread},
    {"two_families", test_two_families},   {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"splice/4", tests}, {NULL, NULL}};

    if (hosts_enter() == -1)
        why_not = "no namespace with a network of its own";
    return unit_main("test_source", suites, argc, argv);
}
