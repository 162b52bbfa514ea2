/*
 * A round of answers: all that are made from one snapshot, which is taken after everybody in it has
 * asked. So nobody is shown what was before the question, and a crowd costs no more than one.
 */
#ifndef K0SLB_STATS_ROUND_H
#define K0SLB_STATS_ROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/defs.h"
#include "board/board.h"
#include "board/snapshot.h"
#include "conf/epoch.h"
#include "stats/answer.h"
#include "stats/routes.h"

/*
 * The most that one body may have. A full board with the longest names, as metrics, needs less than
 * half of it; so do the most client addresses of a service with 16 backends, as JSON.
 */
#define ROUND_MOST_BODY (32u << 20)

/* Answers that are kept for others of the round; beyond it each is made anew. */
#define ROUND_KEPT 16

/* What answers are made from. */
struct round_sources {
    const struct board *board;
    const struct epoch *epoch;
};

struct round {
    const struct round_sources *sources;
    size_t most_body;
    struct snapshot *snapshot; /* NULL until one is wanted */
    size_t count;
    struct {
        struct routes_wish wish;
        struct answer *answer;
    } kept[ROUND_KEPT];
};

/* Begins one with bodies of at most ROUND_MOST_BODY; `sources` has to outlive it. */
void round_begin(struct round *round, const struct round_sources *sources);
void round_end(struct round *round);

/*
 * The answer, head included, to a request whose verdict is final; the caller has it, and gives it
 * back by answer_leave(). NULL when memory runs out; what is too large is a 500 with a sentence.
 */
struct answer *round_answer(struct round *round, const struct http_request *request,
                            const struct addr *client) MUST_CHECK;

/* Whether a request is a load balancer's or monitor's, who should be answered before others. */
bool round_is_urgent(const struct http_request *request);

#endif
