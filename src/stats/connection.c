#include "stats/connection.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mono.h"

/* The most that one answer may have: the metrics of a full board with the longest names. */
#define ANSWER_LIMIT (10u << 20)

/* In the order in which places are taken away. */
enum connection_state {
    CONNECTION_HEAD,    /* reads the request; `request` is there */
    CONNECTION_CLOSING, /* everything is sent and the FIN is too; reads until the peer's */
    CONNECTION_ANSWER,  /* sends `answer` from `sent` on */
};

struct connection {
    struct connection_set *set;
    struct loop_watch watch;
    struct loop_timer deadline;
    struct addr client;
    enum connection_state state;
    uint64_t since_ms; /* in this state */
    struct http_request *request;
    struct textbuf answer;
    size_t sent;
    size_t discarded;
};

struct connection_set {
    struct loop *loop;
    struct routes routes;
    connection_idle_fn *idle;
    void *context;
    size_t count;
    struct connection *open[CONNECTION_MAX]; /* the first `count` */
};

/* ---- the end ---- */

static void forget(struct connection *connection)
{
    struct connection_set *set = connection->set;

    loop_timer_stop(set->loop, &connection->deadline);
    if (connection->watch.fd != -1)
        loop_forget(set->loop, &connection->watch);
    fd_close(&connection->watch.fd);
    free(connection->request);
    textbuf_fini(&connection->answer);
    free(connection);
}

static void connection_close(struct connection *connection)
{
    struct connection_set *set = connection->set;

    for (size_t i = 0; i < set->count; i++) {
        if (set->open[i] == connection) {
            set->open[i] = set->open[--set->count];
            break;
        }
    }
    forget(connection);
    if (set->count == 0)
        set->idle(set->context);
}

static void on_deadline(struct loop_timer *timer)
{
    connection_close(CONTAINER_OF(timer, struct connection, deadline));
}

static void enter_state(struct connection *connection, enum connection_state state,
                        uint64_t most_ms)
{
    uint64_t now = loop_now_ms(connection->set->loop);

    connection->state = state;
    connection->since_ms = now;
    loop_timer_set(connection->set->loop, &connection->deadline, now + most_ms);
}

/* ---- after the answer ---- */

/*
 * Closing a socket with unread input sends a reset, which may overtake the answer: so what still
 * comes is thrown away until the peer has closed too (RFC 9112, section 9.6).
 */
static void discard(struct connection *connection)
{
    char buffer[4096];
    ssize_t got;

    do {
        got = recv(connection->watch.fd, buffer, sizeof(buffer), 0);
        if (got > 0)
            connection->discarded += (size_t)got;
    } while (got > 0 && connection->discarded < CONNECTION_LINGER_BYTES);
    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    connection_close(connection);
}

static void begin_closing(struct connection *connection)
{
    struct loop *loop = connection->set->loop;

    textbuf_fini(&connection->answer);
    if (shutdown(connection->watch.fd, SHUT_WR) == -1 ||
        loop_change(loop, &connection->watch, LOOP_READ) == -1) {
        connection_close(connection);
        return;
    }
    enter_state(connection, CONNECTION_CLOSING, CONNECTION_LINGER_MS);
    discard(connection);
}

/* ---- the answer ---- */

static void send_answer(struct connection *connection)
{
    const struct textbuf *answer = &connection->answer;

    while (connection->sent < answer->length) {
        ssize_t sent = send(connection->watch.fd, answer->data + connection->sent,
                            answer->length - connection->sent, MSG_NOSIGNAL);

        if (sent == -1 && (errno == EAGAIN || errno == EINTR))
            return;
        if (sent == -1) {
            connection_close(connection);
            return;
        }
        connection->sent += (size_t)sent;
    }
    begin_closing(connection);
}

/* Head and body in one text; false when memory ran out. */
static bool render(struct connection *connection)
{
    struct http_answer answer = {.date_ms = wall_ms()};
    struct textbuf body;
    bool complete;

    textbuf_init(&body, ANSWER_LIMIT);
    routes_answer(&connection->set->routes, connection->request, &connection->client, &answer,
                  &body);
    textbuf_init(&connection->answer, ANSWER_LIMIT + 4096);
    http_write_head(&answer, &connection->answer);
    if (connection->request->verdict != HTTP_HEAD && body.length > 0)
        textbuf_append(&connection->answer, body.data, body.length);
    complete = !body.truncated && !connection->answer.truncated;
    textbuf_fini(&body);
    return complete;
}

static void begin_answer(struct connection *connection)
{
    if (!render(connection) ||
        loop_change(connection->set->loop, &connection->watch, LOOP_WRITE) == -1) {
        connection_close(connection);
        return;
    }
    free(connection->request);
    connection->request = NULL;
    enter_state(connection, CONNECTION_ANSWER, CONNECTION_ANSWER_MS);
    send_answer(connection);
}

/* ---- the request ---- */

static void read_head(struct connection *connection)
{
    char buffer[HTTP_HEAD_SIZE];
    ssize_t got = recv(connection->watch.fd, buffer, sizeof(buffer), 0);

    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        connection_close(connection);
    else if (http_feed(connection->request, buffer, (size_t)got) != HTTP_INCOMPLETE)
        begin_answer(connection);
}

static void on_event(struct loop_watch *watch, unsigned events)
{
    struct connection *connection = CONTAINER_OF(watch, struct connection, watch);

    (void)events;
    switch (connection->state) {
    case CONNECTION_HEAD:
        read_head(connection);
        break;
    case CONNECTION_ANSWER:
        send_answer(connection);
        break;
    case CONNECTION_CLOSING:
        discard(connection);
        break;
    }
}

/* ---- the set ---- */

struct connection_set *connection_set_new(struct loop *loop, const struct routes *routes,
                                          connection_idle_fn *idle, void *context)
{
    struct connection_set *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    set->loop = loop;
    set->routes = *routes;
    set->idle = idle;
    set->context = context;
    return set;
}

void connection_set_free(struct connection_set *set)
{
    if (set == NULL)
        return;
    while (set->count > 0)
        forget(set->open[--set->count]);
    free(set);
}

static bool goes_before(const struct connection *a, const struct connection *b)
{
    if (a->state != b->state)
        return a->state < b->state;
    return a->since_ms < b->since_ms;
}

/* Takes away one place. `idle` is not told: the place is wanted. */
static void drop_slowest(struct connection_set *set)
{
    size_t slowest = 0;

    for (size_t i = 1; i < set->count; i++) {
        if (goes_before(set->open[i], set->open[slowest]))
            slowest = i;
    }
    forget(set->open[slowest]);
    set->open[slowest] = set->open[--set->count];
}

static struct connection *connection_new(struct connection_set *set, int fd,
                                         const struct addr *client)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL)
        return NULL;
    connection->request = calloc(1, sizeof(*connection->request));
    if (connection->request == NULL) {
        free(connection);
        return NULL;
    }
    connection->set = set;
    connection->watch = (struct loop_watch){.fn = on_event, .fd = fd};
    connection->deadline.fn = on_deadline;
    connection->client = *client;
    return connection;
}

void connection_set_add(struct connection_set *set, int fd, const struct addr *client)
{
    struct connection *connection;

    if (set->count == CONNECTION_MAX)
        drop_slowest(set);
    connection = connection_new(set, fd, client);
    if (connection == NULL) {
        fd_close(&fd);
        return;
    }
    if (loop_add(set->loop, &connection->watch, LOOP_READ) == -1) {
        forget(connection);
        return;
    }
    set->open[set->count++] = connection;
    enter_state(connection, CONNECTION_HEAD, CONNECTION_HEAD_MS);
}

void connection_set_change(struct connection_set *set, const struct epoch *epoch)
{
    set->routes.epoch = epoch;
}

size_t connection_set_count(const struct connection_set *set)
{
    return set->count;
}
