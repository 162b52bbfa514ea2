/* Each client's sessions, spread over the backends and limited, through several workers. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/textbuf.h"

#include "system/change.h"
#include "system/client.h"
#include "system/crowd.h"
#include "system/mesh.h"
#include "system/scene.h"
#include "system/volume.h"
#include "unit/unit.h"

#define SPREAD "balance = source-spread\n"

static const unsigned workers[] = {1, 2, 4};

/* ---- one client ---- */

static uint32_t active(struct scene *scene, const char *backend)
{
    return look_backend(&scene->instance, backend).counts.active;
}

static void check_even(struct scene *scene, unsigned each)
{
    ASSERT_NUMBER(active(scene, "b1"), each);
    ASSERT_NUMBER(active(scene, "b2"), each);
    ASSERT_NUMBER(active(scene, "b3"), each);
}

static void spread_through(unsigned count, struct crowd *crowd)
{
    const struct scene_plan plan = {.backends = 3, .keys = SPREAD, .workers = count};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(crowd_open(crowd, &scene.listen, 60), 0);
        check_even(&scene, 20);
        crowd_close(crowd);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(crowd_open(crowd, &scene.listen, 30), 0);
        check_even(&scene, 10);
        crowd_close(crowd);
    }
    scene_close(&scene);
}

/* k × 3 sessions of one address: k at each of three backends. */
static void test_one_client(void)
{
    static struct crowd crowd;

    for (size_t i = 0; i < ARRAY_LEN(workers); i++)
        spread_through(workers[i], &crowd);
}

/* ---- a killed worker ---- */

static unsigned busiest_worker(const struct scene *scene, unsigned count)
{
    unsigned busiest = 0;
    uint32_t most = 0;

    for (unsigned i = 0; i < count; i++) {
        uint32_t sessions = atomic_load(&board_worker(scene->instance.board, i)->sessions);

        if (sessions > most) {
            most = sessions;
            busiest = i;
        }
    }
    return busiest;
}

/* What is left of the crowd, all in front; returns how many. */
static unsigned keep_the_living(struct crowd *crowd)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < crowd->count; i++) {
        if (client_echo(&crowd->clients[i], 16) == 0)
            crowd->clients[kept++] = crowd->clients[i];
        else
            client_close(&crowd->clients[i]);
    }
    crowd->count = kept;
    return kept;
}

static void open_more(struct crowd *crowd, const struct addr *address, unsigned count)
{
    for (; crowd->count < count; crowd->count++) {
        struct client *client = &crowd->clients[crowd->count];

        if (client_open(client, address) == -1 || client_echo(client, 16) == -1)
            CU_FAIL("a client got no backend");
    }
}

static void kill_and_fill(unsigned count, struct crowd *crowd)
{
    const struct scene_plan plan = {.backends = 3, .keys = SPREAD, .workers = count};
    struct scene scene;
    unsigned slot;
    pid_t pid;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(crowd_open(crowd, &scene.listen, 31), 0);
        slot = busiest_worker(&scene, count);
        pid = instance_child(&scene.instance, BOARD_ROLE_WORKER, slot);
        ASSERT_NUMBER(instance_kill(pid, SIGKILL), 0);
        CU_ASSERT(wait_child(&scene.instance, BOARD_ROLE_WORKER, slot, pid, SOON_MS) != -1);
        CU_ASSERT(keep_the_living(crowd) < 31);
        CU_ASSERT_TRUE(wait_active(&scene.instance, crowd->count, SOON_MS));
        open_more(crowd, &scene.listen, 60);
        check_even(&scene, 20);
        crowd_close(crowd);
    }
    scene_close(&scene);
}

/* Its sessions count no more: what comes afterwards makes up for what it took along. */
static void test_killed_worker(void)
{
    static struct crowd crowd;

    for (size_t i = 0; i < ARRAY_LEN(workers); i++)
        kill_and_fill(workers[i], &crowd);
}

/* ---- limits ---- */

/* A session from 127.0.0.`last`; its fd is -1 when there is none. */
static struct client open_from(const struct addr *to, uint8_t last)
{
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const struct addr from = {.family = ADDR_IPV4, .ip = {127, 0, 0, last}};
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(&from, &name);

    if (client.fd == -1)
        return client;
    if (bind(client.fd, (struct sockaddr *)&name, length) == -1 ||
        connect(client.fd, (struct sockaddr *)&name, addr_to_sockaddr(to, &name)) == -1) {
        close(client.fd);
        client.fd = -1;
    }
    return client;
}

static uint64_t service_counter(const struct scene *scene, size_t offset)
{
    const struct board *board = scene->instance.board;
    uint64_t sum = 0;

    for (unsigned i = 0; i < board_master(board)->layout.workers; i++) {
        const char *counters;

        if (board_worker(board, i) == NULL)
            continue;
        counters = (const void *)board_worker_service(board, i, 0);
        sum += atomic_load((const _Atomic uint64_t *)(const void *)(counters + offset));
    }
    return sum;
}

#define SERVICE_COUNTER(scene, name)                                                               \
    service_counter(scene, offsetof(struct board_service_counters, name))

static void limit_through(unsigned count, struct crowd *crowd)
{
    const struct scene_plan plan = {
        .backends = 3, .keys = "source_max_connections = 5\n", .workers = count};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        struct client other;

        ASSERT_NUMBER(crowd_open(crowd, &scene.listen, 5), 0);
        for (int i = 0; i < 10; i++)
            ASSERT_NUMBER(client_knock(&scene.listen), CLIENT_RESET);
        ASSERT_NUMBER(SERVICE_COUNTER(&scene, limited), 10);
        CU_ASSERT_TRUE(
            wait_log(&scene.instance,
                     "limit=source_max_connections service=test client=127.0.0.1:", SOON_MS));
        other = open_from(&scene.listen, 9);
        ASSERT_NUMBER(client_echo(&other, 100), 0);
        client_close(&other);
        client_close(&crowd->clients[--crowd->count]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 4, SOON_MS));
        open_more(crowd, &scene.listen, 5);
        ASSERT_NUMBER(client_knock(&scene.listen), CLIENT_RESET);
        ASSERT_NUMBER(SERVICE_COUNTER(&scene, limited), 11);
        crowd_close(crowd);
    }
    scene_close(&scene);
}

/* One address has no more than that, in all workers together; another one is none of its business.
 */
static void test_source_limit(void)
{
    static struct crowd crowd;

    for (size_t i = 0; i < ARRAY_LEN(workers); i++)
        limit_through(workers[i], &crowd);
}

static unsigned times_in(const char *text, const char *wanted)
{
    unsigned times = 0;

    while ((text = strstr(text, wanted)) != NULL) {
        text += strlen(wanted);
        times++;
    }
    return times;
}

/* More addresses than the table has room for are served all the same; the log says it once. */
static void test_full_table(void)
{
    static const struct scene_plan plan = {
        .backends = 3,
        .keys = SPREAD "[k0slb]\nmax_sources = 16\n[service test]\n",
        .workers = 1,
    };
    struct client clients[40];
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        char *log;

        for (unsigned i = 0; i < ARRAY_LEN(clients); i++) {
            clients[i] = open_from(&scene.listen, (uint8_t)(10 + i));
            ASSERT_NUMBER(client_echo(&clients[i], 100), 0);
        }
        ASSERT_NUMBER(SERVICE_COUNTER(&scene, sources_full), ARRAY_LEN(clients) - 16);
        log = instance_log(&scene.instance);
        ASSERT_NUMBER(times_in(log, "max_sources (16)"), 1);
        free(log);
        for (unsigned i = 0; i < ARRAY_LEN(clients); i++)
            client_close(&clients[i]);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        clients[0] = open_from(&scene.listen, 200);
        ASSERT_NUMBER(client_echo(&clients[0], 100), 0);
        client_close(&clients[0]);
        ASSERT_NUMBER(SERVICE_COUNTER(&scene, sources_full), ARRAY_LEN(clients) - 16);
    }
    scene_close(&scene);
}

#define BALANCED(balance)                                                                          \
    CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = " balance "\nserver b1 = @1\n"            \
                 "server b2 = @2\nserver b3 = @3\n"

/* The running workers begin to count with the reload that asks for it. */
static void test_reload(void)
{
    static struct crowd before;
    static struct crowd after;
    struct scene scene;

    if (change_open(&scene, 3, BALANCED("leastconn")) == 0) {
        uint32_t had[3];

        ASSERT_NUMBER(board_master(scene.instance.board)->table_exists, 0);
        ASSERT_NUMBER(crowd_open(&before, &scene.listen, 7), 0);
        for (unsigned i = 0; i < 3; i++)
            had[i] = active(&scene, (const char *[]){"b1", "b2", "b3"}[i]);
        ASSERT_CHANGE(&scene, BALANCED("source-spread"));
        ASSERT_NUMBER(crowd_open(&after, &scene.listen, 30), 0);
        for (unsigned i = 0; i < 3; i++)
            ASSERT_NUMBER(active(&scene, (const char *[]){"b1", "b2", "b3"}[i]), had[i] + 10);
        ASSERT_NO_CHANGE(&scene, BALANCED("leastconn") "[k0slb]\nmax_sources = 100\n");
        change_assert_said(&scene.instance, "max_sources: needs a restart (8192 runs)");
        ASSERT_CHANGE(&scene, BALANCED("leastconn"));
        crowd_close(&before);
        crowd_close(&after);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

/* ---- a controller that is a client ---- */

static unsigned visits_from(const struct addr *to, uint8_t last, unsigned count)
{
    unsigned good = 0;

    for (unsigned i = 0; i < count; i++) {
        struct client client = open_from(to, last);

        good += client_echo(&client, 16) == 0;
        client_close(&client);
    }
    return good;
}

static int open_kube_api(struct scene *scene)
{
    if (scene_init(scene) == -1)
        return -1;
    for (unsigned i = 0; i < 2; i++, scene->peer_count++) {
        const struct addr at = {.family = ADDR_IPV4, .ip = {127, 0, 0, (uint8_t)(2 + i)}};

        if (peer_open_at(&scene->peers[i], &at, script_echo, 0) == -1) {
            CU_FAIL("no backends");
            return -1;
        }
    }
    if (change_write(scene, CHANGE_BEGIN "[service kubeAPI]\nlisten = @L\ncheck = tcp\n"
                                         "server b1 = @1\nserver b2 = @2\n") == -1 ||
        instance_start(&scene->instance) == -1) {
        CU_FAIL("k0slbd does not serve");
        return -1;
    }
    return 0;
}

/* It gets the other one, and itself only where there is none. */
static void test_own_last(void)
{
    struct scene scene;

    if (open_kube_api(&scene) == 0) {
        ASSERT_NUMBER(visits_from(&scene.listen, 2, 20), 20);
        ASSERT_NUMBER(scene.peers[0].served, 0);
        ASSERT_NUMBER(visits_from(&scene.listen, 3, 20), 20);
        ASSERT_NUMBER(scene.peers[0].served, 20);
        peer_close(&scene.peers[1]);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b2", STATUS_DOWN, SOON_MS));
        ASSERT_NUMBER(visits_from(&scene.listen, 2, 20), 20);
        ASSERT_NUMBER(scene.peers[0].served, 40);
    }
    scene_close(&scene);
}

/* ---- the mesh ---- */

static int open_mesh(struct scene *scene, struct mesh *mesh, unsigned count)
{
    char text[ADDR_TEXT_SIZE];
    struct textbuf config;
    int result;

    if (scene_init(scene) == -1 || mesh_open(mesh) == -1) {
        CU_FAIL("no mesh");
        return -1;
    }
    textbuf_init(&config, 4096);
    textbuf_printf(&config, "[k0slb]\nname = %s\nworkers = %u\nlog = stderr\n[stats]\nlisten =\n",
                   scene->instance.name, count);
    textbuf_printf(&config,
                   "[service test]\nlisten = %s\n" SPREAD "check = tcp\ncheck_interval = 200ms\n"
                   "check_fast_interval = 100ms\ncheck_down_interval = 100ms\n",
                   addr_format(&scene->listen, text));
    for (unsigned i = 0; i < MESH_SERVERS; i++)
        textbuf_printf(&config, "server b%u = %s\n", i + 1, addr_format(&mesh->servers[i], text));
    result = scene_open_text(scene, config.data);
    textbuf_fini(&config);
    return result;
}

static void check_mesh(const struct mesh *mesh, uint64_t dialled)
{
    ASSERT_NUMBER(mesh->numbers->dialled, dialled);
    ASSERT_NUMBER(mesh->numbers->duplicates, 0);
    ASSERT_NUMBER(mesh->numbers->failed, 0);
}

/* One server goes, and its tunnels with it; back again, each agent needs one connection for it. */
static void stop_and_return(struct scene *scene, struct mesh *mesh, unsigned agents,
                            unsigned within_ms)
{
    atomic_store(&mesh->numbers->waits, 1);
    mesh_stop_server(mesh, 1);
    CU_ASSERT_TRUE(mesh_wait_tunnels(mesh, 2 * agents, within_ms));
    CU_ASSERT_TRUE(wait_status(&scene->instance, "b2", STATUS_DOWN, SOON_MS));
    ASSERT_NUMBER(mesh_start_server(mesh, 1), 0);
    CU_ASSERT_TRUE(wait_status(&scene->instance, "b2", STATUS_UP, SOON_MS));
    CU_ASSERT_TRUE(wait_active(&scene->instance, 2 * agents, within_ms));
    atomic_store(&mesh->numbers->waits, 0);
    CU_ASSERT_TRUE(mesh_wait_tunnels(mesh, 3 * agents, within_ms));
}

/* A server that ends its tunnels and stays: agents are back before the old session is gone. */
static void dismiss_all(struct mesh *mesh, unsigned server, unsigned agents, unsigned within_ms)
{
    uint64_t lost = atomic_load(&mesh->numbers->lost);

    atomic_fetch_add(&mesh->numbers->to_dismiss[server], agents);
    CU_ASSERT_TRUE(wait_count(&mesh->numbers->lost, lost + agents, within_ms));
    CU_ASSERT_TRUE(mesh_wait_tunnels(mesh, 3 * agents, within_ms));
}

static void mesh_through(unsigned count, unsigned processes, unsigned agents)
{
    const unsigned all = processes * agents;
    const unsigned within_ms = 10000 + all * 5;
    struct scene scene;
    struct mesh mesh;

    if (open_mesh(&scene, &mesh, count) == 0) {
        ASSERT_NUMBER(mesh_start_agents(&mesh, &scene.listen, processes, agents), 0);
        CU_ASSERT_TRUE(mesh_wait_tunnels(&mesh, 3 * all, within_ms));
        check_mesh(&mesh, 3 * all);
        stop_and_return(&scene, &mesh, all, within_ms);
        check_mesh(&mesh, 4 * all);
        for (unsigned server = 0; server < MESH_SERVERS; server++) {
            dismiss_all(&mesh, server, all, within_ms);
            check_mesh(&mesh, (5 + server) * all);
        }
    }
    mesh_close(&mesh);
    scene_close(&scene);
}

/* Fifty agents, three servers: 150 connections, and not one in vain. */
static void test_mesh(void)
{
    for (size_t i = 0; i < ARRAY_LEN(workers); i++)
        mesh_through(workers[i], 1, 50);
}

/* A worker's tunnels end with it, and agents are back before its table is: whatever that costs, the
 * next server that ends its tunnels costs one connection each. */
static void test_mesh_loses_worker(void)
{
    const unsigned agents = 50;
    struct scene scene;
    struct mesh mesh;

    if (open_mesh(&scene, &mesh, 4) == 0) {
        unsigned slot;
        uint64_t duplicates;
        uint64_t dialled;
        pid_t pid;

        ASSERT_NUMBER(mesh_start_agents(&mesh, &scene.listen, 1, agents), 0);
        CU_ASSERT_TRUE(mesh_wait_tunnels(&mesh, 3 * agents, SOON_MS));
        check_mesh(&mesh, 3 * agents);
        slot = busiest_worker(&scene, 4);
        pid = instance_child(&scene.instance, BOARD_ROLE_WORKER, slot);
        ASSERT_NUMBER(instance_kill(pid, SIGKILL), 0);
        CU_ASSERT(wait_child(&scene.instance, BOARD_ROLE_WORKER, slot, pid, SOON_MS) != -1);
        CU_ASSERT_TRUE(wait_count(&mesh.numbers->lost, 1, SOON_MS));
        CU_ASSERT_TRUE(mesh_wait_tunnels(&mesh, 3 * agents, SOON_MS));
        CU_ASSERT_TRUE(wait_active(&scene.instance, 3 * agents, SOON_MS));
        duplicates = atomic_load(&mesh.numbers->duplicates);
        dialled = atomic_load(&mesh.numbers->dialled);
        dismiss_all(&mesh, 2, agents, SOON_MS);
        ASSERT_NUMBER(mesh.numbers->dialled, dialled + agents);
        ASSERT_NUMBER(mesh.numbers->duplicates, duplicates);
    }
    mesh_close(&mesh);
    scene_close(&scene);
}

/* As many as a large cluster has; a process may open 20,000 descriptors. */
static void test_large_mesh(void)
{
    if (volume_is_whole())
        mesh_through(4, 2, 2500);
    else
        mesh_through(4, 2, 100);
}

static const struct unit_test tests[] = {
    {"one_client", test_one_client},
    {"killed_worker", test_killed_worker},
    {"source_limit", test_source_limit},
    {"full_table", test_full_table},
    {"reload", test_reload},
    {"own_last", test_own_last},
    {"mesh", test_mesh},
    {"mesh_loses_worker", test_mesh_loses_worker},
    {"large_mesh", test_large_mesh},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"spread", tests}, {NULL, NULL}};

    return unit_main("test_spread", suites, argc, argv);
}
