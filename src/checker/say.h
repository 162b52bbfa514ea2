/*
 * What the log is told of backends and services: each change of state, with what has brought it
 * about. One that changes too often is told at times; what it came to in the end is told in any
 * case, as soon as there is room, with how many changes were not.
 */
#ifndef K0SLB_CHECKER_SAY_H
#define K0SLB_CHECKER_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/told.h"
#include "board/board-t.h"

struct target;
struct target_shared;

/* Of one backend or service, and of all of them together. */
#define SAY_PACE     ((struct told_pace){.burst = 10, .every_ms = 6000})
#define SAY_ALL_PACE ((struct told_pace){.burst = 100, .every_ms = 10})

/* Of what speaks for a whole service, and of what keeps this machine from probing. */
#define SAY_SELDOM_PACE ((struct told_pace){.burst = 5, .every_ms = 10000})

/* Why a backend is what it is. */
struct say_cause {
    enum board_check_code code; /* CHECKED_NONE: no probe's result, the words say it all */
    uint16_t status;            /* of HTTP; 0 = none */
    char words[BOARD_DESCRIPTION_SIZE + 32];
    char count[48]; /* how it counts: "" or " (3 of 3)" */
};

struct say_backend {
    enum board_health seen; /* what it is */
    enum board_health said; /* what it was when that was last told */
    uint64_t seen_ms;       /* since when; mono_ms(), 0 = not known */
    uint64_t said_ms;
    bool is_owed; /* what it is has not been told */
    struct told told;
    struct say_cause cause;
};

struct say_service {
    bool is_known;
    bool is_owed;
    uint8_t seen; /* enum snapshot_service_status */
    uint8_t said;
    uint64_t seen_ms;
    uint64_t said_ms;
    struct told told;
};

/* Takes up what others have been told: from here on changes are. A service after its backends. */
void say_take_up_backend(struct target *target);
void say_take_up_service(struct target_shared *shared, unsigned index);

/* Looks at what the board has of a backend, or of a service and all of its backends. */
void say_backend(struct target *target);
void say_service(struct target_shared *shared, unsigned index);

/* At times: tells what there was no room for. */
void say_owed(struct target_shared *shared);

#endif
