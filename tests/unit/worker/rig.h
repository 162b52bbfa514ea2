/*
 * A pump between two real TCP connections:
 *
 *     source ══TCP══► from ──pump──► to ══TCP══► sink
 *
 * driven as a session drives it: by edges that the loop reports, and again when a budget was
 * spent. So an edge that the pump loses is a test that does not end in time. The bytes are a
 * pattern, in which no place is like another one.
 */
#ifndef K0SLB_TESTS_UNIT_WORKER_RIG_H
#define K0SLB_TESTS_UNIT_WORKER_RIG_H

#include <stddef.h>

#include "base/loop.h"
#include "worker/pump.h"

struct rig {
    struct loop *loop;
    struct pipe_pool pipes;
    struct pump_means means;
    struct flow flow;
    struct side from;
    struct side to;
    int source; /* -1 once closed */
    int sink;
    _Atomic uint64_t moved;

    uint64_t sent;     /* by the source */
    uint64_t received; /* by the sink, every one of them right */
    uint64_t wrong;    /* bytes that were not the ones expected */
    bool is_sink_at_end;

    bool has_event;            /* since the last run */
    enum pump_outcome outcome; /* of the last run */
    int error;                 /* errno of the last run */
    unsigned runs;
};

/* All three ways of moving bytes, for tests that hold in each. */
extern const enum conf_relay rig_relays[3];

/* The test ends when it cannot be made. */
void rig_open(struct rig *rig, enum conf_relay relay);
void rig_close(struct rig *rig);

/* Connects afresh, keeping loop and pool; the flow is a new one. */
void rig_connect(struct rig *rig);
void rig_disconnect(struct rig *rig);

/* Gives the sink a connection with small buffers, so that it blocks soon; before bytes flow. */
void rig_narrow(struct rig *rig);

/* Sends so many bytes of the pattern, as far as they go at once; returns how many went. */
size_t rig_send(struct rig *rig, size_t size);

/* Sends one byte of the pattern as urgent data (RFC 6093). */
void rig_send_urgent(struct rig *rig);

/* The source's FIN, or RST. */
void rig_finish(struct rig *rig);
void rig_reset_source(struct rig *rig);

/* The sink goes away with RST. */
void rig_reset_sink(struct rig *rig);

/* Takes at most so many bytes at the sink and compares them. */
void rig_receive(struct rig *rig, size_t most);

/* Waits for events, at most so long, and runs the pump as a session would. */
void rig_turn(struct rig *rig, int most_ms);

/* Runs the pump whatever has been reported. */
void rig_run(struct rig *rig);

/* Turns until the pump waits and nothing new is reported for 20 ms; the sink takes nothing. */
void rig_settle(struct rig *rig);

/*
 * Lets the source send up to `total` bytes in all, the pump run and the sink take `bite` bytes a
 * turn, until the sink has them all; then, after a finish, its end of file too. False when that
 * takes 20 s, or when anything fails.
 */
bool rig_move(struct rig *rig, uint64_t total, size_t bite);

/* Turns until the sink is at its end of file; false after 20 s. */
bool rig_move_end(struct rig *rig);

/* Nothing is borrowed and nothing allocated. */
bool rig_is_idle(const struct rig *rig);

#endif
