/*
 * The policies over a whole service, put to work: the members of struct target_shared are kept up
 * to date with what is judged of each target, and what follows for the others is published.
 */
#ifndef K0SLB_CHECKER_POLICY_H
#define K0SLB_CHECKER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "board/board-t.h"

#include "checker/say.h"

struct target;
struct target_shared;

/* Of one service. */
struct policy {
    bool serves;      /* its first round is over: who comes up from now on comes up beside others */
    bool holds;       /* see hold.h */
    bool doubts;      /* see doubt.h */
    bool is_stale;    /* something has changed, and the marks have not been looked at since */
    uint64_t next_ms; /* when they change by themselves; UINT64_MAX = never */
    struct say_service said;
    struct told worries; /* what was said of holds and doubts */
};

/*
 * Takes up a backend where the board has it: `known` is its health, `marks` those of its word, both
 * of its present life.
 */
void policy_take_up(struct target *target, unsigned marks);

/*
 * A probe has ended with that verdict, which has not been counted yet. Returns whether a bad answer
 * is to be held back, since all of the service answer badly at once.
 */
bool policy_note_verdict(struct target *target, bool good, enum board_check_code code);

/* Its health is another one, or a new life has begun. */
void policy_note_health(struct target *target);
void policy_forget(struct target *target);

/* Looks at what an administrator says of it. */
void policy_look(struct target *target);

/* Publishes the health word of one. Returns whether it is another one. */
bool policy_publish(struct target *target);

/* Tells the workers that health has changed; when the counter is full they have been told. */
void policy_announce(const struct target_shared *shared);

/*
 * After a turn: brings up to date the marks of all whom anything that has happened concerns, and
 * tells the workers when one is another one.
 */
void policy_settle(struct target_shared *shared);

/* Moves what is remembered by a time in which this process did not run. */
void policy_shift(struct target_shared *shared, uint64_t gap_ms);

#endif
