/* Backends by host names, whose addresses come, change, stay and go. */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/hosts.h"
#include "system/scene.h"

/* What hosts_enter() said: NULL = this is its world. */
static const char *why_not;

#define OLD "127.0.0.1"
#define NEW "127.0.0.2"

/* ---- scenes: peers 0 and 1 have one port at two addresses, between which a name moves ---- */

static int open_pair(struct scene *scene)
{
    struct addr other;

    if (scene_init(scene) == -1 || peer_open(&scene->peers[0], script_echo, 0) == -1)
        return -1;
    scene->peer_count = 1;
    if (addr_parse(&other, NEW) == -1)
        return -1;
    other.port = scene->peers[0].address.port;
    if (peer_open_at(&scene->peers[1], &other, script_echo, 0) == -1)
        return -1;
    scene->peer_count = 2;
    return 0;
}

/* Server lines with the port of the pair: "server b1 = moving.test:PORT" for "b1 = moving.test". */
static int write_config(struct scene *scene, const char *keys, const char *const *servers)
{
    struct textbuf text;
    int result;

    textbuf_init(&text, 4096);
    change_expand(scene, CHANGE_BEGIN "[service test]\nlisten = @L\n", &text);
    textbuf_puts(&text, keys);
    for (; *servers != NULL; servers++)
        textbuf_printf(&text, "server %s:%u\n", *servers, scene->peers[0].address.port);
    result = instance_configure(&scene->instance, text.data);
    textbuf_fini(&text);
    return result;
}

static int open_scene(struct scene *scene, const char *keys, const char *const *servers)
{
    if (open_pair(scene) == 0 && write_config(scene, keys, servers) == 0 &&
        instance_start(&scene->instance) == 0)
        return 0;
    CU_FAIL("k0slbd does not serve");
    return -1;
}

static bool skipped(void)
{
    if (why_not != NULL)
        unit_skip(why_not);
    return why_not != NULL;
}

/* Says what /etc/hosts has now, and has the names asked again at once. */
static void say_hosts(const struct scene *scene, const char *text)
{
    hosts_write(text);
    ASSERT_NUMBER(change_hup(&scene->instance), CHANGE_OK);
}

static uint32_t life_of(struct scene *scene, const char *backend)
{
    unsigned slot = look_backend(&scene->instance, backend).slot;

    return board_backend_life(scene->instance.board, slot);
}

/* ---- where a name leads ---- */

static const char *const one_name[] = {"b1 = moving.test", NULL};

/* New connections go to the new address; those that are open stay, and totals go on. */
static void test_moves(void)
{
    struct client staying;
    struct scene scene;

    if (skipped())
        return;
    hosts_write(OLD " moving.test\n");
    if (open_scene(&scene, "", one_name) == 0) {
        CU_ASSERT_TRUE(instance_log_has(&scene.instance, "moving.test is " OLD));
        ASSERT_TEXT(look_backend(&scene.instance, "b1").host, "moving.test");
        ASSERT_NUMBER(client_open(&staying, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&staying, 1000), 0);
        say_hosts(&scene, NEW " moving.test\n");
        CU_ASSERT_TRUE(
            wait_log(&scene.instance, "moving.test is now " NEW " (was " OLD ")", SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(scene.peers[0].served, 1);
        ASSERT_NUMBER(scene.peers[1].served, 10);
        ASSERT_NUMBER(client_echo(&staying, 100000), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.total, 11);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 1, SOON_MS)); /* the last visit may be ending */
        client_close(&staying);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
    }
    scene_close(&scene);
}

static void test_stays_while_in_the_answer(void)
{
    static const char *const servers[] = {"b1 = moving.test", "b2 = witness.test", NULL};
    struct scene scene;
    uint32_t life;

    if (skipped())
        return;
    hosts_write(NEW " moving.test\n" OLD " witness.test\n");
    if (open_scene(&scene, "", servers) == 0) {
        life = life_of(&scene, "b1");
        say_hosts(&scene, OLD " moving.test\n" NEW " moving.test\n127.0.0.3 witness.test\n");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "witness.test is now 127.0.0.3", SOON_MS));
        say_hosts(&scene, NEW " moving.test\n" OLD " moving.test\n" OLD " witness.test\n");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "witness.test is now " OLD, SOON_MS));
        ASSERT_NUMBER(life_of(&scene, "b1"), life);
        CU_ASSERT_FALSE(instance_log_has(&scene.instance, "moving.test is now"));
    }
    scene_close(&scene);
}

/* A failed lookup changes nothing, is said once, and is tried again after a second. */
static void test_stays_without_an_answer(void)
{
    struct scene scene;
    uint32_t life;

    if (skipped())
        return;
    hosts_write(OLD " moving.test\n");
    if (open_scene(&scene, "", one_name) == 0) {
        life = life_of(&scene, "b1");
        say_hosts(&scene, "");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "; its last address, " OLD ", stays", SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        hosts_write(OLD " moving.test\n");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "moving.test resolves again: " OLD, 2 * SOON_MS));
        ASSERT_NUMBER(life_of(&scene, "b1"), life);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_UP);
    }
    scene_close(&scene);
}

/* A name that has never resolved stops nothing, and its backend gets nobody. */
static void never_resolved(const char *keys)
{
    static const char *const servers[] = {"b1 = late.test", "b2 = " OLD, NULL};
    struct scene scene;

    hosts_write("0.0.0.0 late.test\n");
    if (open_scene(&scene, keys, servers) == 0) {
        CU_ASSERT_TRUE(wait_log(&scene.instance, "late.test does not resolve: ", SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        ASSERT_TEXT(look_backend(&scene.instance, "b1").check.description, "name does not resolve");
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").counts.total, 0);
        hosts_write(NEW " late.test\n");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "late.test is " NEW, 3 * SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        CU_ASSERT_TRUE(scene.peers[1].served > 0);
    }
    scene_close(&scene);
}

static void test_never_resolved(void)
{
    if (!skipped())
        never_resolved("balance = roundrobin\n");
}

static void test_never_resolved_without_checks(void)
{
    if (!skipped())
        never_resolved("balance = roundrobin\ncheck = none\n");
}

/* With nobody else there, a client is refused at once, and not left waiting. */
static void test_nobody_resolves(void)
{
    struct scene scene;

    if (skipped())
        return;
    hosts_write("");
    if (open_scene(&scene, "", one_name) == 0) {
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_DOWN, SOON_MS));
        CU_ASSERT_TRUE(client_knock(&scene.listen) >= CLIENT_FIN);
        ASSERT_NUMBER(scene.peers[0].served + scene.peers[1].served, 0);
    }
    scene_close(&scene);
}

/* ---- through changes of the configuration, and of the master ---- */

/* A name keeps its address when the file changes around it; a new one is asked at once. */
static void test_reload(void)
{
    static const char *const more[] = {"b1 = moving.test", "b2 = other.test", NULL};
    static const char *const renamed[] = {"b1 = other.test", NULL};
    struct scene scene;
    uint32_t life;

    if (skipped())
        return;
    hosts_write(OLD " moving.test\n" NEW " other.test\n");
    if (open_scene(&scene, "", one_name) == 0) {
        life = life_of(&scene, "b1");
        ASSERT_NUMBER(write_config(&scene, "retries = 1\n", more), 0);
        ASSERT_NUMBER(change_hup(&scene.instance), CHANGE_OK);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "other.test is " NEW, SOON_MS));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b2", STATUS_UP, SOON_MS));
        ASSERT_NUMBER(life_of(&scene, "b1"), life);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_UP);
        ASSERT_NUMBER(write_config(&scene, "", renamed), 0);
        ASSERT_NUMBER(change_hup(&scene.instance), CHANGE_OK);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        ASSERT_TEXT(look_backend(&scene.instance, "b1").host, "other.test");
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").address.ip[3], 2);
        CU_ASSERT_TRUE(life_of(&scene, "b1") != life);
    }
    scene_close(&scene);
}

/* The next master begins with what this one has found out, also when nobody answers by then. */
static void test_takeover(void)
{
    struct scene scene;

    if (skipped())
        return;
    hosts_write(OLD " moving.test\n");
    if (open_scene(&scene, "", one_name) == 0) {
        hosts_write("");
        instance_signal(&scene.instance, SIGUSR2);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "; its last address, " OLD ", stays", SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").status, STATUS_UP);
    }
    scene_close(&scene);
}

/* ---- the process that asks ---- */

static bool is_resolver(pid_t pid, const struct instance *instance)
{
    char wanted[16];
    char value[64];

    snprintf(wanted, sizeof(wanted), "%d", (int)instance->pid);
    return procfs_status(pid, "PPid", value, sizeof(value)) == 0 && strcmp(value, wanted) == 0 &&
           procfs_status(pid, "Name", value, sizeof(value)) == 0 &&
           strcmp(value, "resolver") == 0 &&
           procfs_status(pid, "NoNewPrivs", value, sizeof(value)) == 0 && strcmp(value, "1") == 0;
}

static pid_t find_resolver(const struct instance *instance)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    pid_t found = -1;

    while (proc != NULL && found == -1 && (entry = readdir(proc)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0]) &&
            is_resolver((pid_t)atoi(entry->d_name), instance))
            found = (pid_t)atoi(entry->d_name);
    }
    if (proc != NULL)
        closedir(proc);
    return found;
}

/* One that is born to the end, and is another than `old`. -1 when none comes in time. */
static pid_t wait_resolver(const struct instance *instance, pid_t old)
{
    uint64_t deadline_ms = mono_ms() + 2 * SOON_MS;
    pid_t pid = -1;

    while ((pid == -1 || pid == old) && mono_ms() < deadline_ms) {
        pid = find_resolver(instance);
        wait_a_moment();
    }
    return pid != old ? pid : -1;
}

static void look_at_fd(void *context, int fd, const char *target)
{
    unsigned *wrong = context;

    if (fd <= STDERR_FILENO || strncmp(target, "pipe:", 5) == 0)
        return;
    /* Its own question, to the name server. */
    if (strncmp(target, "socket:", 7) == 0 && ++*wrong <= 1)
        return;
    ++*wrong;
    printf("the resolver holds descriptor %d, %s\n", fd, target);
}

static void assert_unprivileged(pid_t pid)
{
    unsigned wrong = 0;
    char value[64];

    ASSERT_NUMBER(procfs_status(pid, "Uid", value, sizeof(value)), 0);
    CU_ASSERT_TRUE(value[0] != '0');
    ASSERT_NUMBER(procfs_status(pid, "CapEff", value, sizeof(value)), 0);
    ASSERT_TEXT(value, "0000000000000000");
    CU_ASSERT_TRUE(procfs_each_fd(pid, look_at_fd, &wrong) > 0);
    CU_ASSERT_TRUE(wrong <= 1);
}

static const char *const two_names[] = {"b2 = slow.test", "b1 = quick.test", NULL};

/* One name that nobody answers for keeps no other waiting; the process that waits owns nothing. */
static void test_resolver_killed(void)
{
    int silence = why_not == NULL ? hosts_open_silence() : -1;
    struct scene scene;
    pid_t first;

    if (skipped())
        return;
    CU_ASSERT_TRUE(silence != -1);
    hosts_write(OLD " quick.test\n");
    if (open_scene(&scene, "", two_names) == 0) {
        first = wait_resolver(&scene.instance, -1);
        CU_ASSERT_TRUE(first != -1);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "quick.test is " OLD, 1000));
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, SOON_MS));
        assert_unprivileged(first);
        ASSERT_NUMBER(instance_kill(first, SIGKILL), 0);
        CU_ASSERT_TRUE(
            wait_log(&scene.instance, "slow.test does not resolve: the resolver died", SOON_MS));
        CU_ASSERT_TRUE(wait_resolver(&scene.instance, first) != -1);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 5), 0);
    }
    scene_close(&scene); /* while another one waits for an answer */
    fd_close(&silence);
}

/* A process that does not even run is ended when its time is over, and the next one asks again. */
static void test_resolver_stopped(void)
{
    enum { TIMEOUT_MS = 10000 };
    int silence = why_not == NULL ? hosts_open_silence() : -1;
    struct scene scene;
    pid_t first;

    if (skipped())
        return;
    CU_ASSERT_TRUE(silence != -1);
    hosts_write(OLD " quick.test\n");
    if (open_scene(&scene, "", two_names) == 0) {
        first = wait_resolver(&scene.instance, -1);
        ASSERT_NUMBER(instance_kill(first, SIGSTOP), 0);
        hosts_write(OLD " quick.test\n" NEW " slow.test\n");
        CU_ASSERT_TRUE(wait_log(&scene.instance, "slow.test does not resolve: no answer in time",
                                TIMEOUT_MS + SOON_MS));
        CU_ASSERT_TRUE(wait_log(&scene.instance, "slow.test is " NEW, SOON_MS));
        CU_ASSERT_TRUE(find_resolver(&scene.instance) != first);
    }
    scene_close(&scene);
    fd_close(&silence);
}

static const struct unit_test tests[] = {
    {"moves", test_moves},
    {"stays_while_in_the_answer", test_stays_while_in_the_answer},
    {"stays_without_an_answer", test_stays_without_an_answer},
    {"never_resolved", test_never_resolved},
    {"never_resolved_without_checks", test_never_resolved_without_checks},
    {"nobody_resolves", test_nobody_resolves},
    {"reload", test_reload},
    {"takeover", test_takeover},
    {"resolver_killed", test_resolver_killed},
    {"resolver_stopped", test_resolver_stopped},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"splice/4", tests}, {NULL, NULL}};

    if (hosts_enter() == -1)
        why_not = "no namespaces of its own for /etc/hosts and port 53";
    return unit_main("test_names", suites, argc, argv);
}
