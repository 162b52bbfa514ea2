/* The connection log: one line for each session that has ended, and every key of it true. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"

#define LINE_SIZE 1024

enum { KIB_64 = 64 * 1024 };

/* ---- lines ---- */

/* The place of a line's beginning after that many others; NULL when there is none. */
static char *line_number(char *log, unsigned number)
{
    static const char mark[] = ": event=connection service=";
    char *at = strstr(log, mark);

    while (at != NULL && number-- > 0)
        at = strstr(at + 1, mark);
    return at != NULL ? at + 2 : NULL;
}

static bool copy_line(const struct instance *instance, unsigned number, char line[LINE_SIZE])
{
    char *log = instance_log(instance);
    char *at = line_number(log, number);
    char *end = at != NULL ? strchr(at, '\n') : NULL;
    bool found = end != NULL && end - at < LINE_SIZE;

    if (found) {
        memcpy(line, at, (size_t)(end - at));
        line[end - at] = '\0';
    }
    free(log);
    return found;
}

/* Waits for the line; "" when it does not come. */
static void wait_line(const struct instance *instance, unsigned number, char line[LINE_SIZE])
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    line[0] = '\0';
    while (!copy_line(instance, number, line)) {
        if (mono_ms() > deadline_ms) {
            CU_FAIL("no line");
            return;
        }
        wait_a_moment();
    }
}

/* The value of a key, without quotes; returns `value`, "" when the line does not have it. */
static const char *value_of(const char *line, const char *key, char value[LINE_SIZE])
{
    char mark[64];
    const char *at;

    snprintf(mark, sizeof(mark), " %s=", key);
    at = strstr(line, mark);
    value[0] = '\0';
    if (at == NULL)
        return value;
    at += strlen(mark);
    if (*at == '"')
        snprintf(value, LINE_SIZE, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    else
        snprintf(value, LINE_SIZE, "%.*s", (int)strcspn(at, " "), at);
    return value;
}

static void assert_value(const char *line, const char *key, const char *wanted)
{
    char value[LINE_SIZE];

    ASSERT_TEXT(value_of(line, key, value), wanted);
}

static void assert_bytes(const char *line, uint64_t in, uint64_t out)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)in);
    assert_value(line, "bytes_in", text);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)out);
    assert_value(line, "bytes_out", text);
}

static void assert_address(const char *line, const char *key, const struct addr *address)
{
    char text[ADDR_TEXT_SIZE];

    assert_value(line, key, addr_format(address, text));
}

/* Whether it is a number of milliseconds with three decimals; *ms gets it. */
static bool is_time(const char *line, const char *key, double *ms)
{
    char value[LINE_SIZE];
    const char *point = strchr(value_of(line, key, value), '.');

    *ms = atof(value);
    return point != NULL && strlen(point) == 4 && strspn(value, "0123456789.") == strlen(value);
}

static struct addr own_address(const struct client *client)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    struct addr address = {.family = ADDR_NONE};

    if (getsockname(client->fd, (struct sockaddr *)&name, &length) == 0)
        addr_from_sockaddr(&address, &name);
    return address;
}

/* ---- one session ---- */

/* Whom the backend has seen last: the balancer's own address and port. */
static struct {
    pthread_mutex_t lock;
    struct addr from;
} last_seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void script_remember(struct peer_session *session)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    char byte;

    while (recv(session->fd, &byte, 1, MSG_PEEK) == -1 && mono_ms() < peer_deadline())
        wait_a_moment();
    if (recv(session->fd, &byte, 1, MSG_PEEK) == 1 &&
        getpeername(session->fd, (struct sockaddr *)&name, &length) == 0) {
        pthread_mutex_lock(&last_seen.lock);
        addr_from_sockaddr(&last_seen.from, &name);
        pthread_mutex_unlock(&last_seen.lock);
    }
    script_echo(session);
}

#define LOGGED "log_connections = yes\n"

static void test_every_key(void)
{
    enum { SIZE = 1000 };
    static const struct scene_plan plan = {
        .backends = 1, .script = script_remember, .keys = LOGGED};
    struct client client;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        uint64_t start = mono_ms();
        char line[LINE_SIZE];
        struct addr own;
        double connect_ms;
        double duration_ms;

        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        own = own_address(&client);
        ASSERT_NUMBER(client_echo(&client, SIZE), 0);
        CU_ASSERT_FALSE(instance_log_has(&scene.instance, "event=connection "));
        client_close(&client);
        wait_line(&scene.instance, 0, line);
        assert_value(line, "service", "test");
        assert_address(line, "client", &own);
        assert_value(line, "backend", "b1");
        assert_address(line, "address", &scene.peers[0].address);
        assert_address(line, "local", &last_seen.from);
        assert_bytes(line, SIZE, SIZE);
        assert_value(line, "reason", "client FIN");
        assert_value(line, "retries", "0");
        assert_value(line, "replays", "0");
        CU_ASSERT_TRUE(is_time(line, "connect_ms", &connect_ms));
        CU_ASSERT_TRUE(is_time(line, "duration_ms", &duration_ms));
        CU_ASSERT_TRUE(connect_ms > 0 && connect_ms < duration_ms);
        CU_ASSERT_TRUE(duration_ms <= (double)(mono_ms() - start + 1));
    }
    scene_close(&scene);
}

/* ---- other ends ---- */

/* Every byte of a bulk transfer, in whatever way it is moved. */
static void test_bulk(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_answer_after_fin, .amount = MIB(5), .keys = LOGGED};
    struct client client;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        char line[LINE_SIZE];

        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_exchange(&client, MIB(3)), MIB(5));
        client_close(&client);
        wait_line(&scene.instance, 0, line);
        assert_bytes(line, MIB(3), MIB(5));
        assert_value(line, "reason", "client FIN");
    }
    scene_close(&scene);
}

/* What the backend had sent before its reset is still counted. */
static void test_backend_reset(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .script = script_answer_and_reset, .amount = KIB_64, .keys = LOGGED};
    struct client client;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        char line[LINE_SIZE];

        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        (void)client_exchange(&client, KIB(1));
        client_close(&client);
        wait_line(&scene.instance, 0, line);
        assert_bytes(line, KIB(1), KIB_64);
        assert_value(line, "reason", "backend RST");
        assert_value(line, "backend", "b1");
    }
    scene_close(&scene);
}

static void test_client_reset(void)
{
    static const struct scene_plan plan = {.backends = 1, .keys = LOGGED};
    struct client client;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        char line[LINE_SIZE];

        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 10), 0);
        client_reset(&client);
        wait_line(&scene.instance, 0, line);
        assert_bytes(line, 10, 10);
        assert_value(line, "reason", "client RST");
    }
    scene_close(&scene);
}

/* ---- backends that cannot be had ---- */

static void test_retries(void)
{
    static const struct scene_plan plan = {
        .backends = 2, .closed = 1 << 0, .keys = LOGGED "check = none\nbalance = roundrobin\n"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        char first[LINE_SIZE];
        char second[LINE_SIZE];
        char value[LINE_SIZE];
        int retries;

        /* At least one of two in turn meets the backend that refuses. */
        ASSERT_NUMBER(client_visit_many(&scene.listen, 2), 0);
        wait_line(&scene.instance, 0, first);
        wait_line(&scene.instance, 1, second);
        assert_value(first, "backend", "b2");
        assert_value(second, "backend", "b2");
        retries = atoi(value_of(first, "retries", value));
        retries += atoi(value_of(second, "retries", value));
        CU_ASSERT_TRUE(retries >= 1);
        ASSERT_NUMBER(look_backend(&scene.instance, "b2").retries, retries);
    }
    scene_close(&scene);
}

static void test_no_backend(void)
{
    static const struct scene_plan plan = {
        .backends = 2, .closed = 3, .keys = LOGGED "check = none\n"};
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        char line[LINE_SIZE];

        CU_ASSERT(client_knock(&scene.listen) == CLIENT_RESET);
        wait_line(&scene.instance, 0, line);
        assert_value(line, "backend", "-");
        assert_value(line, "address", "-");
        assert_value(line, "local", "-");
        assert_value(line, "connect_ms", "-");
        assert_value(line, "reason", "connect failed");
        assert_value(line, "retries", "1");
        assert_bytes(line, 0, 0);
    }
    scene_close(&scene);
}

/* ---- who is logged ---- */

#define WITH(keys)                                                                                 \
    CHANGE_BEGIN "[service test]\nlisten = @L\n" keys "server b1 = @1\n"                           \
                 "[service silent]\nlisten = @A\nserver b1 = @1\n"

/* A service that was not asked says nothing; sessions follow what was said when they began. */
static void test_only_on_request(void)
{
    struct client client;
    struct scene scene;

    if (change_open(&scene, 1, WITH("")) == 0) {
        char line[LINE_SIZE];

        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 10), 0);
        ASSERT_CHANGE(&scene, WITH(LOGGED));
        client_close(&client);
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 10), 0);
        CU_ASSERT_TRUE(wait_active(&scene.instance, 0, SOON_MS));
        CU_ASSERT_FALSE(instance_log_has(&scene.instance, "event=connection "));
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 20), 0);
        ASSERT_CHANGE(&scene, WITH(""));
        client_close(&client);
        wait_line(&scene.instance, 0, line);
        assert_bytes(line, 20, 20);
    }
    scene_close(&scene);
}

/* Those that a stop cuts off are told, too. */
static void test_stop(void)
{
    static const struct scene_plan plan = {.backends = 1, .workers = 1, .keys = LOGGED};
    struct client client;
    struct scene scene;

    if (scene_open(&scene, &plan) == 0) {
        char line[LINE_SIZE];

        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 10), 0);
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
        wait_line(&scene.instance, 0, line);
        assert_value(line, "reason", "stopped");
        assert_bytes(line, 10, 10);
        client_close(&client);
    }
    scene_close_ended(&scene);
}

static const struct unit_test tests[] = {
    {"every_key", test_every_key},
    {"bulk", test_bulk},
    {"backend_reset", test_backend_reset},
    {"client_reset", test_client_reset},
    {"retries", test_retries},
    {"no_backend", test_no_backend},
    {"only_on_request", test_only_on_request},
    {"stop", test_stop},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/1", tests}, {"splice/4", tests}, {"auto/4", tests}, {NULL, NULL}};

    return unit_main("test_conn_log", suites, argc, argv);
}
