/* A stand-in master: a process that makes a board and obeys signals, for verbs that need one. */
#ifndef K0SLB_TESTS_UNIT_CONTROL_MASTER_H
#define K0SLB_TESTS_UNIT_CONTROL_MASTER_H

#include <sys/types.h>

#include "board/board_master.h"
#include "run.h"

/* What it does when HUP has come. */
typedef void hup_fn(struct board *board);

/* It ends by TERM, and removes its board then; by USR2, or when it is killed, the board stays. */
struct master {
    pid_t pid;
    char name[CONF_NAME_SIZE];
};

/*
 * Starts it and waits for its board: one reload has been, a second one has begun, and `child` (may
 * be 0) is listed as its worker.
 */
void master_start(struct master *master, pid_t child, hup_fn *on_hup);

/*
 * The same below a process that reaps it as soon as it ends, so that it is gone for those who look;
 * master->pid is not known. Returns that process, to be waited for.
 */
pid_t master_start_reaped(struct master *master, pid_t child, hup_fn *on_hup);

void master_kill(const struct master *master);

/* Kills it and removes what it has left. */
void master_remove(const struct master *master);

/* Runs "k0slbctl -n NAME VERB". */
void master_run_verb(const struct master *master, struct run *run, const char *verb);

#endif
