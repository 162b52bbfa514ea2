/* The master: binds, makes the board, forks, reaps, respawns; carries no bytes. */
#ifndef K0SLB_MASTER_MASTER_H
#define K0SLB_MASTER_MASTER_H

#include <stdbool.h>

/* What the command line says. */
struct master_options {
    const char *path; /* of the configuration file */
    bool is_daemon;   /* leaves the shell; the caller is told when it serves */
    int report;       /* master_run()'s own: for daemonize_report(); -1 = nobody waits */
};

/*
 * Runs until told to stop; of a daemon, until it serves. Returns the exit status: 0, or 1 with a
 * reason on stderr.
 */
int master_run(const struct master_options *options);

#endif
