/*
 * The stats server among clients that it should not have: whoever asks it properly is answered
 * soon, connections through the balancer notice nothing, and nothing is left of it afterwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "base/textbuf.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/http.h"
#include "system/sanitized.h"
#include "system/siege.h"
#include "system/volume.h"

/* So many backends that their metrics do not fit into a socket. */
#define BACKENDS 400

/*
 * A machine with nothing else to do answers in a tenth of a second. One that runs other tests, too,
 * has longer, and longer still where every access to memory is looked at.
 */
#define SOON_MS_WHOLE 100
#define SOON_MS_BRIEF (IS_SANITIZED ? 5000 : 1000)

/* What may be left of memory: an allocator gives back whole pages, and keeps some. */
#define LEFT_KIB 2048

/* How long everything may take to be as it was: the longest deadline of the server, and more. */
#define CALM_MS 30000

static const struct {
    const char *what;
    enum siege_kind kind;
    unsigned brief;
    unsigned whole;
    const char *path;
} sieges[] = {
    {"idle", SIEGE_IDLE, 1000, 10000, "/"},
    {"a byte a second", SIEGE_DRIP, 200, 2000, "/"},
    {"garbage", SIEGE_GARBAGE, 100, 1000, "/"},
    {"endless heads", SIEGE_HUGE, 100, 1000, "/"},
    {"never reading", SIEGE_GREEDY, 100, 1000, "/metrics"},
    {"a hundred requests at once", SIEGE_MANY, 20, 200, "/healthz"},
    {"half a request", SIEGE_HALF, 100, 1000, "/"},
    {"reset", SIEGE_RESET, 100, 1000, "/stats.json"},
};

struct measure {
    unsigned asked;
    unsigned failed; /* no 200 */
    uint64_t slowest_us;
};

struct state {
    int descriptors;
    long kib;
};

/* ---- the scene ---- */

static int open_scene(struct scene *scene)
{
    struct textbuf text;
    int result;

    textbuf_init(&text, 60 * 1024);
    textbuf_puts(&text, CHANGE_HEAD CHANGE_CHECKS "[stats]\nlisten = @S\n[service test]\n"
                                                  "listen = @L\nserver b1 = @1\n"
                                                  "[service large]\nlisten = @A\ncheck = none\n");
    for (unsigned i = 0; i < BACKENDS; i++)
        textbuf_printf(&text, "server a-rather-long-name-of-a-backend-%u = 127.9.9.9:%u\n", i,
                       1000 + i);
    result = change_open(scene, 1, text.data);
    textbuf_fini(&text);
    return result;
}

static pid_t server_of(const struct scene *scene)
{
    return instance_child(&scene->instance, BOARD_ROLE_STATS, 0);
}

static struct state look(const struct scene *scene)
{
    char value[64] = "0";
    pid_t pid = server_of(scene);
    struct state state = {.descriptors = procfs_fd_count(pid)};

    CU_ASSERT(procfs_status(pid, "RssAnon", value, sizeof(value)) == 0);
    state.kib = atol(value);
    return state;
}

/* It has done everything once, and so has what it keeps for that. */
static struct state warm_up(const struct scene *scene)
{
    static const char *const paths[] = {"/", "/stats.json", "/;csv", "/metrics", "/healthz"};
    static char answer[4096];

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(paths); i++)
            ASSERT_NUMBER(http_get(&scene->stats, paths[i], answer, sizeof(answer)), 200);
    }
    return look(scene);
}

static bool is_calm(const struct scene *scene, const struct state *before, struct state *now)
{
    *now = look(scene);
    return now->descriptors <= before->descriptors &&
           (IS_SANITIZED || now->kib <= before->kib + LEFT_KIB);
}

static void expect_calm(const struct scene *scene, const struct state *before)
{
    uint64_t deadline_ms = mono_ms() + CALM_MS;
    struct state now;

    while (!is_calm(scene, before, &now) && mono_ms() < deadline_ms)
        wait_a_moment();
    printf("    then %d descriptors, %ld KiB; before %d, %ld KiB\n", now.descriptors, now.kib,
           before->descriptors, before->kib);
    CU_ASSERT_TRUE(is_calm(scene, before, &now));
}

/* ---- who asks properly ---- */

static void ask(const struct scene *scene, struct measure *measure)
{
    char answer[1000];
    uint64_t start_us = mono_us();
    int status = http_get(&scene->stats, "/healthz", answer, sizeof(answer));
    uint64_t took_us = mono_us() - start_us;

    measure->asked++;
    measure->failed += status != 200;
    if (took_us > measure->slowest_us)
        measure->slowest_us = took_us;
}

/* So often, with a connection through the balancer each time. */
static void expect_service(const struct scene *scene, const char *what, unsigned most_ms)
{
    struct measure measure = {0};
    unsigned lost = 0;

    for (unsigned i = 0; i < volume(50, 500); i++) {
        ask(scene, &measure);
        lost += client_visit(&scene->listen) == -1;
    }
    printf("  %s: %u asked for /healthz, %u in vain, the slowest %.1f ms; %ld KiB\n", what,
           measure.asked, measure.failed, (double)measure.slowest_us / 1000, look(scene).kib);
    ASSERT_NUMBER(measure.failed, 0);
    ASSERT_NUMBER(lost, 0);
    CU_ASSERT_TRUE(measure.slowest_us < most_ms * UINT64_C(1000));
}

/* ---- tests ---- */

static int begin(struct siege *siege, const struct scene *scene, size_t i, unsigned clients)
{
    struct siege_plan plan = {
        .target = scene->stats,
        .kind = sieges[i].kind,
        .clients = clients,
        .addresses = 10,
        .path = sieges[i].path,
    };

    if (siege_start(siege, &plan) == 0 &&
        siege_wait_opened(siege, plan.clients, CLIENT_PATIENCE_MS))
        return 0;
    CU_FAIL("no siege");
    return -1;
}

static void test_one_by_one(void)
{
    struct siege siege;
    struct scene scene;

    if (open_scene(&scene) == 0) {
        pid_t pid = server_of(&scene);
        struct state before = warm_up(&scene);

        for (size_t i = 0; i < ARRAY_LEN(sieges); i++) {
            if (begin(&siege, &scene, i, volume(sieges[i].brief, sieges[i].whole)) == 0)
                expect_service(&scene, sieges[i].what, volume(SOON_MS_BRIEF, SOON_MS_WHOLE));
            siege_fini(&siege);
            expect_calm(&scene, &before);
        }
        ASSERT_NUMBER(server_of(&scene), pid);
    }
    scene_close(&scene);
}

/* Those who besiege have to share the machine, too: each kind comes in its smaller number. */
static void test_all_at_once(void)
{
    struct siege list[ARRAY_LEN(sieges)];
    struct scene scene;

    memset(list, 0, sizeof(list));
    if (open_scene(&scene) == 0) {
        pid_t pid = server_of(&scene);
        struct state before = warm_up(&scene);
        int result = 0;

        for (size_t i = 0; i < ARRAY_LEN(sieges) && result == 0; i++)
            result = begin(&list[i], &scene, i, sieges[i].brief);
        if (result == 0)
            expect_service(&scene, "all at once", SOON_MS_BRIEF);
        for (size_t i = 0; i < ARRAY_LEN(sieges); i++)
            siege_fini(&list[i]);
        expect_calm(&scene, &before);
        ASSERT_NUMBER(server_of(&scene), pid);
    }
    scene_close(&scene);
}

/* ---- deadlines ---- */

/* Who says nothing, and who does not read, is told to go at the end of its time. */
static void test_deadlines(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true, .workers = 1};
    struct client silent;
    struct client lingering;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        int before = procfs_fd_count(server_of(&scene));
        uint64_t start_ms = mono_ms();

        ASSERT_NUMBER(client_open(&silent, &scene.stats), 0);
        ASSERT_NUMBER(client_open(&lingering, &scene.stats), 0);
        CU_ASSERT(send(lingering.fd, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
        CU_ASSERT(client_next(&silent, CLIENT_PATIENCE_MS) == CLIENT_FIN);
        CU_ASSERT(mono_ms() - start_ms >= 4500);
        while (procfs_fd_count(server_of(&scene)) > before && mono_ms() - start_ms < CALM_MS)
            wait_a_moment();
        ASSERT_NUMBER(procfs_fd_count(server_of(&scene)), before);
        client_close(&silent);
        client_close(&lingering);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"ST-01_one_by_one", test_one_by_one},
    {"ST-01_all_at_once", test_all_at_once},
    {"ST-01_deadlines", test_deadlines},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"auto/1", tests}, {NULL, NULL}};

    return unit_main("test_siege", suites, argc, argv);
}
