/*
 * Two network namespaces with a wire between them: this program, and whatever it starts, lives in
 * the near one, and sockets that it opens in the far one belong to machines that can vanish without
 * a word. Only for root, and with ip(8).
 */
#ifndef K0SLB_TESTS_SYSTEM_FAR_H
#define K0SLB_TESTS_SYSTEM_FAR_H

#include "base/addr.h"
#include "base/defs.h"

/* Makes both and moves this program into the near one: before any thread. 0, or -1. */
int far_enter(void) MUST_CHECK;

/* Where the calling thread's next sockets belong; a listening socket's connections go with it. */
void far_go(void);
void far_return(void);

/* The ends of the wire, with port 0. */
struct addr far_address(void);
struct addr far_near_address(void);

enum far_loss {
    FAR_SWALLOWED, /* everything is sent to a machine that does not exist */
    FAR_UNKNOWN,   /* and from the near end nothing is, since nobody says where to */
};

/* From now on nothing arrives at either end; and everything again. */
void far_vanish(enum far_loss loss);
void far_appear(void);

#endif
