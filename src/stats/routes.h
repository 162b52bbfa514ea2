/* Which report answers which path, and who may see it. */
#ifndef K0SLB_STATS_ROUTES_H
#define K0SLB_STATS_ROUTES_H

#include "base/addr.h"
#include "base/textbuf.h"
#include "board/board.h"
#include "conf/epoch.h"
#include "stats/answer.h"
#include "stats/http.h"

/* What an answer is made from. */
struct routes {
    const struct board *board;
    const struct epoch *epoch;
};

/*
 * Answers a request whose verdict is final: fills *answer but for its date, and appends the body,
 * which its length is set to. "/" is a page for who accepts HTML, and text for everybody else,
 * with colours where `?color' asks for them; all other queries are ignored. Never fails: what
 * cannot be answered is a 500 with a sentence.
 */
void routes_answer(const struct routes *routes, const struct http_request *request,
                   const struct addr *client, struct answer *answer, struct textbuf *body);

#endif
