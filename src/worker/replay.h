/*
 * Hello replay. A backend that accepts and never answers, because it hangs or dies, must not cost a
 * client its connection. So where a client begins with a TLS ClientHello, the session keeps a copy
 * of it until the backend's first byte:
 *
 *     watched ──bytes──► kept ──first byte from the backend──► relaying, copy dropped
 *        │                 └──silence for hello_timeout, RST or FIN──► connecting again, once;
 *        │                                                          the copy is what is sent first
 *        └──no hello, or the backend speaks──► relaying
 *
 * The bytes are passed on as they come, all the same. Whatever is not exactly one ClientHello is
 * never replayed. What a session may keep, and how often a service may replay, is bounded.
 */
#ifndef K0SLB_WORKER_REPLAY_H
#define K0SLB_WORKER_REPLAY_H

#include "worker/session.h"

/* Returns 0, or -1 with errno ENOMEM. */
int replay_init(struct worker *worker) MUST_CHECK;
void replay_fini(struct worker *worker);

/* A session begins whose service has a hello_timeout: what passes will be watched. */
void replay_begin(struct session *session);

/*
 * The session is watched, and its flows have gathered in this turn and not run yet. Returns true
 * when it has left its backend for another one: then it is connecting, or has ended already.
 */
bool replay_look(struct session *session) MUST_CHECK;

/* The same for a backend that takes no more bytes. */
bool replay_look_broken(struct session *session) MUST_CHECK;

/*
 * The backend is known to be down. A session that still waits for its first byte leaves it for
 * another one, where that may be; true as with replay_look(). Not while flows have gathered.
 */
bool replay_leave(struct session *session) MUST_CHECK;

/* Nothing will be replayed any more: drops the copy, if there is one. */
void replay_end(struct session *session);

/* Each second: lets what is ten seconds old be forgotten, for every worker's sake. */
void replay_heartbeat(struct worker *worker);

/* The epoch has changed, and timeouts with it. */
void replay_change(struct worker *worker);

#endif
