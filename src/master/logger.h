/*
 * The master's side of the log: takes records from the pipe that all children write, and its own,
 * and passes them on to a sink. It never waits: lines that the sink does not take now wait in a
 * bounded queue, what does not fit there is dropped, and so is what exceeds LOGGER_LINES_MOST a
 * second; both are counted and said later.
 */
#ifndef K0SLB_MASTER_LOGGER_H
#define K0SLB_MASTER_LOGGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/log.h"
#include "base/loop.h"
#include "master/line_queue.h"
#include "master/sink.h"

/* More in a second tell nobody more, and would drown what others have to say. */
#define LOGGER_LINES_MOST 200

/* So many more where they are notices, or worse. */
#define LOGGER_LINES_SPARE 50

struct logger {
    struct loop_watch pipe; /* its reading end; -1 while closed */
    int pipe_write;         /* what children inherit */
    int echo;               /* where errors and warnings go as well; -1 = nowhere */
    struct loop *loop;      /* NULL until logger_watch() */
    struct sink sink;
    struct line_queue queue;
    struct loop_timer retry; /* while anything waits, or has to be said */
    unsigned retry_ms;
    uint64_t second_ms; /* when the second began in which `lines` are counted */
    unsigned lines;
    uint64_t dropped;  /* in all */
    uint64_t lost;     /* of these, not yet said: the sink did not take them */
    uint64_t left_out; /* the same: they were too many */
    size_t held;       /* bytes of an unfinished record */
    char buffer[4 * LOG_RECORD_SIZE];
};

/* One that is not open: logger_close() does nothing to it. */
#define LOGGER_CLOSED                                                                              \
    {                                                                                              \
        .pipe = {.fd = -1}, .pipe_write = -1, .echo = -1                                           \
    }

/* Makes the pipe and takes over this process's own log lines. 0, or -1 with errno of pipe2(2). */
int logger_open(struct logger *logger, struct sink sink) MUST_CHECK;

/* Reads the pipe in the loop. 0 or -1 with errno. */
int logger_watch(struct logger *logger, struct loop *loop) MUST_CHECK;

/* Goes on with another sink; one that is the same as now changes nothing. */
void logger_change(struct logger *logger, struct sink sink);

/*
 * Passes on what is still in the pipe, closes it, and sends log lines to standard error again. A
 * sink that does not take the last lines gets a tenth of a second.
 */
void logger_close(struct logger *logger);

/* Passes one record on. For log_to_sink() and tests. */
void logger_take(void *logger, const char *record, size_t size);

#endif
