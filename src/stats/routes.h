/* Which report is at which path. */
#ifndef K0SLB_STATS_ROUTES_H
#define K0SLB_STATS_ROUTES_H

#include <stdbool.h>

#include "board/snapshot.h"
#include "conf/epoch.h"
#include "stats/answer.h"
#include "stats/http.h"

struct route;

/* What a valid request asks for; two that are the same have the same answer. */
struct routes_wish {
    const struct route *route; /* NULL = there is no such path */
    const char *rest;          /* what follows a path that ends with a slash, else "" */
    bool wants_html;           /* of a path that has a page for who accepts HTML */
    bool color;                /* ?color */
    bool norefresh;            /* a page that does not renew itself */
};

/* Reads it from GET or HEAD; `rest` points into the request. */
struct routes_wish routes_read(const struct http_request *request);

bool routes_is_same(const struct routes_wish *one, const struct routes_wish *other);

/* For load balancers and monitors: [stats] allow does not matter. */
bool routes_is_public(const struct routes_wish *wish);

/* Whether a snapshot is wanted to answer it. */
bool routes_is_report(const struct routes_wish *wish);

/* Makes an empty answer the one to that wish, but for its head. `snapshot` only for a report. */
void routes_answer(const struct routes_wish *wish, const struct snapshot *snapshot,
                   const struct epoch *epoch, struct answer *answer);

#endif
