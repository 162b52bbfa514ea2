/* A board and an epoch for tests of the stats server: one service with one backend. */
#ifndef K0SLB_TESTS_UNIT_STATS_PLACE_H
#define K0SLB_TESTS_UNIT_STATS_PLACE_H

#include "base/defs.h"
#include "stats/round.h"

struct place {
    struct board *board;
    const struct epoch *epoch;
    struct round_sources sources;
};

/* [stats] is as given, or empty; but `allow` is 127.0.0.0/8. */
void place_set_up(struct place *place);
void place_set_up_with(struct place *place, const struct conf_stats *stats);
void place_tear_down(struct place *place);

#endif
