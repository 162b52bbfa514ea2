#include "stats/routes.h"

#include <stdio.h>
#include <string.h>

#include "report/report.h"

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_PROM "text/plain; version=0.0.4; charset=utf-8"

/* Room for "/;" and a word, and the NUL. */
#define SHORT_SIZE 16

/* What a report is made from. */
struct view {
    const struct snapshot *snapshot;
    const struct epoch *epoch;
    const char *rest; /* what follows a path that ends with a slash */
};

/* A path's report. Returns the status. */
typedef int route_fn(const struct view *view, struct textbuf *body);

struct route {
    const char *path;
    const char *type;
    bool is_prefix; /* anything may follow, but not nothing */
    bool is_public; /* for load balancers and monitors: [stats] allow does not matter */
    route_fn *fn;
    route_fn *html; /* instead, for who accepts HTML; NULL = the same for everyone */
};

static int show_text(const struct view *view, struct textbuf *body)
{
    report_text(view->snapshot, &(struct report_look){.color = false}, body);
    return 200;
}

/* Browsers count whole seconds; a shorter time must not become none at all. */
static int show_html(const struct view *view, struct textbuf *body)
{
    uint64_t refresh_ms = view->epoch->stats.refresh;

    report_html(view->snapshot, (unsigned)((refresh_ms + 999) / 1000), body);
    return 200;
}

static int show_json(const struct view *view, struct textbuf *body)
{
    report_json(view->snapshot, body);
    return 200;
}

static int show_csv(const struct view *view, struct textbuf *body)
{
    report_csv(view->snapshot, view->epoch, body);
    return 200;
}

static int show_metrics(const struct view *view, struct textbuf *body)
{
    report_metrics(view->snapshot, view->epoch, body);
    return 200;
}

static int show_healthz(const struct view *view, struct textbuf *body)
{
    return report_healthz(view->snapshot, body);
}

static int show_readyz(const struct view *view, struct textbuf *body)
{
    return report_readyz(view->snapshot, NULL, body);
}

static int show_service(const struct view *view, struct textbuf *body)
{
    return report_readyz(view->snapshot, view->rest, body);
}

static const struct route table[] = {
    {.path = "/", .type = TYPE_TEXT, .fn = show_text, .html = show_html},
    {.path = "/stats.json", .type = TYPE_JSON, .fn = show_json},
    {.path = "/;json", .type = TYPE_JSON, .fn = show_json},
    {.path = "/;csv", .type = TYPE_TEXT, .fn = show_csv},
    {.path = "/metrics", .type = TYPE_PROM, .fn = show_metrics},
    {.path = "/healthz", .type = TYPE_TEXT, .is_public = true, .fn = show_healthz},
    {.path = "/readyz", .type = TYPE_TEXT, .is_public = true, .fn = show_readyz},
    {.path = "/readyz/",
     .type = TYPE_TEXT,
     .is_prefix = true,
     .is_public = true,
     .fn = show_service},
};

/*
 * The routes that begin "/;" have HAProxy's ways of asking, too: below /stats, with more slashes
 * than one (what readers get who append "/;csv" to an address with a slash), and with a wish about
 * a page that does not concern them. Returns `path` in its short form, or NULL for all others.
 */
static const char *shorten(const char *path, char text[SHORT_SIZE])
{
    static const char stats[] = "/stats";
    static const char norefresh[] = ";norefresh";
    size_t length;

    if (strncmp(path, stats, strlen(stats)) == 0)
        path += strlen(stats);
    path += strspn(path, "/");
    if (path[0] != ';')
        return NULL;
    length = 1 + strcspn(path + 1, ";");
    if (length + 2 > SHORT_SIZE || (path[length] != '\0' && strcmp(path + length, norefresh) != 0))
        return NULL;
    snprintf(text, SHORT_SIZE, "/%.*s", (int)length, path);
    return text;
}

static const struct route *find_exactly(const char *path)
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

static const struct route *find(const char *path)
{
    char text[SHORT_SIZE];
    const char *short_path = shorten(path, text);

    return find_exactly(short_path != NULL ? short_path : path);
}

static void say(struct http_answer *answer, struct textbuf *body, int status, const char *sentence)
{
    answer->status = status;
    answer->type = TYPE_TEXT;
    answer->policy = NULL;
    textbuf_clear(body);
    textbuf_puts(body, sentence);
    textbuf_puts(body, "\n");
}

/* One path's answer for who accepts HTML, or for anybody. */
static int render(const struct route *route, const struct view *view, bool wants_html,
                  struct http_answer *answer, struct textbuf *body)
{
    answer->varies = route->html != NULL;
    if (route->html == NULL || !wants_html) {
        answer->type = route->type;
        return route->fn(view, body);
    }
    answer->type = TYPE_HTML;
    answer->policy = report_html_policy();
    return route->html(view, body);
}

static void show(const struct routes *routes, const struct route *route,
                 const struct http_request *request, struct http_answer *answer,
                 struct textbuf *body)
{
    struct snapshot *snapshot = snapshot_take(routes->board);
    struct view view = {.snapshot = snapshot,
                        .epoch = routes->epoch,
                        .rest = route->is_prefix ? request->path + strlen(route->path) : ""};

    if (snapshot == NULL) {
        say(answer, body, 500, "There is not enough memory for a report.");
        return;
    }
    answer->status = render(route, &view, request->wants_html, answer, body);
    snapshot_free(snapshot);
    if (body->truncated)
        say(answer, body, 500, "The report is too large, or there is not enough memory for it.");
}

static void answer_path(const struct routes *routes, const struct http_request *request,
                        const struct addr *client, struct http_answer *answer, struct textbuf *body)
{
    const struct route *route = find(request->path);

    if ((route == NULL || !route->is_public) &&
        !board_allows(routes->board, routes->epoch, &routes->epoch->stats.allow, client))
        say(answer, body, 403, "Your address is not in `allow` of [stats] in k0slb.ini.");
    else if (route == NULL)
        say(answer, body, 404,
            "There is no such page. There are / /stats.json /metrics /;csv /healthz /readyz "
            "/readyz/SERVICE.");
    else
        show(routes, route, request, answer, body);
}

void routes_answer(const struct routes *routes, const struct http_request *request,
                   const struct addr *client, struct http_answer *answer, struct textbuf *body)
{
    switch (request->verdict) {
    case HTTP_GET:
    case HTTP_HEAD:
        answer_path(routes, request, client, answer, body);
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
