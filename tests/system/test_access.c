/* allow and deny: who may come in, by address and family, and what becomes of who may not. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/hosts.h"

/* What hosts_enter() said: NULL = this is its world. */
static const char *why_not;

static struct addr address_of(const char *text)
{
    struct addr address = {.family = ADDR_NONE};

    CU_ASSERT_FATAL(addr_parse(&address, text) == 0);
    return address;
}

/* Comes from there and sends a few bytes: whether they come back; else the end was a reset. */
static bool is_let_in(const struct addr *listen, const char *from)
{
    struct addr source = address_of(from);
    struct client client;
    bool result;

    if (client_open_from(&client, &source, listen) == -1)
        return false;
    result = client_try_echo(&client, CLIENT_PATIENCE_MS) == 0;
    client_close(&client);
    return result;
}

/* Comes from there and waits. */
static enum client_end end_of(const struct addr *listen, const char *from)
{
    struct addr source = address_of(from);
    struct client client;
    enum client_end end;

    if (client_open_from(&client, &source, listen) == -1)
        return CLIENT_RESET;
    end = client_next(&client, CLIENT_PATIENCE_MS);
    client_close(&client);
    return end;
}

static uint64_t denied(const struct scene *scene)
{
    uint64_t sum = 0;

    for (unsigned slot = 0; slot < scene_mode()->workers; slot++)
        sum += atomic_load(&board_worker_service(scene->instance.board, slot, 0)->denied);
    return sum;
}

/* ---- lists ---- */

struct rule {
    const char *keys;
    const char *in[4]; /* who may come in */
    const char *out[4];
};

/* Backends and controllers are at 127.0.0.1. */
static const struct rule rules[] = {
    {"", {"127.0.0.2", "127.9.9.9"}, {NULL}},
    {"deny = 127.0.0.2\n", {"127.0.0.1", "127.0.0.3"}, {"127.0.0.2"}},
    {"deny = 127.0.0.0/30, 127.0.9.0/24\n", {"127.0.0.4"}, {"127.0.0.3", "127.0.9.255"}},
    {"allow = 127.0.0.0/24\n", {"127.0.0.1", "127.0.0.255"}, {"127.0.1.0", "127.1.0.1"}},
    {"allow = 127.0.0.2, 127.0.0.4\n", {"127.0.0.2", "127.0.0.4"}, {"127.0.0.3"}},
    {"allow = 127.0.0.2\nallow = 127.0.0.4\n", {"127.0.0.2", "127.0.0.4"}, {"127.0.0.3"}},
    {"allow = private\n", {"127.0.0.2"}, {NULL}},
    {"deny = private\n", {NULL}, {"127.0.0.2", "127.0.0.1"}},
    {"allow = controllers\n", {"127.0.0.1"}, {"127.0.0.2"}},
    {"allow = controllers, 127.0.0.2\n", {"127.0.0.1", "127.0.0.2"}, {"127.0.0.3"}},
    {"deny = controllers\n", {"127.0.0.2"}, {"127.0.0.1"}},
    {"allow = all\ndeny = all\n", {NULL}, {"127.0.0.1", "127.0.0.2"}},
    {"allow = 127.0.0.2, 127.0.0.3\ndeny = 127.0.0.2\n", {"127.0.0.3"}, {"127.0.0.2"}},
    {"allow = 10.0.0.0/8, fd00::/8\n", {NULL}, {"127.0.0.1"}},
};

static void try_rule(const struct rule *rule)
{
    struct scene_plan plan = {.backends = 1, .keys = rule->keys};
    unsigned failures = CU_get_number_of_failures();
    struct scene scene;
    uint64_t turned_away = 0;

    if (scene_open(&scene, &plan) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(rule->in) && rule->in[i] != NULL; i++)
            CU_ASSERT_TRUE(is_let_in(&scene.listen, rule->in[i]));
        for (size_t i = 0; i < ARRAY_LEN(rule->out) && rule->out[i] != NULL; i++) {
            CU_ASSERT(end_of(&scene.listen, rule->out[i]) == CLIENT_RESET);
            ASSERT_NUMBER(denied(&scene), ++turned_away);
        }
    }
    scene_close(&scene);
    if (CU_get_number_of_failures() > failures)
        printf("with %s\n", rule->keys);
}

static void test_lists(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        try_rule(&rules[i]);
}

/* ---- the other family ---- */

static const struct rule rules_ipv6[] = {
    {"", {"::1"}, {NULL}},
    {"deny = ::1\n", {NULL}, {"::1"}},
    {"deny = 0.0.0.0/0\n", {"::1"}, {NULL}},
    {"allow = 127.0.0.0/8\n", {NULL}, {"::1"}},
    {"allow = ::/64\n", {"::1"}, {NULL}},
    {"allow = private\n", {"::1"}, {NULL}},
    {"allow = fd00::/8\n", {NULL}, {"::1"}},
};

static void try_rule_ipv6(const struct rule *rule)
{
    char text[512];
    char at[ADDR_TEXT_SIZE];
    struct scene scene;
    int fd;

    if (scene_init(&scene) == -1 || scene_open_peers(&scene, 1, NULL) == -1)
        return;
    scene.listen = address_of("::1");
    fd = listen_at(&scene.listen, 1);
    CU_ASSERT_FATAL(fd != -1);
    close(fd);
    snprintf(text, sizeof(text), CHANGE_BEGIN "[service test]\nlisten = %s\n%sserver b1 = @1\n",
             addr_format(&scene.listen, at), rule->keys);
    ASSERT_NUMBER(change_write(&scene, text), 0);
    if (instance_start(&scene.instance) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(rule->in) && rule->in[i] != NULL; i++)
            CU_ASSERT_TRUE(is_let_in(&scene.listen, rule->in[i]));
        for (size_t i = 0; i < ARRAY_LEN(rule->out) && rule->out[i] != NULL; i++)
            CU_ASSERT(end_of(&scene.listen, rule->out[i]) == CLIENT_RESET);
    } else {
        CU_FAIL("k0slbd does not serve");
    }
    scene_close(&scene);
}

static bool has_ipv6(void)
{
    struct addr address = address_of("::1");
    int fd = listen_at(&address, 1);

    if (fd == -1)
        return false;
    close(fd);
    return true;
}

static void test_lists_ipv6(void)
{
    if (!has_ipv6()) {
        unit_skip("no namespace with IPv6 in it");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(rules_ipv6); i++)
        try_rule_ipv6(&rules_ipv6[i]);
}

/* ---- names ---- */

/* `controllers' stands for what their names have resolved to, as soon as they have. */
static void test_resolved_controllers(void)
{
    char text[512];
    struct scene scene;

    if (why_not != NULL) {
        unit_skip(why_not);
        return;
    }
    hosts_write("127.0.0.1 cp1.test\n");
    if (scene_init(&scene) == -1 || scene_open_peers(&scene, 1, NULL) == -1)
        return;
    snprintf(text, sizeof(text),
             CHANGE_BEGIN "[service test]\nlisten = @L\nallow = controllers\n"
                          "server b1 = cp1.test:%u\n",
             scene.peers[0].address.port);
    ASSERT_NUMBER(change_write(&scene, text), 0);
    if (instance_start(&scene.instance) == 0) {
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, CLIENT_PATIENCE_MS));
        CU_ASSERT_TRUE(is_let_in(&scene.listen, "127.0.0.1"));
        CU_ASSERT(end_of(&scene.listen, "127.0.0.2") == CLIENT_RESET);
    } else {
        CU_FAIL("k0slbd does not serve");
    }
    scene_close(&scene);
}

/* ---- what else ---- */

/* Many are told in few words: each worker names one a second, and counts the others. */
static void test_log(void)
{
    enum { MANY = 200 };
    static const struct scene_plan plan = {.backends = 1, .keys = "deny = 127.0.0.2\n"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t start = mono_ms();
        unsigned seconds;

        for (unsigned i = 0; i < MANY; i++)
            CU_ASSERT(end_of(&scene.listen, "127.0.0.2") == CLIENT_RESET);
        ASSERT_NUMBER(denied(&scene), MANY);
        ASSERT_NUMBER(look_counts(&scene.instance).total, 0);
        ASSERT_NUMBER(atomic_load(&scene.peers[0].served), 0);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "denied service=test client=127.0.0.2:", SOON_MS));
        seconds = (unsigned)((mono_ms() - start) / 1000) + 1;
        CU_ASSERT_TRUE(instance_log_count(&scene.instance, "denied service=test") <=
                       seconds * scene_mode()->workers);
    }
    scene_close(&scene);
}

#define WITH(keys) CHANGE_BEGIN "[service test]\nlisten = @L\n" keys "server b1 = @1\n"

/* A reload changes who may come in from then on; who is in stays. */
static void test_reload(void)
{
    struct addr source = address_of("127.0.0.2");
    struct client client;
    struct scene scene;

    if (change_open(&scene, 1, WITH("")) == 0) {
        ASSERT_NUMBER(client_open_from(&client, &source, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        ASSERT_CHANGE(&scene, WITH("deny = 127.0.0.2\n"));
        CU_ASSERT(end_of(&scene.listen, "127.0.0.2") == CLIENT_RESET);
        ASSERT_NUMBER(client_echo(&client, 100), 0);
        client_close(&client);
        ASSERT_CHANGE(&scene, WITH(""));
        CU_ASSERT_TRUE(is_let_in(&scene.listen, "127.0.0.2"));
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"lists", test_lists},
    {"lists_ipv6", test_lists_ipv6},
    {"resolved_controllers", test_resolved_controllers},
    {"log", test_log},
    {"reload", test_reload},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"splice/4", tests}, {NULL, NULL}};

    if (hosts_enter() == -1)
        why_not = "no namespaces of its own for /etc/hosts";
    return unit_main("test_access", suites, argc, argv);
}
