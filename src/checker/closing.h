/*
 * Whether the sessions of a backend are to be closed. Pure.
 *
 *   on_down   it is down and not there (L4*, L6*)   it is down   it has answered badly (L7*) for
 *                                                                unready_close, if that is not 0
 *   -------   -----------------------------------   ----------   ------------------------------
 *   dead      close                                 -            close
 *   close     close                                 close        close
 *   keep      -                                     -            -
 *
 * One that is not there is closed only once another one is known to be well since: else it may be
 * this machine that has lost its network (is_unproven). One that hangs has waited for its probes
 * while the others were asked, so that this costs no time.
 *
 * Nothing is closed while there is no other place for those clients: another backend of the service
 * that is up and takes new connections (group_takes_new(): neither blocked, in drain or maint, nor
 * of weight 0, for none of these would get the client that comes back). Nothing is closed at a
 * backend in maint: nobody asks it, so what is known may be long over.
 */
#ifndef K0SLB_CHECKER_CLOSING_H
#define K0SLB_CHECKER_CLOSING_H

#include <stdint.h>

#include "checker/group.h"
#include "conf/conf.h"

struct closing_rule {
    enum conf_on_down on_down;
    uint64_t unready_close_ms; /* 0 = never for that */
};

/* BOARD_MARK_CLOSE or 0 for one member. To be asked again when anything changes in the group. */
unsigned closing_mark(const struct group *group, unsigned index, const struct closing_rule *rule,
                      uint64_t now_ms);

/*
 * When closing_mark() of any of the group says something else though nothing has changed but the
 * time; later than now. UINT64_MAX = never.
 */
uint64_t closing_next(const struct group *group, const struct closing_rule *rule, uint64_t now_ms);

#endif
