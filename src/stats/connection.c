#include "stats/connection.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mono.h"
#include "stats/eviction.h"

/*
 * The most that one body may have. A full board with the longest names, as metrics, needs a third
 * of it; the most client addresses of a service with 16 backends, as JSON, two thirds.
 */
#define BODY_LIMIT (32u << 20)

/* A head is a few hundred bytes. */
#define HEAD_LIMIT 4096

/* In the order in which places are taken away, from who has as many of them. */
enum connection_state {
    CONNECTION_HEAD,    /* reads the request; `request` is there */
    CONNECTION_CLOSING, /* everything is sent and the FIN is too; reads until the peer's */
    CONNECTION_ANSWER,  /* sends `head` and `body` from `sent` on */
};

struct connection {
    struct connection_set *set;
    struct loop_watch watch;
    struct loop_timer deadline;
    struct addr client;
    struct eviction_place place; /* its rank is the state */
    struct http_request *request;
    struct textbuf head; /* of the answer */
    struct textbuf body;
    size_t sent;      /* of both */
    unsigned awaited; /* what the loop watches for: LOOP_READ or LOOP_WRITE */
    size_t discarded;
};

struct connection_set {
    struct loop *loop;
    struct routes routes;
    connection_idle_fn *idle;
    void *context;
    size_t count;
    struct connection *open[CONNECTION_MAX]; /* the first `count` */
    size_t held;                             /* bytes in the answers of all */
};

/* ---- the end ---- */

/* The answer is no longer needed. */
static void drop_answer(struct connection *connection)
{
    connection->set->held -= connection->body.length;
    textbuf_fini(&connection->head);
    textbuf_fini(&connection->body);
}

static void forget(struct connection *connection)
{
    struct connection_set *set = connection->set;

    loop_timer_stop(set->loop, &connection->deadline);
    if (connection->watch.fd != -1)
        loop_forget(set->loop, &connection->watch);
    fd_close(&connection->watch.fd);
    free(connection->request);
    drop_answer(connection);
    free(connection);
}

/* Takes its place away. `idle` is not told. */
static void drop(struct connection *connection)
{
    struct connection_set *set = connection->set;

    for (size_t i = 0; i < set->count; i++) {
        if (set->open[i] == connection) {
            set->open[i] = set->open[--set->count];
            break;
        }
    }
    forget(connection);
}

static void connection_close(struct connection *connection)
{
    struct connection_set *set = connection->set;

    drop(connection);
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

    connection->place.rank = state;
    connection->place.since_ms = now;
    loop_timer_set(connection->set->loop, &connection->deadline, now + most_ms);
}

/* Most answers fit into the socket at once, and need not be waited with. 0 or -1. */
static int await(struct connection *connection, unsigned events)
{
    if (connection->awaited == events)
        return 0;
    connection->awaited = events;
    return loop_change(connection->set->loop, &connection->watch, events);
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
    drop_answer(connection);
    if (shutdown(connection->watch.fd, SHUT_WR) == -1 || await(connection, LOOP_READ) == -1) {
        connection_close(connection);
        return;
    }
    enter_state(connection, CONNECTION_CLOSING, CONNECTION_LINGER_MS);
    discard(connection);
}

/* ---- the answer ---- */

/* Fills in what is still to be sent. Returns how many parts that are; 0 at the end. */
static size_t rest_of(const struct connection *connection, struct iovec parts[2])
{
    const struct textbuf *texts[] = {&connection->head, &connection->body};
    size_t sent = connection->sent;
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        size_t skipped = sent < texts[i]->length ? sent : texts[i]->length;

        sent -= skipped;
        if (skipped < texts[i]->length)
            parts[count++] = (struct iovec){texts[i]->data + skipped, texts[i]->length - skipped};
    }
    return count;
}

static void send_answer(struct connection *connection)
{
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};

    while ((message.msg_iovlen = rest_of(connection, parts)) > 0) {
        ssize_t sent = sendmsg(connection->watch.fd, &message, MSG_NOSIGNAL);

        if (sent == -1 && (errno == EAGAIN || errno == EINTR) && await(connection, LOOP_WRITE) == 0)
            return;
        if (sent == -1) {
            connection_close(connection);
            return;
        }
        connection->sent += (size_t)sent;
    }
    begin_closing(connection);
}

/* Makes the answer; false when memory ran out. */
static bool render(struct connection *connection)
{
    struct answer answer = {.date_ms = wall_ms()};

    textbuf_init(&connection->head, HEAD_LIMIT);
    textbuf_init(&connection->body, BODY_LIMIT);
    routes_answer(&connection->set->routes, connection->request, &connection->client, &answer,
                  &connection->body);
    answer_write_head(&answer, &connection->head);
    if (connection->request->is_head)
        textbuf_fini(&connection->body);
    connection->set->held += connection->body.length;
    return !connection->head.truncated && !connection->body.truncated;
}

/* Whoever does not read holds memory: all together no more than so much. */
static void make_room(struct connection_set *set, const struct connection *newest)
{
    while (set->held > CONNECTION_MOST_HELD) {
        struct connection *slowest = NULL;

        for (size_t i = 0; i < set->count; i++) {
            struct connection *each = set->open[i];

            if (each != newest && each->place.rank == CONNECTION_ANSWER &&
                (slowest == NULL || each->place.since_ms < slowest->place.since_ms))
                slowest = each;
        }
        if (slowest == NULL)
            return;
        drop(slowest);
    }
}

static void begin_answer(struct connection *connection)
{
    if (!render(connection)) {
        connection_close(connection);
        return;
    }
    make_room(connection->set, connection);
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
    switch ((enum connection_state)connection->place.rank) {
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

/* Whoever comes may take a place away. `idle` is not told: the place is wanted. */
static void drop_one(struct connection_set *set)
{
    const struct eviction_place *places[CONNECTION_MAX];

    for (size_t i = 0; i < set->count; i++)
        places[i] = &set->open[i]->place;
    drop(set->open[eviction_choose(places, set->count)]);
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
    connection->awaited = LOOP_READ;
    connection->deadline.fn = on_deadline;
    connection->client = *client;
    connection->place.origin = eviction_origin(client);
    return connection;
}

void connection_set_add(struct connection_set *set, int fd, const struct addr *client)
{
    struct connection *connection;

    if (set->count == CONNECTION_MAX)
        drop_one(set);
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
    /* Who has asked while it waited for a place is answered before anybody can take that. */
    read_head(connection);
}

void connection_set_change(struct connection_set *set, const struct epoch *epoch)
{
    set->routes.epoch = epoch;
}

size_t connection_set_count(const struct connection_set *set)
{
    return set->count;
}
