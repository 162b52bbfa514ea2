/*
 * A controller as a checker meets it: a process that serves HTTPS on a port of 127.0.0.1, each
 * connection by itself, in the way that its script says at that moment.
 */
#ifndef K0SLB_TESTS_UNIT_CHECKER_ACTOR_H
#define K0SLB_TESTS_UNIT_CHECKER_ACTOR_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

struct paper;

/* Shared with the process. The first four are the script, the rest is what it has seen. */
struct actor_script {
    _Atomic uint32_t status;       /* 0: it shakes hands and never answers */
    _Atomic uint32_t status_to_us; /* to who shows a certificate of the authority; 0: the same */
    _Atomic uint32_t pause_ms;     /* before each answer */
    _Atomic uint32_t has_date;     /* tells a time that is an hour ahead */
    _Atomic uint32_t full;         /* handshakes */
    _Atomic uint32_t resumed;
    _Atomic uint32_t waiting; /* for an answer */
    _Atomic uint32_t waiting_most;
};

struct actor {
    pid_t pid;
    struct actor_script *script;
};

/*
 * Serves what is accepted from that listener, which stays the caller's, too. With an authority, it
 * asks for certificates signed by that.
 */
void actor_start(struct actor *actor, int listener, const struct paper *authority);
void actor_stop(struct actor *actor);

#endif
