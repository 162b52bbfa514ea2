#include "stats/routes.h"

#include <string.h>

#include "report/report.h"

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"

/* A path's report. `rest` is what follows a path that ends with a slash. Returns the status. */
typedef int route_fn(const struct snapshot *snapshot, const char *rest, struct textbuf *body);

struct route {
    const char *path;
    const char *type;
    bool is_prefix; /* anything may follow, but not nothing */
    bool is_public; /* for load balancers and monitors: [stats] allow does not matter */
    route_fn *fn;
};

static int show_text(const struct snapshot *snapshot, const char *rest, struct textbuf *body)
{
    (void)rest;
    report_text(snapshot, body);
    return 200;
}

static int show_json(const struct snapshot *snapshot, const char *rest, struct textbuf *body)
{
    (void)rest;
    report_json(snapshot, body);
    return 200;
}

static int show_healthz(const struct snapshot *snapshot, const char *rest, struct textbuf *body)
{
    (void)rest;
    return report_healthz(snapshot, body);
}

static int show_readyz(const struct snapshot *snapshot, const char *rest, struct textbuf *body)
{
    (void)rest;
    return report_readyz(snapshot, NULL, body);
}

static int show_service(const struct snapshot *snapshot, const char *rest, struct textbuf *body)
{
    return report_readyz(snapshot, rest, body);
}

static const struct route table[] = {
    {.path = "/", .type = TYPE_TEXT, .fn = show_text},
    {.path = "/stats.json", .type = TYPE_JSON, .fn = show_json},
    {.path = "/;json", .type = TYPE_JSON, .fn = show_json},
    {.path = "/healthz", .type = TYPE_TEXT, .is_public = true, .fn = show_healthz},
    {.path = "/readyz", .type = TYPE_TEXT, .is_public = true, .fn = show_readyz},
    {.path = "/readyz/",
     .type = TYPE_TEXT,
     .is_prefix = true,
     .is_public = true,
     .fn = show_service},
};

static const struct route *find(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        size_t length = strlen(table[i].path);

        if (strcmp(path, table[i].path) == 0 && !table[i].is_prefix)
            return &table[i];
        if (table[i].is_prefix && strncmp(path, table[i].path, length) == 0 && path[length] != '\0')
            return &table[i];
    }
    return NULL;
}

static void say(struct http_answer *answer, struct textbuf *body, int status, const char *sentence)
{
    answer->status = status;
    answer->type = TYPE_TEXT;
    textbuf_clear(body);
    textbuf_puts(body, sentence);
    textbuf_puts(body, "\n");
}

static void show(const struct routes *routes, const struct route *route, const char *path,
                 struct http_answer *answer, struct textbuf *body)
{
    struct snapshot *snapshot = snapshot_take(routes->board);

    if (snapshot == NULL) {
        say(answer, body, 500, "There is not enough memory for a report.");
        return;
    }
    answer->type = route->type;
    answer->status = route->fn(snapshot, path + strlen(route->path), body);
    snapshot_free(snapshot);
    if (body->truncated)
        say(answer, body, 500, "The report is too large, or there is not enough memory for it.");
}

static void answer_path(const struct routes *routes, const char *path, const struct addr *client,
                        struct http_answer *answer, struct textbuf *body)
{
    const struct route *route = find(path);

    if ((route == NULL || !route->is_public) &&
        !epoch_allows(routes->epoch, &routes->epoch->stats.allow, client))
        say(answer, body, 403, "Your address is not in `allow` of [stats] in k0slb.ini.");
    else if (route == NULL)
        say(answer, body, 404,
            "There is no such page. There are / /stats.json /healthz /readyz /readyz/SERVICE.");
    else
        show(routes, route, path, answer, body);
}

void routes_answer(const struct routes *routes, const struct http_request *request,
                   const struct addr *client, struct http_answer *answer, struct textbuf *body)
{
    switch (request->verdict) {
    case HTTP_GET:
    case HTTP_HEAD:
        answer_path(routes, request->path, client, answer, body);
        break;
    case HTTP_METHOD:
        say(answer, body, 405, "Only GET and HEAD are answered here: this server is read-only.");
        break;
    case HTTP_TOO_LARGE:
        say(answer, body, 431, "The head of a request may have 8192 bytes.");
        break;
    case HTTP_VERSION:
        say(answer, body, 505, "HTTP/1.0 and HTTP/1.1 are spoken here.");
        break;
    case HTTP_INCOMPLETE:
    case HTTP_BAD:
        say(answer, body, 400, "This is not a valid HTTP/1 request.");
        break;
    }
    answer->length = body->length;
}
