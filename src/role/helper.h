/*
 * A short-lived child of the master that does one thing and leaves: no board, no channel, no loop.
 * What it runs may hang or be taken over by what it reads, so it has nothing of the master's.
 */
#ifndef K0SLB_ROLE_HELPER_H
#define K0SLB_ROLE_HELPER_H

#include "base/defs.h"
#include "conf/conf.h"

/* Its inheritance. */
struct helper_birth {
    const char *name;                 /* "resolver" */
    const struct conf_global *global; /* whose user it becomes */
    int log;                          /* the log pipe's writing end; -1 = it logs as the master */
    int answers;                      /* where it writes; all else but standard streams is closed */
    unsigned seconds; /* it is ended after so long, also when the master is gone by then */
    void (*prepare)(void *context); /* as root still: what needs that; or NULL */
    void (*run)(void *context, int answers);
    void *context;
};

/*
 * The whole life of a helper, from right after fork(2): descriptors, signals, title, privileges,
 * prepare() before the last of these, then run(). Returns the status for _exit(2): 0, or
 * ROLE_EXIT_SETUP with a line logged.
 */
int helper_live(const struct helper_birth *birth) MUST_CHECK;

#endif
