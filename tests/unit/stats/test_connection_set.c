#include "stats/connection_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "place.h"
#include "stats/connection.h"
#include "unit/unit.h"

extern const struct unit_test connection_set_tests[];

#define PATIENCE_MS 20000
#define GET         "GET / HTTP/1.0\r\n\r\n"

/* A set on a loop, a listening socket, and how often the set has told that it is idle. */
struct server {
    struct place place;
    struct loop *loop;
    struct connection_set *set;
    int listener;
    struct sockaddr_storage address;
    socklen_t address_size;
    unsigned idle;
};

static void on_idle(void *context)
{
    struct server *server = context;

    server->idle++;
}

static void start(struct server *server)
{
    struct addr any = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};

    memset(server, 0, sizeof(*server));
    place_set_up(&server->place);
    server->loop = loop_new();
    CU_ASSERT_FATAL(server->loop != NULL);
    server->set = connection_set_new(server->loop, &server->place.sources, on_idle, server);
    CU_ASSERT_FATAL(server->set != NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server->address_size = addr_to_sockaddr(&any, &server->address);
    CU_ASSERT_FATAL(
        bind(server->listener, (struct sockaddr *)&server->address, server->address_size) == 0);
    CU_ASSERT_FATAL(listen(server->listener, 128) == 0);
    CU_ASSERT_FATAL(getsockname(server->listener, (struct sockaddr *)&server->address,
                                &server->address_size) == 0);
}

static void stop(struct server *server)
{
    connection_set_free(server->set);
    loop_free(server->loop);
    fd_close(&server->listener);
    place_tear_down(&server->place);
}

/* Gives the oldest connection in the queue to the set. */
static void accept_one(struct server *server, bool small)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    int least = 1;
    struct addr addr;
    int fd =
        accept4(server->listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    CU_ASSERT_FATAL(fd != -1);
    if (small)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
    addr_from_sockaddr(&addr, &from);
    connection_set_add(server->set, fd, &addr);
}

/* A client from 127.0.0.`host`, which waits in the queue. */
static int knock(struct server *server, uint8_t host, bool small)
{
    struct addr source = {.family = ADDR_IPV4, .ip = {127, 0, 0, host}};
    struct sockaddr_storage bound;
    socklen_t size = addr_to_sockaddr(&source, &bound);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int least = 1;

    if (small)
        setsockopt(client, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
    CU_ASSERT_FATAL(bind(client, (struct sockaddr *)&bound, size) == 0);
    CU_ASSERT(connect(client, (struct sockaddr *)&server->address, server->address_size) == 0 ||
              errno == EINPROGRESS);
    return client;
}

static int connect_from(struct server *server, uint8_t host, bool small)
{
    int client = knock(server, host, small);

    accept_one(server, small);
    return client;
}

/* `small` makes little room for answers. */
static int connect_client(struct server *server, bool small)
{
    return connect_from(server, 1, small);
}

static void turn(struct server *server, int most_ms)
{
    CU_ASSERT(loop_turn(server->loop, most_ms) != -1);
}

static void say(int client, const char *text)
{
    ASSERT_NUMBER(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turns the loop and reads until the server closes; false when it does not, or resets. */
static bool read_all(struct server *server, int client, struct textbuf *out)
{
    uint64_t deadline = mono_ms() + PATIENCE_MS;
    char buffer[4096];

    while (mono_ms() < deadline) {
        ssize_t got = recv(client, buffer, sizeof(buffer), 0);

        if (got == 0)
            return true;
        if (got == -1 && errno != EAGAIN)
            return false;
        if (got > 0)
            textbuf_append(out, buffer, (size_t)got);
        else
            turn(server, 50);
    }
    return false;
}

static bool wait_until_open(struct server *server, size_t count)
{
    uint64_t deadline = mono_ms() + PATIENCE_MS;

    while (connection_set_count(server->set) != count && mono_ms() < deadline)
        turn(server, 50);
    return connection_set_count(server->set) == count;
}

static void expect_answer(struct server *server, int client, const char *first_line)
{
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    CU_ASSERT(read_all(server, client, &out));
    if (out.data == NULL || strncmp(out.data, first_line, strlen(first_line)) != 0)
        ASSERT_TEXT(out.data, first_line);
    textbuf_fini(&out);
}

/* ---- tests ---- */

static void a_request_is_answered_and_closed(void)
{
    struct server server;
    struct textbuf out;
    int client;

    start(&server);
    client = connect_client(&server, false);
    textbuf_init(&out, 1 << 20);
    say(client, GET);
    CU_ASSERT(read_all(&server, client, &out));
    CU_ASSERT(strstr(out.data, "\r\n\r\nk0slb ") != NULL);
    ASSERT_NUMBER(connection_set_count(server.set), 1); /* it waits for our FIN */
    fd_close(&client);
    CU_ASSERT(wait_until_open(&server, 0));
    ASSERT_NUMBER(server.idle, 1);
    textbuf_fini(&out);
    stop(&server);
}

static void head_gets_no_body(void)
{
    struct server server;
    struct textbuf out;
    int client;

    start(&server);
    client = connect_client(&server, false);
    textbuf_init(&out, 1 << 20);
    say(client, "HEAD /stats.json HTTP/1.0\r\n\r\n");
    CU_ASSERT(read_all(&server, client, &out));
    CU_ASSERT(strstr(out.data, "Content-Length: ") != NULL);
    CU_ASSERT(strstr(out.data, "Content-Length: 0\r\n") == NULL);
    ASSERT_TEXT(strstr(out.data, "\r\n\r\n"), "\r\n\r\n");
    textbuf_fini(&out);
    fd_close(&client);
    stop(&server);
}

static void bytes_may_drip_in(void)
{
    struct server server;
    int client;

    start(&server);
    client = connect_client(&server, false);
    for (const char *c = GET; *c != '\0'; c++) {
        CU_ASSERT(send(client, c, 1, MSG_NOSIGNAL) == 1);
        turn(&server, 0);
    }
    expect_answer(&server, client, "HTTP/1.1 200 OK\r\n");
    fd_close(&client);
    stop(&server);
}

static void unread_input_does_not_destroy_the_answer(void)
{
    struct server server;
    char *body = calloc(1, 60000);
    int client;

    start(&server);
    CU_ASSERT_FATAL(body != NULL);
    memset(body, 'x', 59999);
    client = connect_client(&server, false);
    say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 59999\r\n\r\n");
    say(client, body);
    expect_answer(&server, client, "HTTP/1.1 405 Method Not Allowed\r\n");
    free(body);
    fd_close(&client);
    stop(&server);
}

static void a_tls_hello_is_told_off_at_once(void)
{
    struct server server;
    int client;

    start(&server);
    client = connect_client(&server, false);
    say(client, "\026\003\001\002");
    expect_answer(&server, client, "HTTP/1.1 400 Bad Request\r\n");
    fd_close(&client);
    stop(&server);
}

static void who_leaves_is_forgotten(void)
{
    struct server server;
    struct linger abort_it = {.l_onoff = 1};
    int client;

    start(&server);
    client = connect_client(&server, false);
    say(client, "GET ");
    fd_close(&client);
    CU_ASSERT(wait_until_open(&server, 0));
    client = connect_client(&server, false);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
    say(client, GET);
    fd_close(&client);
    CU_ASSERT(wait_until_open(&server, 0));
    ASSERT_NUMBER(server.idle, 2);
    stop(&server);
}

/* The head's deadline counts from the start, whatever drips in meanwhile. */
static void dripping_does_not_move_the_deadline(void)
{
    struct server server;
    uint64_t began = mono_ms();
    uint64_t next_ms = 0;
    int client;

    start(&server);
    client = connect_client(&server, false);
    while (connection_set_count(server.set) > 0 && mono_ms() - began < PATIENCE_MS) {
        if (mono_ms() >= next_ms) {
            (void)!send(client, "\n", 1, MSG_NOSIGNAL);
            next_ms = mono_ms() + 100;
        }
        turn(&server, 100);
    }
    CU_ASSERT(connection_set_count(server.set) == 0);
    CU_ASSERT(mono_ms() - began >= CONNECTION_HEAD_MS);
    fd_close(&client);
    stop(&server);
}

static void the_slowest_to_ask_loses_its_place(void)
{
    struct server server;
    int clients[CONNECTION_SET_MAX + 1];
    char byte;

    start(&server);
    for (int i = 0; i < CONNECTION_SET_MAX; i++) {
        uint64_t next_ms = loop_now_ms(server.loop) + 1;

        clients[i] = connect_client(&server, false);
        /* Each begins in a millisecond of its own, so that it is clear who is slowest. */
        while (loop_now_ms(server.loop) <= next_ms)
            turn(&server, 1);
    }
    say(clients[0], GET); /* answered: no longer waits in its head */
    expect_answer(&server, clients[0], "HTTP/1.1 200 OK\r\n");
    ASSERT_NUMBER(connection_set_count(server.set), CONNECTION_SET_MAX);
    clients[CONNECTION_SET_MAX] = connect_client(&server, false);
    ASSERT_NUMBER(connection_set_count(server.set), CONNECTION_SET_MAX);
    ASSERT_NUMBER(recv(clients[1], &byte, 1, 0), 0); /* dropped */
    ASSERT_NUMBER(recv(clients[2], &byte, 1, 0), -1);
    say(clients[CONNECTION_SET_MAX], GET);
    expect_answer(&server, clients[CONNECTION_SET_MAX], "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i <= CONNECTION_SET_MAX; i++)
        fd_close(&clients[i]);
    CU_ASSERT(wait_until_open(&server, 0));
    stop(&server);
}

/* A crowd of its own kind does not cost anybody else a place, not even one who says nothing yet. */
static void a_crowd_pushes_out_its_own(void)
{
    enum { CROWD = 3 * CONNECTION_SET_MAX };
    struct server server;
    int clients[CROWD];
    int other;

    start(&server);
    other = connect_from(&server, 2, false);
    for (int i = 0; i < CROWD; i++) {
        clients[i] = connect_client(&server, false);
        turn(&server, 0);
    }
    ASSERT_NUMBER(connection_set_count(server.set), CONNECTION_SET_MAX);
    say(other, GET);
    expect_answer(&server, other, "HTTP/1.1 200 OK\r\n");
    fd_close(&other);
    for (int i = 0; i < CROWD; i++)
        fd_close(&clients[i]);
    CU_ASSERT(wait_until_open(&server, 0));
    stop(&server);
}

/* A whole crowd that has asked before it was accepted is answered, though there are not so many
 * places. */
static void who_has_asked_is_answered(void)
{
    int clients[3 * CONNECTION_SET_MAX];
    struct server server;

    start(&server);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        clients[i] = knock(&server, 1, false);
        say(clients[i], "GET /healthz HTTP/1.0\r\n\r\n");
        accept_one(&server, false);
    }
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        expect_answer(&server, clients[i], "HTTP/1.1 503 Service Unavailable\r\n");
        fd_close(&clients[i]);
    }
    stop(&server);
}

/* The end of what one says is not the end of what one wants to hear. */
static void half_closed_is_not_gone(void)
{
    struct server server;
    int client;

    start(&server);
    client = connect_client(&server, false);
    say(client, GET);
    CU_ASSERT(shutdown(client, SHUT_WR) == 0);
    expect_answer(&server, client, "HTTP/1.1 200 OK\r\n");
    CU_ASSERT(wait_until_open(&server, 0));
    fd_close(&client);
    stop(&server);
}

/* One connection, one answer: what is asked behind the first request is thrown away. */
static void one_request_has_one_answer(void)
{
    struct server server;
    struct textbuf out;
    const char *first;
    int client;

    start(&server);
    client = connect_client(&server, false);
    textbuf_init(&out, 1 << 20);
    say(client, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    CU_ASSERT(read_all(&server, client, &out));
    first = strstr(out.data, "HTTP/1.1 ");
    CU_ASSERT(first == out.data && strstr(first + 1, "HTTP/1.1 ") == NULL);
    CU_ASSERT(strstr(out.data, "\r\nConnection: close\r\n") != NULL);
    textbuf_fini(&out);
    fd_close(&client);
    stop(&server);
}

/* Neither is an answer that nobody reads waited with for ever, nor one after it. */
static void who_does_not_read_is_given_up(void)
{
    uint64_t began = mono_ms();
    struct server server;
    int client;

    start(&server);
    client = connect_client(&server, false);
    say(client, GET);
    turn(&server, 50);
    ASSERT_NUMBER(connection_set_count(server.set), 1);
    CU_ASSERT(wait_until_open(&server, 0));
    CU_ASSERT(mono_ms() - began >= CONNECTION_LINGER_MS);
    fd_close(&client);
    stop(&server);
}

static void the_set_is_freed_with_what_is_open(void)
{
    struct server server;
    int clients[3];

    start(&server);
    for (int i = 0; i < 3; i++)
        clients[i] = connect_client(&server, i == 1);
    say(clients[1], GET); /* does not read its answer */
    turn(&server, 50);
    ASSERT_NUMBER(connection_set_count(server.set), 3);
    stop(&server);
    ASSERT_NUMBER(server.idle, 0);
    for (int i = 0; i < 3; i++)
        fd_close(&clients[i]);
}

const struct unit_test connection_set_tests[] = {
    {"a_request_is_answered_and_closed", a_request_is_answered_and_closed},
    {"head_gets_no_body", head_gets_no_body},
    {"bytes_may_drip_in", bytes_may_drip_in},
    {"unread_input_does_not_destroy_the_answer", unread_input_does_not_destroy_the_answer},
    {"a_tls_hello_is_told_off_at_once", a_tls_hello_is_told_off_at_once},
    {"who_leaves_is_forgotten", who_leaves_is_forgotten},
    {"dripping_does_not_move_the_deadline", dripping_does_not_move_the_deadline},
    {"the_slowest_to_ask_loses_its_place", the_slowest_to_ask_loses_its_place},
    {"a_crowd_pushes_out_its_own", a_crowd_pushes_out_its_own},
    {"who_has_asked_is_answered", who_has_asked_is_answered},
    {"half_closed_is_not_gone", half_closed_is_not_gone},
    {"one_request_has_one_answer", one_request_has_one_answer},
    {"who_does_not_read_is_given_up", who_does_not_read_is_given_up},
    {"the_set_is_freed_with_what_is_open", the_set_is_freed_with_what_is_open},
    {NULL, NULL},
};
