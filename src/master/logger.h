/*
 * The master's side of the log: takes records from the pipe that all children write, and its own,
 * and passes them on to standard error. It never waits: a line that cannot be written now is
 * dropped and counted.
 */
#ifndef K0SLB_MASTER_LOGGER_H
#define K0SLB_MASTER_LOGGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/log.h"
#include "base/loop.h"

struct logger {
    struct loop_watch pipe; /* its reading end; -1 while closed */
    int pipe_write;         /* what children inherit */
    int sink;               /* standard error */
    uint64_t dropped;
    uint64_t dropped_said;
    size_t held; /* bytes of an unfinished record */
    char buffer[4 * LOG_RECORD_SIZE];
};

/* Makes the pipe and takes over this process's own log lines. 0, or -1 with errno of pipe2(2). */
int logger_open(struct logger *logger, int sink) MUST_CHECK;

/* Reads the pipe in the loop. 0 or -1 with errno. */
int logger_watch(struct logger *logger, struct loop *loop) MUST_CHECK;

/* Passes on what is still in the pipe, closes it, and sends log lines to standard error again. */
void logger_close(struct logger *logger);

/* Passes one record on. For log_to_sink() and tests. */
void logger_take(void *logger, const char *record, size_t size);

#endif
