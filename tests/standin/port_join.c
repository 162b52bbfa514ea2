#include "ports.h"

#include <stdio.h>
#include <string.h>

#include "http.h"

/* What the join API serves, each path with the one method it knows. */
static const struct {
    const char *path;
    const char *method;
    const char *allow;
} routes[] = {
    {"/v1beta1/ca", "GET", "Allow: GET\r\n"},
    {"/v1beta1/etcd/members", "POST", "Allow: POST\r\n"},
};

static void answer_go_away(struct http *http)
{
    static const struct http_answer go_away = {
        .status = 401,
        .reason = "Unauthorized",
        .type = "text/plain",
        .header = "",
        .body = "go away",
    };

    fprintf(stderr, "%s: error: %s %s from %s: go away\n", http->stream->controller, http->method,
            http->path, http->stream->peer);
    http_answer(http, &go_away);
}

static void answer_request(struct http *http)
{
    struct http_answer other = {
        .status = 404,
        .reason = "Not Found",
        .type = "text/plain",
        .header = "",
        .body = "404 page not found\n",
    };

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(http->path, routes[i].path) != 0)
            continue;
        if (strcmp(http->method, routes[i].method) == 0) {
            answer_go_away(http);
            return;
        }
        other = (struct http_answer){405, "Method Not Allowed", "text/plain", routes[i].allow,
                                     "Method Not Allowed\n"};
    }
    http_answer(http, &other);
}

static void serve(struct stream *stream)
{
    http_serve(stream, answer_request);
}

const struct port_ops port_join = {
    .number = 9443,
    .common_name = "k0s-api",
    .alpn = "http/1.1",
    .logs_handshakes = true,
    .idle_s = 15,
    .serve = serve,
};
