/*
 * A reconnect storm: after a while without the balancer, all clients come back at once. Nobody is
 * refused, and nobody waits for a lost SYN to be sent again, which takes a second.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/textbuf.h"
#include "bench/origin.h"
#include "bench/storm.h"
#include "unit/unit.h"

#include "system/hosts.h"
#include "system/scene.h"
#include "system/volume.h"

enum { BRIEF = 1500, WHOLE = 15000 };

enum { ORIGINS = 3, PROCESSES = 4, WORKERS = 4, OPEN_MS = 5000 };

/* A backend that holds thousands of sessions has to be a process of its own, without threads. */
static pid_t start_origin(const struct addr *address)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    /* It says on stdout that it is ready; the balancer's probes find that out here. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || freopen("/dev/null", "w", stdout) == NULL ||
        origin_run(address, 1) == -1)
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

static bool start_origins(const struct scene *scene, pid_t pids[ORIGINS])
{
    bool started = true;

    for (unsigned i = 0; i < ORIGINS; i++) {
        pids[i] = start_origin(&scene->spare[i]);
        started &= pids[i] != -1;
    }
    return started;
}

static void end_origins(const pid_t pids[ORIGINS])
{
    for (unsigned i = 0; i < ORIGINS; i++) {
        if (instance_kill(pids[i], SIGKILL) == 0)
            (void)waitpid(pids[i], NULL, 0);
    }
}

/*
 * What comes before the workers have had their turn waits in the queue of the listener, which has
 * to be as long as the storm is large: the default of 4096 is, for the brief one.
 */
static bool make_room(unsigned connections)
{
    FILE *file = fopen("/proc/sys/net/core/somaxconn", "we");
    bool made = file != NULL && fprintf(file, "%u\n", connections) > 0;

    return file != NULL && fclose(file) == 0 && made;
}

static int open_balancer(struct scene *scene)
{
    char address[ADDR_TEXT_SIZE];
    struct textbuf text;
    int result;

    textbuf_init(&text, 4096);
    if (volume_is_whole())
        CU_ASSERT_TRUE(make_room(WHOLE));
    textbuf_printf(
        &text,
        "[k0slb]\nname = %s\nworkers = %d\nlog = stderr\n[stats]\nlisten =\n"
        "[service test]\nlisten = %s\ncheck = tcp\ncheck_interval = 100ms\nbacklog = %u\n",
        scene->instance.name, WORKERS, addr_format(&scene->listen, address), volume(4096, WHOLE));
    for (unsigned i = 0; i < ORIGINS; i++)
        textbuf_printf(&text, "server b%u = %s\n", i + 1, addr_format(&scene->spare[i], address));
    result = scene_open_text(scene, text.data);
    textbuf_fini(&text);
    return result;
}

static bool are_all_up(struct instance *instance)
{
    return wait_status(instance, "b1", STATUS_UP, SOON_MS) &&
           wait_status(instance, "b2", STATUS_UP, SOON_MS) &&
           wait_status(instance, "b3", STATUS_UP, SOON_MS);
}

struct open_scene {
    struct scene *scene;
    unsigned connections;
};

/* Each is a session, through to a backend. */
static void assert_all_open(void *context)
{
    const struct open_scene *open = context;

    CU_ASSERT_TRUE(wait_active(&open->scene->instance, open->connections, OPEN_MS));
}

static void storm(struct scene *scene)
{
    struct open_scene open = {.scene = scene, .connections = volume(BRIEF, WHOLE)};
    struct storm_plan plan = {
        .target = scene->listen,
        .source = {.family = ADDR_IPV4, .ip = {127, 77, 10, 1}},
        .source_count = 200,
        .connections = open.connections,
        .processes = PROCESSES,
        .all_open = assert_all_open,
        .context = &open,
    };
    struct storm_result result;

    ASSERT_NUMBER(storm_run(&plan, &result), 0);
    printf("%u connections in %u ms: p50 %u ms, p99 %u ms, slowest %u ms\n", result.done,
           (unsigned)(result.total_us / 1000), (unsigned)(result.p50_us / 1000),
           (unsigned)(result.p99_us / 1000), (unsigned)(result.most_us / 1000));
    ASSERT_NUMBER(result.done, open.connections);
    ASSERT_NUMBER(result.failed, 0);
    ASSERT_NUMBER(result.syns_again, 0);
    ASSERT_NUMBER(result.overflows, 0);
    ASSERT_NUMBER(result.drops, 0);
    CU_ASSERT_TRUE(wait_active(&scene->instance, 0, OPEN_MS));
    ASSERT_NUMBER(look_counts(&scene->instance).total, open.connections);
    ASSERT_NUMBER(look_refused(&scene->instance), 0);
}

/* The kernel counts lost SYNs for a whole network namespace: so the test has one. */
static void test_reconnect(void)
{
    pid_t origins[ORIGINS] = {-1, -1, -1};
    struct scene scene;

    if (hosts_enter() == -1) {
        unit_skip("no namespace of its own");
        return;
    }
    if (scene_init(&scene) == 0) {
        CU_ASSERT_TRUE(start_origins(&scene, origins));
        if (open_balancer(&scene) == 0 && are_all_up(&scene.instance))
            storm(&scene);
        else
            CU_FAIL("not everybody is there");
        end_origins(origins);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"reconnect", test_reconnect},
    {NULL, NULL},
};

static const struct unit_suite suites[] = {
    {"storm", tests},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main("test_storm", suites, argc, argv);
}
