/*
 * The end of a start: when the workers are at work and every backend has been probed once, at the
 * latest when the slowest probe must have ended, whoever waits for it is told. That is the pid
 * file, and for a daemon the process that was called, which has the start's exit status to give.
 */
#ifndef K0SLB_MASTER_ANNOUNCE_H
#define K0SLB_MASTER_ANNOUNCE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/loop.h"
#include "base/pidfile.h"
#include "conf/conf.h"

struct master;

struct announce {
    bool is_done;
    int report;   /* for daemonize_report(); -1 = nobody waits */
    int terminal; /* the caller's standard error, for errors and warnings until then; -1 = none */
    struct loop_timer deadline;
    struct pidfile pidfile;
};

/* Where this master's pid is written; "" = nowhere. */
const char *announce_pid_file(const struct conf_global *global, bool is_daemon);

/* Prepares the pid file, before anything serves. 0; or -1 with a line logged. */
int announce_open(struct master *master, const struct conf_global *global) MUST_CHECK;

/*
 * Nothing can fail any more, and no child has been forked yet: takes a daemon's standard error
 * away, and begins to wait.
 */
void announce_begin(struct master *master);

/* Something that is waited for may have come about. */
void announce_look(struct master *master);

/* After everything has been undone: a start that was not announced is a failed one. */
void announce_close(struct master *master);

#endif
