/* A child's life from the inside: shared by the files of this room, nobody else's business. */
#ifndef K0SLB_ROLE_ROLE_LIFE_H
#define K0SLB_ROLE_ROLE_LIFE_H

#include <stdbool.h>

#include "base/loop.h"
#include "role/role.h"
#include "role/spare.h"
#include "role/transaction.h"

struct role_life {
    const struct role_birth *birth;
    const struct role_ops *ops;
    void *state;
    struct loop *loop;
    struct loop_watch signals;
    struct loop_watch channel;
    struct spare spare;
    struct loop_timer heartbeat;
    struct role_terms terms;
    struct transaction transaction;
    bool listens; /* until role_close_listeners() */
    bool begun;
    bool finished;
    bool hurried;
};

/* The birth checklist. 0, or -1 with a line logged; what it made is in *life either way. */
int birth_check_off(struct role_life *life) MUST_CHECK;

/* Steps that short-lived children take as well. */
void birth_speak(const char *instance, const char *name, int log);
void birth_ignore_terminal(void);
int birth_failed(const char *what);

/* The role itself begins to work; once. 0, or -1. */
int role_begin(struct role_life *life) MUST_CHECK;

/* Listens to the master from now on. 0, or -1 with errno. */
int obey_watch(struct role_life *life) MUST_CHECK;

#endif
