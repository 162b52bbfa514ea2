/* What backends do with a session: the scripts that peer_open() takes. */
#ifndef K0SLB_TESTS_SYSTEM_SCRIPT_H
#define K0SLB_TESTS_SYSTEM_SCRIPT_H

#include "system/peer.h"

/* Sends back whatever comes, until FIN; then its own. */
void script_echo(struct peer_session *session);

/* Sends back whatever comes; a FIN is not answered until the peer stops. */
void script_hold_after_fin(struct peer_session *session);

/* Reads what comes and never says a word, until FIN. */
void script_hold(struct peer_session *session);

/* Checks a tagged stream until FIN, and only then answers with `amount` bytes and FIN. */
void script_answer_after_fin(struct peer_session *session);

/* Sends its FIN at once, then checks a tagged stream until FIN. */
void script_fin_first(struct peer_session *session);

/* Answers with `amount` bytes and FIN as soon as the client's id is there, checking meanwhile. */
void script_duplex(struct peer_session *session);

/* Resets the connection after `amount` bytes have come. */
void script_die_after(struct peer_session *session);

/* Answers with `amount` bytes, and resets once the other side has acknowledged all of them. */
void script_answer_and_reset(struct peer_session *session);

#endif
