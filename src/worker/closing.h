/*
 * The sessions of a backend that the checker has marked: it went down, or has answered badly for
 * too long, while another one is up. Every worker closes its own, in the order in which they came
 * and evenly over on_down_spread, or over 2 ms for each session that the backend has in all workers
 * where that is shorter:
 *
 *     mark seen ──► one after the other, until the time is over ──► none of them is left
 *                          └── the mark is gone: the rest stays open
 *
 * An administrator can have the same: `drain` over a time closes those that have been idle for the
 * longest time first, and when the time is over whoever is left, also those that were connecting
 * when it began; `maint` closes everyone, at once and from then on. A mark goes before a drain, and
 * maint before both. These close also what a backend has at an address from before a reload.
 *
 * The time runs from when the worker saw the mark. Who waits for the backend's first byte and can
 * be sent elsewhere is, at once. A session that comes later, because nothing better was there, is
 * none of these: it stays, until the mark has gone and is there again. So no client is closed again
 * and again. What is still connecting is not touched: it has its own timeout and goes elsewhere.
 *
 * The backend's last bytes are still passed on, then both ends get RST: session_lose().
 */
#ifndef K0SLB_WORKER_CLOSING_H
#define K0SLB_WORKER_CLOSING_H

#include "base/defs.h"
#include "worker/worker_state.h"

/* 0, or -1 with errno ENOMEM. The tables that the worker has by backend slot are there. */
int closing_init(struct worker *worker) MUST_CHECK;
void closing_fini(struct worker *worker);

/*
 * Looks for marks, and words of administrators, that have come or gone: when health has changed,
 * and each heartbeat.
 */
void closing_look(struct worker *worker);

/* Those that are left stand among the backend's other sessions again, and none is closed. */
void closing_stop(struct worker *worker, unsigned slot);

/* The same where the slot has another owner now, or another address: its mark is a new one. */
void closing_forget(struct worker *worker, unsigned slot);

#endif
