/*
 * One connection of the stats server: a request, an answer, the end; with deadlines that no
 * progress moves. Whoever owns it is told when it has asked, and when it has ended.
 */
#ifndef K0SLB_STATS_CONNECTION_H
#define K0SLB_STATS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/loop.h"
#include "stats/answer.h"
#include "stats/eviction.h"
#include "stats/http.h"

/* For the head of a request, and from there on for the answer. */
#define CONNECTION_HEAD_MS   5000
#define CONNECTION_ANSWER_MS 5000

/* After the answer: how long, and how much, is read and thrown away until the peer closes. */
#define CONNECTION_LINGER_MS    1000
#define CONNECTION_LINGER_BYTES (64 * 1024)

/* In the order in which places are taken away, from who has as many of them. */
enum connection_state {
    CONNECTION_HEAD,    /* reads the request */
    CONNECTION_CLOSING, /* everything is sent and the FIN is too; reads until the peer's */
    CONNECTION_ANSWER,  /* sends `answer` from `sent` on */
    CONNECTION_ASKED,   /* the request is whole: connection_answer() is to follow */
};

struct connection;

/* Who has connections. In `ended` it frees the connection, whatever function that ended in. */
struct connection_owner {
    struct loop *loop;
    void (*asked)(struct connection_owner *owner, struct connection *connection);
    void (*ended)(struct connection_owner *owner, struct connection *connection);
};

struct connection {
    struct connection_owner *owner;
    struct loop_watch watch;
    struct loop_timer deadline;
    struct addr client;
    struct eviction_place place;  /* its rank is the state */
    struct http_request *request; /* NULL once it is answered */
    bool is_head;
    struct answer *answer; /* NULL unless it is being sent */
    size_t sent;           /* of its head and body */
    unsigned awaited;      /* what the loop watches for: LOOP_READ or LOOP_WRITE */
    size_t discarded;
};

/*
 * Takes an accepted, non-blocking socket, which belongs to the connection from now on, and closes
 * it when memory runs out: NULL then. Nothing is read before the loop's next turn or
 * connection_read().
 */
struct connection *connection_new(struct connection_owner *owner, int fd,
                                  const struct addr *client) MUST_CHECK;

/* Closes and frees, without telling the owner. */
void connection_free(struct connection *connection);

/* Reads what of the request has come. */
void connection_read(struct connection *connection);

/* Begins to send the answer to a connection that has asked, which has it from now on. */
void connection_answer(struct connection *connection, struct answer *answer);

#endif
