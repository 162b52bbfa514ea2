/*
 * One question to one backend, asked without waiting: connect, for TLS shake hands, say goodbye.
 * OpenSSL is used in this room alone.
 */
#ifndef K0SLB_PROBE_PROBE_H
#define K0SLB_PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/loop.h"
#include "board/board-t.h"
#include "conf/conf.h"

struct probe_engine;
struct probe;

struct probe_result {
    enum board_check_code code; /* CHECKED_L4OK … ; CHECKED_NONE with no_verdict */
    bool good;
    bool no_verdict; /* failed for a reason of this machine (EMFILE, EADDRNOTAVAIL, ENOMEM …) */
    uint32_t duration_us;
    char description[BOARD_DESCRIPTION_SIZE]; /* "connection refused", "TLSv1.3" */
};

/* Called once for each probe that is not cancelled, never before probe_start() has returned. The
 * probe is freed by the engine after it. */
typedef void probe_done_fn(void *context, const struct probe_result *result);

struct probe_question {
    enum conf_check check; /* CHECK_TCP or CHECK_TLS */
    struct addr address;
    uint64_t connect_timeout_ms; /* TCP and TLS together, from the start, never re-armed */
    probe_done_fn *done;
    void *context;
};

/* Makes what probes share (the TLS context). NULL with a line logged. */
struct probe_engine *probe_engine_new(struct loop *loop) MUST_CHECK;

/* Cancels what runs and frees. */
void probe_engine_free(struct probe_engine *engine);

/* Asks. NULL with errno ENOMEM when not even that can be done (no verdict; done is not called). */
struct probe *probe_start(struct probe_engine *engine, const struct probe_question *question)
    MUST_CHECK;

/* Gives up an answer that is no longer wanted; `done` is not called. */
void probe_cancel(struct probe *probe);

/*
 * Moves the deadlines of all running probes by a time in which this process did not run.
 */
void probe_engine_shift(struct probe_engine *engine, uint64_t gap_ms);

#endif
