/* What children may do, what they hold, and what they do when they run out of it. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

#include "system/crowd.h"
#include "system/limit.h"
#include "system/scene.h"

static const struct {
    enum board_role role;
    const char *name;
} roles[] = {
    {BOARD_ROLE_WORKER, "worker"},
    {BOARD_ROLE_CHECKER, "checker"},
    {BOARD_ROLE_STATS, "stats"},
};

/* Fails the test when a field of /proc/PID/status is not what it should be. */
static void assert_status(pid_t pid, const char *role, const char *field, const char *wanted)
{
    char got[256];

    if (procfs_status(pid, field, got, sizeof(got)) == -1)
        snprintf(got, sizeof(got), "(none)");
    if (strcmp(got, wanted) != 0)
        printf("%s: %s is \"%s\"\n", role, field, got);
    ASSERT_TEXT(got, wanted);
}

/* Four times the same number, and not root's. */
static void assert_not_root(pid_t pid, const char *role, const char *field)
{
    char got[256] = "";
    unsigned id[4] = {0, 0, 0, 0};

    CU_ASSERT_TRUE(procfs_status(pid, field, got, sizeof(got)) == 0);
    ASSERT_NUMBER(sscanf(got, "%u %u %u %u", &id[0], &id[1], &id[2], &id[3]), 4);
    if (id[0] == 0 || id[1] != id[0] || id[2] != id[0] || id[3] != id[0])
        printf("%s: %s is \"%s\"\n", role, field, got);
    CU_ASSERT_TRUE(id[0] != 0 && id[1] == id[0] && id[2] == id[0] && id[3] == id[0]);
}

static void assert_unprivileged(pid_t pid, const char *role)
{
    static const char *const capabilities[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

    assert_not_root(pid, role, "Uid");
    assert_not_root(pid, role, "Gid");
    assert_status(pid, role, "Groups", "");
    assert_status(pid, role, "NoNewPrivs", "1");
    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
        assert_status(pid, role, capabilities[i], "0000000000000000");
}

static void test_children_are_unprivileged(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    struct scene scene;

    if (geteuid() != 0) {
        unit_skip("only root has privileges to give up");
        return;
    }
    if (scene_open(&scene, &plan) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
            pid_t pid = instance_child(&scene.instance, roles[i].role, 0);

            CU_ASSERT_TRUE(pid != -1);
            assert_unprivileged(pid, roles[i].name);
        }
    }
    scene_close(&scene);
}

/* What one process is allowed to hold. */
struct holdings {
    const struct scene *scene;
    enum board_role role;
    const char *name;
    unsigned wrong;
    unsigned listeners;
};

/* Which service slot a listening socket belongs to, or -1 when it is none of ours. */
static int listener_owner(const struct scene *scene, const char *target)
{
    const struct board_prefix *prefix = &board_master(scene->instance.board)->prefix;
    unsigned long long inode;

    if (sscanf(target, "socket:[%llu]", &inode) != 1)
        return -1;
    for (unsigned i = 0; i < BOARD_MAX_SOCKETS; i++) {
        if (atomic_load(&prefix->sockets[i].inode) == inode)
            return prefix->sockets[i].service;
    }
    return -1;
}

static bool is_foreign(struct holdings *holdings, const char *target)
{
    int owner = listener_owner(holdings->scene, target);

    if (strstr(target, ".lock") != NULL || strstr(target, holdings->scene->instance.dir) != NULL ||
        strstr(target, "/foreign") != NULL)
        return true;
    if (owner == -1)
        return false;
    holdings->listeners++;
    return holdings->role == BOARD_ROLE_CHECKER ||
           (holdings->role == BOARD_ROLE_STATS) != (owner == BOARD_NO_SLOT);
}

static void look_at_fd(void *context, int fd, const char *target)
{
    struct holdings *holdings = context;

    if (fd <= 2 && strstr(target, "/log") != NULL)
        return;
    if (!is_foreign(holdings, target))
        return;
    holdings->wrong++;
    printf("%s holds descriptor %d, %s\n", holdings->name, fd, target);
}

/*
 * No lock, no configuration file, nobody else's listeners, and nothing of what the master's own
 * parent left open.
 */
static void test_children_hold_their_own_alone(void)
{
    static const struct scene_plan plan = {.backends = 1, .stats = true};
    struct scene scene;
    char path[128];
    int foreign;

    snprintf(path, sizeof(path), "/tmp/k0slb-test-%d.foreign", (int)getpid());
    foreign = open(path, O_RDWR | O_CREAT, 0600);
    unlink(path);
    CU_ASSERT_TRUE(foreign != -1);
    if (scene_open(&scene, &plan) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
            struct holdings holdings = {&scene, roles[i].role, roles[i].name, 0, 0};
            pid_t pid = instance_child(&scene.instance, roles[i].role, 0);

            CU_ASSERT_TRUE(procfs_each_fd(pid, look_at_fd, &holdings) > 0);
            ASSERT_NUMBER(holdings.wrong, 0);
            ASSERT_NUMBER(holdings.listeners, roles[i].role == BOARD_ROLE_CHECKER ? 0 : 1);
        }
    }
    fd_close(&foreign);
    scene_close(&scene);
}

/* A worker at the number of sessions that its descriptors allow: the next ones wait, unharmed. */
static void test_full_worker(void)
{
    enum { DESCRIPTORS = 160, MORE = 50 };
    static const struct scene_plan plan = {
        .backends = 2,
        .workers = 1,
        .descriptors = DESCRIPTORS,
    };
    static struct crowd all;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        pid_t worker = instance_child(&scene.instance, BOARD_ROLE_WORKER, 0);
        unsigned in = 0;

        while (in < CROWD_MAX - MORE && client_open(&all.clients[in], &scene.listen) == 0 &&
               client_try_echo(&all.clients[in], 300) == 0)
            in++;
        printf("%u sessions with %u descriptors\n", in, (unsigned)DESCRIPTORS);
        CU_ASSERT_TRUE(in >= 2);
        CU_ASSERT_TRUE(in < DESCRIPTORS / 2);
        for (all.count = in + 1; all.count < in + MORE; all.count++)
            ASSERT_NUMBER(client_open(&all.clients[all.count], &scene.listen), 0);
        CU_ASSERT_TRUE(procfs_cpu_percent(worker, 500) < 5);
        for (unsigned i = 0; i < in; i++)
            ASSERT_NUMBER(client_echo(&all.clients[i], 64), 0);
        CU_ASSERT_TRUE(atomic_load(&board_worker(scene.instance.board, 0)->accept_pauses) >= 1);
        client_close(&all.clients[0]);
        ASSERT_NUMBER(client_finish_echo(&all.clients[in]), 0);
        crowd_close(&all);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
    }
    scene_close(&scene);
}

/* How many of them have been turned away. */
static unsigned count_ended(struct crowd *crowd)
{
    unsigned ended = 0;

    for (unsigned i = 0; i < crowd->count; i++)
        ended += client_next(&crowd->clients[i], 0) >= CLIENT_FIN;
    return ended;
}

/*
 * A worker that suddenly has no descriptors left (EMFILE where it had reckoned with room) neither
 * spins nor harms the sessions it has, and serves again once there are some. The others wait: at
 * most the one that took the last descriptor is turned away. `room` is how many there are left; a
 * session takes two, and either of them may be the one that is missing.
 */
static void starve(struct scene *scene, struct crowd *old, struct crowd *more, unsigned room)
{
    pid_t worker = instance_child(&scene->instance, BOARD_ROLE_WORKER, 0);
    long before = limit_descriptors(worker, (unsigned)procfs_fd_count(worker) + room);
    unsigned lost;

    CU_ASSERT_TRUE(before > 0);
    for (more->count = 0; more->count < 200; more->count++)
        ASSERT_NUMBER(client_open(&more->clients[more->count], &scene->listen), 0);
    CU_ASSERT_TRUE(procfs_cpu_percent(worker, 1000) < 5);
    ASSERT_NUMBER(crowd_echo(old, &lost), old->count);
    CU_ASSERT_TRUE(count_ended(more) <= 1);
    CU_ASSERT_TRUE(atomic_load(&board_worker(scene->instance.board, 0)->accept_pauses) >= 1);
    crowd_close(more);
    ASSERT_NUMBER(client_visit_many(&scene->listen, 5), 0);
    ASSERT_NUMBER(limit_descriptors(worker, (unsigned long)before) == -1, false);
    ASSERT_NUMBER(crowd_open(more, &scene->listen, 100), 0);
    ASSERT_NUMBER(crowd_echo(old, &lost), old->count);
    ASSERT_NUMBER(instance_child(&scene->instance, BOARD_ROLE_WORKER, 0), worker);
}

static void run_out_of_descriptors(unsigned room)
{
    static const struct scene_plan plan = {.backends = 2, .workers = 1};
    static struct crowd old;
    static struct crowd more;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(crowd_open(&old, &scene.listen, 5), 0);
        starve(&scene, &old, &more, room);
        crowd_close(&old);
        crowd_close(&more);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

static void test_no_descriptor_for_client(void)
{
    run_out_of_descriptors(20);
}

static void test_no_descriptor_for_backend(void)
{
    run_out_of_descriptors(21);
}

/* Short connections one after the other reach all four workers alike. */
static void test_accepts_are_spread(void)
{
    enum { VISITS = 2000, WORKERS = 4 };
    static const struct scene_plan plan = {.backends = 2, .workers = WORKERS};
    uint64_t most = 0;
    uint64_t least = UINT64_MAX;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        ASSERT_NUMBER(client_visit_many(&scene.listen, VISITS), 0);
        for (unsigned slot = 0; slot < WORKERS; slot++) {
            uint64_t accepted = atomic_load(&board_worker(scene.instance.board, slot)->accepted);

            printf("worker %u accepted %llu\n", slot, (unsigned long long)accepted);
            most = accepted > most ? accepted : most;
            least = accepted < least ? accepted : least;
        }
        CU_ASSERT_TRUE(most * WORKERS * 10 <= VISITS * 13);
        CU_ASSERT_TRUE(least * WORKERS * 10 >= VISITS * 7);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"children_are_unprivileged", test_children_are_unprivileged},
    {"children_hold_their_own_alone", test_children_hold_their_own_alone},
    {"full_worker", test_full_worker},
    {"no_descriptor_for_client", test_no_descriptor_for_client},
    {"no_descriptor_for_backend", test_no_descriptor_for_backend},
    {"accepts_are_spread", test_accepts_are_spread},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/1", tests}, {NULL, NULL}};

    return unit_main("test_birth", suites, argc, argv);
}
