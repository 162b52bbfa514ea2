#include "stats/connection.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/fd.h"

static void finish(struct connection *connection)
{
    connection->owner->ended(connection->owner, connection);
}

static void on_deadline(struct loop_timer *timer)
{
    finish(CONTAINER_OF(timer, struct connection, deadline));
}

static void enter_state(struct connection *connection, enum connection_state state,
                        uint64_t most_ms)
{
    struct loop *loop = connection->owner->loop;
    uint64_t now = loop_now_ms(loop);

    connection->place.rank = state;
    connection->place.since_ms = now;
    loop_timer_set(loop, &connection->deadline, now + most_ms);
}

/* Most answers fit into the socket at once, and need not be waited with. 0 or -1. */
static int await(struct connection *connection, unsigned events)
{
    if (connection->awaited == events)
        return 0;
    connection->awaited = events;
    return loop_change(connection->owner->loop, &connection->watch, events);
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
    finish(connection);
}

static void begin_closing(struct connection *connection)
{
    answer_leave(connection->answer);
    connection->answer = NULL;
    if (shutdown(connection->watch.fd, SHUT_WR) == -1 || await(connection, LOOP_READ) == -1) {
        finish(connection);
        return;
    }
    enter_state(connection, CONNECTION_CLOSING, CONNECTION_LINGER_MS);
    discard(connection);
}

/* ---- the answer ---- */

/* Fills in what is still to be sent. Returns how many parts that are; 0 at the end. */
static size_t rest_of(const struct connection *connection, struct iovec parts[2])
{
    const struct textbuf *texts[] = {&connection->answer->head, &connection->answer->body};
    size_t wanted = connection->is_head ? 1 : ARRAY_LEN(texts);
    size_t sent = connection->sent;
    size_t count = 0;

    for (size_t i = 0; i < wanted; i++) {
        size_t skipped = sent < texts[i]->length ? sent : texts[i]->length;

        sent -= skipped;
        if (skipped < texts[i]->length)
            parts[count++] = (struct iovec){texts[i]->data + skipped, texts[i]->length - skipped};
    }
    return count;
}

static void send_more(struct connection *connection)
{
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};

    while ((message.msg_iovlen = rest_of(connection, parts)) > 0) {
        ssize_t sent = sendmsg(connection->watch.fd, &message, MSG_NOSIGNAL);

        if (sent == -1 && (errno == EAGAIN || errno == EINTR) && await(connection, LOOP_WRITE) == 0)
            return;
        if (sent == -1) {
            finish(connection);
            return;
        }
        connection->sent += (size_t)sent;
    }
    begin_closing(connection);
}

void connection_answer(struct connection *connection, struct answer *answer)
{
    connection->answer = answer;
    connection->is_head = connection->request->is_head;
    free(connection->request);
    connection->request = NULL;
    enter_state(connection, CONNECTION_ANSWER, CONNECTION_ANSWER_MS);
    send_more(connection);
}

/* ---- the request ---- */

void connection_read(struct connection *connection)
{
    char buffer[HTTP_HEAD_SIZE];
    ssize_t got = recv(connection->watch.fd, buffer, sizeof(buffer), 0);

    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        finish(connection);
    } else if (http_feed(connection->request, buffer, (size_t)got) != HTTP_INCOMPLETE) {
        enter_state(connection, CONNECTION_ASKED, CONNECTION_ANSWER_MS);
        connection->owner->asked(connection->owner, connection);
    }
}

static void on_event(struct loop_watch *watch, unsigned events)
{
    struct connection *connection = CONTAINER_OF(watch, struct connection, watch);

    (void)events;
    switch ((enum connection_state)connection->place.rank) {
    case CONNECTION_HEAD:
        connection_read(connection);
        break;
    case CONNECTION_ASKED:
        break; /* the answer comes first */
    case CONNECTION_ANSWER:
        send_more(connection);
        break;
    case CONNECTION_CLOSING:
        discard(connection);
        break;
    }
}

/* ---- its life ---- */

void connection_free(struct connection *connection)
{
    struct loop *loop = connection->owner->loop;

    loop_timer_stop(loop, &connection->deadline);
    if (connection->watch.fd != -1)
        loop_forget(loop, &connection->watch);
    fd_close(&connection->watch.fd);
    free(connection->request);
    answer_leave(connection->answer);
    free(connection);
}

struct connection *connection_new(struct connection_owner *owner, int fd, const struct addr *client)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        fd_close(&fd);
        return NULL;
    }
    connection->owner = owner;
    connection->watch = (struct loop_watch){.fn = on_event, .fd = fd};
    connection->awaited = LOOP_READ;
    connection->deadline.fn = on_deadline;
    connection->client = *client;
    connection->place.origin = eviction_origin(client);
    connection->request = calloc(1, sizeof(*connection->request));
    if (connection->request == NULL || loop_add(owner->loop, &connection->watch, LOOP_READ) == -1) {
        connection_free(connection);
        return NULL;
    }
    enter_state(connection, CONNECTION_HEAD, CONNECTION_HEAD_MS);
    return connection;
}
