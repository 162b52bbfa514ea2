#include "stats/routes.h"

#include <string.h>

#include "report/report.h"

#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_PROM "text/plain; version=0.0.4; charset=utf-8"

/* Behind a path it asks for a page that does not renew itself, as HAProxy's users have it. */
#define NO_REFRESH ";norefresh"

/* What a report is made from. */
struct view {
    const struct snapshot *snapshot;
    const struct epoch *epoch;
    const struct routes_wish *wish;
};

/* A path's report. Returns the status. */
typedef int route_fn(const struct view *view, struct textbuf *body);

struct route {
    const char *path;
    const char *what; /* for the list of all; NULL = not in it */
    const char *type;
    bool is_prefix; /* anything may follow, but not nothing */
    bool is_public;
    bool has_colors;
    route_fn *fn;   /* NULL = there is nothing to say */
    route_fn *html; /* instead, for who accepts HTML; NULL = the same for everyone */
};

static int show_text(const struct view *view, struct textbuf *body)
{
    report_text(view->snapshot, &(struct report_look){.color = view->wish->color}, body);
    return 200;
}

/* Browsers count whole seconds; a shorter time must not become none at all. */
static int show_html(const struct view *view, struct textbuf *body)
{
    uint64_t refresh_ms = view->wish->norefresh ? 0 : view->epoch->stats.refresh;

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
    return report_readyz(view->snapshot, view->wish->rest, body);
}

/* Those without a name behind them are below /stats, too: see take_tail(). */
static const struct route table[] = {
    {.path = "/",
     .what = "the state of everything: a page for browsers, text for others (/stats, too)",
     .type = ANSWER_TEXT,
     .has_colors = true,
     .fn = show_text,
     .html = show_html},
    {.path = "/stats.json",
     .what = "the same and more as JSON (/;json, too)",
     .type = TYPE_JSON,
     .fn = show_json},
    {.path = "/;json", .type = TYPE_JSON, .fn = show_json},
    {.path = "/;csv",
     .what = "the columns of HAProxy's statistics (/stats;csv, too)",
     .type = ANSWER_TEXT,
     .fn = show_csv},
    {.path = "/metrics", .what = "for Prometheus", .type = TYPE_PROM, .fn = show_metrics},
    {.path = "/healthz",
     .what = "whether this balancer works",
     .type = ANSWER_TEXT,
     .is_public = true,
     .fn = show_healthz},
    {.path = "/readyz",
     .what = "whether there is a backend to go to",
     .type = ANSWER_TEXT,
     .is_public = true,
     .fn = show_readyz},
    {.path = "/readyz/",
     .what = "the same for the service of that name",
     .type = ANSWER_TEXT,
     .is_prefix = true,
     .is_public = true,
     .fn = show_service},
    /* The page has its icon inside; browsers that ask all the same need not be told twice. */
    {.path = "/favicon.ico"},
};

/* ---- which is it? ---- */

/* A path, or the end of one: with what is cut off at its end it is no string. */
struct piece {
    const char *text;
    size_t length;
};

static bool is_same(struct piece piece, const char *text)
{
    return strlen(text) == piece.length && memcmp(text, piece.text, piece.length) == 0;
}

/* Cuts ";norefresh" off. Returns whether it was there. */
static bool cut_norefresh(struct piece *path)
{
    size_t length = strlen(NO_REFRESH);

    if (path->length < length ||
        memcmp(path->text + path->length - length, NO_REFRESH, length) != 0)
        return false;
    path->length -= length;
    return true;
}

/*
 * HAProxy's ways of asking are known, too: below /stats, and with more slashes than one, which is
 * what readers get who append "/;csv" to an address with a slash. The links of a page that was
 * asked for like that lead below it. Sets *tail to what follows the slash of the short form.
 */
static bool take_tail(struct piece path, struct piece *tail)
{
    static const char stats[] = "/stats";
    const size_t length = strlen(stats);
    size_t skipped = 0;

    if (path.length >= length && memcmp(path.text, stats, length) == 0 &&
        (path.length == length || strchr("/;", path.text[length]) != NULL))
        skipped = length;
    while (skipped < path.length && path.text[skipped] == '/')
        skipped++;
    *tail = (struct piece){path.text + skipped, path.length - skipped};
    return skipped > 0;
}

static bool is_path_of(const struct route *route, struct piece path)
{
    struct piece tail;

    return is_same(path, route->path) ||
           (take_tail(path, &tail) && is_same(tail, route->path + strlen("/")));
}

static bool has_prefix_of(const struct route *route, const char *path)
{
    size_t length = strlen(route->path);

    return strncmp(path, route->path, length) == 0 && path[length] != '\0';
}

static const struct route *find(const char *path, bool *norefresh)
{
    struct piece piece = {path, strlen(path)};

    *norefresh = cut_norefresh(&piece);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].is_prefix ? has_prefix_of(&table[i], path) : is_path_of(&table[i], piece))
            return &table[i];
    }
    return NULL;
}

struct routes_wish routes_read(const struct http_request *request)
{
    struct routes_wish wish = {.rest = ""};

    wish.route = find(request->path, &wish.norefresh);
    if (wish.route == NULL)
        return wish;
    if (wish.route->is_prefix)
        wish.rest = request->path + strlen(wish.route->path);
    wish.wants_html = wish.route->html != NULL && request->wants_html;
    wish.norefresh &= wish.wants_html;
    wish.color = wish.route->has_colors && !wish.wants_html && http_asks_for(request, "color");
    return wish;
}

bool routes_is_same(const struct routes_wish *one, const struct routes_wish *other)
{
    return one->route == other->route && one->wants_html == other->wants_html &&
           one->color == other->color && one->norefresh == other->norefresh &&
           strcmp(one->rest, other->rest) == 0;
}

bool routes_is_public(const struct routes_wish *wish)
{
    return wish->route != NULL && wish->route->is_public;
}

bool routes_is_report(const struct routes_wish *wish)
{
    return wish->route != NULL && wish->route->fn != NULL;
}

/* ---- answers ---- */

static void say_what_there_is(struct answer *answer)
{
    answer_say(answer, 404, "There is no such page. These are:");
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].what != NULL)
            textbuf_printf(&answer->body, "%s%-*s  %s\n", table[i].path,
                           (int)(strlen("/readyz/NAME") - strlen(table[i].path)),
                           table[i].is_prefix ? "NAME" : "", table[i].what);
    }
}

static void render(const struct view *view, struct answer *answer)
{
    const struct route *route = view->wish->route;

    answer->varies = route->html != NULL;
    if (view->wish->wants_html) {
        answer->type = TYPE_HTML;
        answer->policy = report_html_policy();
        answer->status = route->html(view, &answer->body);
    } else {
        answer->type = route->type;
        answer->status = route->fn(view, &answer->body);
    }
    if (answer->body.truncated)
        answer_say(answer, 500, "The report is too large, or there is not enough memory for it.");
}

void routes_answer(const struct routes_wish *wish, const struct snapshot *snapshot,
                   const struct epoch *epoch, struct answer *answer)
{
    struct view view = {.snapshot = snapshot, .epoch = epoch, .wish = wish};

    if (wish->route == NULL)
        say_what_there_is(answer);
    else if (wish->route->fn == NULL)
        answer->status = 204;
    else if (snapshot == NULL)
        answer_say(answer, 500, "There is not enough memory for a report.");
    else
        render(&view, answer);
}
