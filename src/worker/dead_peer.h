/*
 * dead_client_timeout and dead_backend_timeout: peers that are gone without a word, and are not
 * mistaken for slow ones. While nothing is on its way, the kernel's keepalive asks and ends the
 * connection by ETIMEDOUT. It does not ask while anything is, so those sessions are looked at.
 *
 * A session that nothing has moved in since its last look is passed over, and one that ends before
 * its first look costs no system call: each stands in a lazy queue of its service, by its state.
 */
#ifndef K0SLB_WORKER_DEAD_PEER_H
#define K0SLB_WORKER_DEAD_PEER_H

#include <stdint.h>

#include "base/defs.h"

struct session;
struct tcp_info;
struct worker;

/* What is known of the peers of a session, the worse of the two. */
enum peer_state {
    PEER_NEW,    /* never looked at, or not since the timeouts were changed */
    PEER_CALM,   /* nothing was on its way at the last look: keepalive asks */
    PEER_BUSY,   /* something was, and the peer had answered not long ago */
    PEER_SILENT, /* the same without an answer for half of the timeout */
    PEER_DEAD,
};

/*
 * The rule (tcp(7), TCP_INFO as linux/tcp.h has it): a peer is dead when something is on its way to
 * it, nothing has come from it for timeout_ms, and it has left two questions in a row unanswered
 * meanwhile, be they retransmissions or window probes. Both come at intervals that double, up to
 * two minutes, as long as a living reader keeps its window closed; so its silence may well last
 * longer than the timeout. timeout_ms 0: PEER_CALM always.
 */
enum peer_state dead_peer_judge(const struct tcp_info *info, uint64_t timeout_ms) MUST_CHECK;

/* What the kernel is told of keepalive, in seconds and questions. */
struct keepalive {
    int idle;
    int interval;
    int count;
};

/* So that a silent peer is found at timeout_ms, or up to an eighth before it where that is long:
 * the kernel's timers may be so late, and it is to be a second later at most. */
struct keepalive dead_peer_keepalive(uint64_t timeout_ms) MUST_CHECK;

/* Makes the queues, by worker->epoch. 0, or -1 with errno ENOMEM. */
int dead_peer_init(struct worker *worker) MUST_CHECK;
void dead_peer_fini(struct worker *worker);

/* Queues a session that begins to relay. It leaves by list_remove() of its link. */
void dead_peer_queue(struct session *session);

/* Another epoch: where the timeouts changed, every session is looked at anew. */
void dead_peer_change(struct worker *worker);

#endif
