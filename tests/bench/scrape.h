/* Who reads the statistics: so many times a second, one after the other. */
#ifndef K0SLB_TESTS_BENCH_SCRAPE_H
#define K0SLB_TESTS_BENCH_SCRAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

struct scrape_plan {
    struct addr target;
    unsigned per_second; /* 0 = each when the one before it is over */
    unsigned seconds;
    const char *accept; /* "text/html" */
    char **paths;       /* taken in turn; NULL ends them */
};

struct scrape_result {
    unsigned done;   /* with 200 */
    unsigned failed; /* anything else */
    uint64_t bytes;  /* of all answers, heads included */
    uint64_t mean_us;
    uint64_t most_us;
};

/* 0, or -1 with errno. */
int scrape_run(const struct scrape_plan *plan, struct scrape_result *result) MUST_CHECK;

#endif
