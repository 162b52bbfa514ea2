/* Enough of HTTP/1.1 for a stand-in: one request after the other on a TLS connection. */
#ifndef K0SLB_TESTS_STANDIN_HTTP_H
#define K0SLB_TESTS_STANDIN_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream.h"

#define HTTP_HEAD_SIZE 16384

/* A request whose head has been read. The strings stand in `head`, until the next request. */
struct http {
    struct stream *stream;
    const char *method;
    const char *path;   /* without the query */
    uint64_t body_left; /* bytes of the body that nobody has read yet */
    bool close;         /* no further request on this connection */
    bool expects_100;   /* the client waits for a word before it sends the body */
    size_t used;        /* bytes of `head` that are filled */
    size_t head_length; /* of which the request's own head takes this many */
    char head[HTTP_HEAD_SIZE];
};

struct http_answer {
    int status;
    const char *reason;
    const char *type;   /* of the body */
    const char *header; /* one further line with its CR LF, or "" */
    const char *body;
};

/* Calls ANSWER for each request until it or the client ends the connection. */
void http_serve(struct stream *stream, void (*answer)(struct http *http));

bool http_is(const struct http *http, const char *method, const char *path);

/* Reads the next bytes of the body. Returns 0 at its end, or when the client has left. */
size_t http_read_body(struct http *http, void *buffer, size_t size);

/* Sends a whole answer; to a HEAD without its body. The unread body is thrown away first. */
void http_answer(struct http *http, const struct http_answer *answer);

/* Sends the head of an answer of LENGTH bytes, or with LENGTH -1 a chunked one. */
bool http_begin(struct http *http, const char *type, int64_t length);

#endif
