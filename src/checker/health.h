/*
 * What a sequence of results makes of a backend: pure, no clock, no sockets.
 *
 *   state      good        good, but late   badly            not there        slow, late   reported
 *   ---------  ----------  ---------------  ---------------  ---------------  -----------  --------
 *   unchecked  up          up               down             down             -            -
 *   up         -           suspect          suspect          suspect ¹        suspect      suspect
 *   suspect    up          -                down at `fall` ² down at `fall` ¹ -            -
 *   down       up at `rise`, late or not    -                -                -            -
 *
 * ¹ A refused probe and a refused connection of a client's together are down at once, in either
 *   order; a good answer forgets both. `fall` and `rise` count results in a row; the first result
 *   of all decides alone.
 * ² Not while the rule has a hold: then it stays suspect, and what it answers badly is not counted.
 *
 * A suspect that may not be there is asked again soon (`urgent`); one that answers, badly or late,
 * is asked at the usual pace: it needs time more than questions.
 */
#ifndef K0SLB_CHECKER_HEALTH_H
#define K0SLB_CHECKER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "board/board-t.h"

struct health {
    enum board_health state; /* unchecked, up, suspect or down */
    uint16_t good;           /* results in a row; one of the two is 0 */
    uint16_t bad;
    bool probe_refused;  /* since the last good answer: a probe was refused */
    bool client_refused; /* the same of a client's connection */
    bool urgent;         /* the last that spoke against it says that it may not be there */
};

struct health_rule {
    uint32_t rise;
    uint32_t fall;
    bool hold; /* bad answers alone bring nobody down: they come from everywhere at once */
};

enum health_event {
    HEALTH_GOOD,             /* a probe had its answer */
    HEALTH_GOOD_LATE,        /* the same, after a time that counts against it */
    HEALTH_BADLY,            /* a probe's answer was bad, or did not come */
    HEALTH_NOT_THERE,        /* a probe failed by TCP or TLS */
    HEALTH_REFUSED,          /* the same, and by a refused connection */
    HEALTH_SLOW,             /* a probe still waits for TCP or TLS */
    HEALTH_LATE,             /* a probe has shaken hands and still waits for the answer */
    HEALTH_CLIENT_REFUSED,   /* a worker was refused */
    HEALTH_CLIENT_NO_ANSWER, /* a worker's connection timed out, was reset or left unanswered */
};

/* Takes one event. Returns whether the state has changed. */
bool health_apply(struct health *health, const struct health_rule *rule, enum health_event event);

/*
 * Whether slow evidence may make one of a service's backends suspect: of those that are up or
 * suspect, no fewer than half must stay up. A storm slows everybody, and must not drive all traffic
 * to the last one.
 */
bool health_may_suspect(unsigned up, unsigned suspect);

#endif
