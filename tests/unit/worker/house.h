/*
 * A worker's sessions for real: clients and two backends on the loopback interface, and a checker
 * in a process of its own that says of the backends what a test wants.
 */
#ifndef K0SLB_TESTS_UNIT_WORKER_HOUSE_H
#define K0SLB_TESTS_UNIT_WORKER_HOUSE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "worker/session.h"
#include "worker/worker_state.h"

#include "unit/balance/stage.h"
#include "unit/child.h"

#define HOUSE_BACKENDS 2
#define HOUSE_MOST     200

struct house {
    struct stage stage; /* its timeouts may be set before house_run() */
    int backends[HOUSE_BACKENDS];
    int front;
    struct addr address; /* of the front */
    /* What the checker is asked to say. */
    _Atomic unsigned health[HOUSE_BACKENDS];
    _Atomic unsigned marks[HOUSE_BACKENDS];
    _Atomic unsigned asked;
    _Atomic unsigned done;
    _Atomic bool is_over;
    /* Of the process that plays the worker. */
    struct role_birth birth;
    struct worker *worker;
    int clients[HOUSE_MOST];
    bool was_reset[HOUSE_MOST]; /* the kernel says it once */
    unsigned count;
};

/* In memory that children share. The test ends when there is none. */
struct house *house_new(void);

/*
 * Runs it in a process that has become a worker, with the first backend up and the second one down.
 * Ends with the proof that no session is left; frees the house.
 */
void house_run(struct house *house, child_fn *fn);

/* ---- for that process ---- */

/* What the checker says of a backend from now on; the worker has not looked yet. */
void house_say(struct house *house, unsigned backend, enum board_health health, unsigned marks);

/* So many more clients, each with a session at a backend. Returns 0, or -1. */
int house_enter(struct house *house, unsigned count);

/* One turn of the worker. */
void house_turn(struct house *house);

enum house_end { HOUSE_OPEN, HOUSE_DATA, HOUSE_FIN, HOUSE_RESET };

/* What a client sees next, without waiting. */
enum house_end house_look(struct house *house, unsigned client);

/* How many clients have been reset; they have to be the first ones. */
unsigned house_reset_in_order(struct house *house);

/* Sessions at a backend; and those that ended there for that reason. */
unsigned house_active(const struct house *house, unsigned backend);
unsigned house_ends(const struct house *house, unsigned backend, enum board_end reason);

/* A connection that the worker has made to a backend; -1 when there is none. */
int house_accept(const struct house *house, unsigned backend);

#endif
