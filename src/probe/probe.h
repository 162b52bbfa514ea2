/*
 * One question to one backend, asked without waiting: connect, for TLS shake hands, say goodbye.
 * OpenSSL is used in this room alone.
 *
 * A question has one absolute deadline, set when its connect begins; no progress moves it, and an
 * answer that comes after it is a failure. An engine runs PROBE_MOST_RUNNING probes at once; more
 * wait in the order they came, and their time does not run until they begin.
 *
 * Sockets leave no TIME_WAIT behind: after a good TLS handshake the peer is told (close_notify) and
 * given a moment to close first, so that it finds nothing to log; everything else ends by a reset.
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

/* Sockets that an engine has open at most. */
#define PROBE_MOST_RUNNING 128

struct probe_engine;
struct probe;

struct probe_result {
    enum board_check_code code; /* CHECKED_L4OK … ; CHECKED_NONE with no_verdict */
    bool good;
    bool refused;    /* the backend's machine answered that nothing listens there */
    bool no_verdict; /* failed for a reason of this machine (EMFILE, EADDRNOTAVAIL, ENOMEM …) */
    uint32_t duration_us;
    char description[BOARD_DESCRIPTION_SIZE]; /* "connection refused", "TLSv1.3" */
};

/*
 * Called once for each probe that is not cancelled, never before probe_start() has returned. The
 * probe is the engine's from then on: it may be neither asked about nor cancelled. The function may
 * start and cancel others, but not free the engine.
 */
typedef void probe_done_fn(void *context, const struct probe_result *result);

struct probe_question {
    enum conf_check check; /* CHECK_TCP or CHECK_TLS */
    struct addr address;
    uint64_t connect_timeout_ms; /* TCP and TLS together, from the start, never re-armed */
    probe_done_fn *done;
    void *context;
};

/*
 * Makes what probes share (the TLS context). NULL with a line logged. SIGPIPE is ignored in this
 * process from then on: OpenSSL writes to its sockets by write(2).
 */
struct probe_engine *probe_engine_new(struct loop *loop) MUST_CHECK;

/*
 * Has `wake` called before the engine looks at any event or deadline: the place to notice that
 * this process did not run, and to call probe_engine_shift() before anybody is judged for it. It
 * may cancel nothing.
 */
typedef void probe_wake_fn(void *context);
void probe_engine_on_wake(struct probe_engine *engine, probe_wake_fn *wake, void *context);

/* Cancels what runs and frees. */
void probe_engine_free(struct probe_engine *engine);

/* Asks. NULL with errno ENOMEM when not even that can be done (no verdict; done is not called). */
struct probe *probe_start(struct probe_engine *engine,
                          const struct probe_question *question) MUST_CHECK;

/* When its connect began (mono_ms()), or 0 while it waits for its turn. */
uint64_t probe_began_ms(const struct probe *probe);

/* Gives up an answer that is no longer wanted; `done` is not called. */
void probe_cancel(struct probe *probe);

/*
 * Moves the deadlines of all running probes by a time in which this process did not run.
 */
void probe_engine_shift(struct probe_engine *engine, uint64_t gap_ms);

#endif
