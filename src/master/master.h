/* The master: binds, makes the board, forks, reaps, respawns; carries no bytes. */
#ifndef K0SLB_MASTER_MASTER_H
#define K0SLB_MASTER_MASTER_H

/* What the command line says. */
struct master_options {
    const char *path; /* of the configuration file */
};

/* Runs until told to stop. Returns the exit status: 0, or 1 with a reason on stderr. */
int master_run(const struct master_options *options);

#endif
