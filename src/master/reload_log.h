/*
 * What the log is told of reloads: that one begins, its errors, and what became of it. Of many in a
 * row not all are told; what became of the last one is, in the end.
 */
#ifndef K0SLB_MASTER_RELOAD_LOG_H
#define K0SLB_MASTER_RELOAD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/textbuf.h"
#include "base/told.h"

struct master;

/* All zero: nothing has been told. */
struct reload_log {
    uint64_t begun_ms;
    uint64_t took_ms;
    bool is_told; /* this one is */
    bool is_owed; /* the last one was not, and is over */
    bool is_ok;
    struct told told;
};

/* A reload begins. */
void reload_log_begin(struct master *master);

/* It is over; the errors of one that is refused stand in struct reload. */
void reload_log_end(struct master *master, bool is_ok);

/* "reload refused, 2 errors: …" with the first of them, one on each line, cut to fit. */
void reload_log_refusal(const struct textbuf *errors, char *out, size_t size);

/* At times: tells what became of the last one, where there was no room for that. */
void reload_log_owed(struct master *master);

#endif
