#include "stats/round.h"

#include "base/mono.h"

void round_begin(struct round *round, const struct round_sources *sources)
{
    *round = (struct round){.sources = sources, .most_body = ROUND_MOST_BODY};
}

void round_end(struct round *round)
{
    while (round->count > 0)
        answer_leave(round->kept[--round->count].answer);
    snapshot_free(round->snapshot);
    round->snapshot = NULL;
}

static bool is_valid(const struct http_request *request)
{
    return request->verdict == HTTP_GET || request->verdict == HTTP_HEAD;
}

bool round_is_urgent(const struct http_request *request)
{
    struct routes_wish wish;

    if (!is_valid(request))
        return false;
    wish = routes_read(request);
    return routes_is_public(&wish);
}

/* ---- what is not granted ---- */

static void refuse(enum http_verdict verdict, struct answer *answer)
{
    switch (verdict) {
    case HTTP_METHOD:
        answer_say(answer, 405, "Only GET and HEAD are answered here: this server is read-only.");
        break;
    case HTTP_TOO_LARGE:
        answer_say(answer, 431, "The head of a request may have 8192 bytes.");
        break;
    case HTTP_VERSION:
        answer_say(answer, 505, "HTTP/1.0 and HTTP/1.1 are spoken here.");
        break;
    default:
        answer_say(answer, 400, "This is not a valid HTTP/1 request.");
        break;
    }
}

static bool is_allowed(const struct round_sources *sources, const struct routes_wish *wish,
                       const struct addr *client)
{
    return routes_is_public(wish) ||
           board_allows(sources->board, sources->epoch, &sources->epoch->stats.allow, client);
}

/* ---- what is ---- */

static struct answer *find_kept(const struct round *round, const struct routes_wish *wish)
{
    for (size_t i = 0; i < round->count; i++) {
        if (routes_is_same(&round->kept[i].wish, wish))
            return answer_share(round->kept[i].answer);
    }
    return NULL;
}

/* What names a service is short, and its name is the request's. */
static void keep(struct round *round, const struct routes_wish *wish, struct answer *answer)
{
    if (round->count == ROUND_KEPT || wish->rest[0] != '\0')
        return;
    round->kept[round->count].wish = *wish;
    round->kept[round->count].answer = answer_share(answer);
    round->count++;
}

static void grant(struct round *round, const struct routes_wish *wish, struct answer *answer)
{
    if (routes_is_report(wish) && round->snapshot == NULL)
        round->snapshot = snapshot_take(round->sources->board);
    routes_answer(wish, round->snapshot, round->sources->epoch, answer);
    keep(round, wish, answer);
}

struct answer *round_answer(struct round *round, const struct http_request *request,
                            const struct addr *client)
{
    struct routes_wish wish = {.route = NULL};
    bool allowed = true;
    struct answer *answer;

    if (is_valid(request)) {
        wish = routes_read(request);
        allowed = is_allowed(round->sources, &wish, client);
        answer = allowed ? find_kept(round, &wish) : NULL;
        if (answer != NULL)
            return answer;
    }
    answer = answer_new(wall_ms(), round->most_body);
    if (answer == NULL)
        return NULL;
    if (!is_valid(request))
        refuse(request->verdict, answer);
    else if (!allowed)
        answer_say(answer, 403, "Your address is not in `allow` of [stats] in k0slb.ini.");
    else
        grant(round, &wish, answer);
    answer_write_head(answer);
    return answer;
}
