/* The log line about a process of the balancer: the same keys for all of them. */
#ifndef K0SLB_MASTER_PROCESS_LOG_H
#define K0SLB_MASTER_PROCESS_LOG_H

#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/log.h"
#include "board/board-t.h"

struct child;

#define PROCESS_LOG_NONE    (-1)
#define PROCESS_LOG_NO_SLOT UINT32_MAX

struct process_log {
    const char *state; /* killed ended unstarted stalled running spinning finished */
    enum board_role role;
    unsigned slot;  /* of a worker; PROCESS_LOG_NO_SLOT: not known */
    pid_t pid;      /* 0: there is none */
    int64_t signal; /* PROCESS_LOG_NONE: none, as in the rest */
    int64_t exit;
    int64_t lived_ms;
    int64_t restart_ms; /* until the next one is started in its place */
};

/* All that is known of a child at any time. */
struct process_log process_log_of(const struct child *child, const char *state);

/* Writes the line, with what has happened in words. */
void process_log_say(enum log_level level, const struct process_log *what, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
