/* `stop`, of a living instance and of what a dead one has left. */
#ifndef K0SLB_CONTROL_STOP_H
#define K0SLB_CONTROL_STOP_H

#include "control/members.h"
#include "control/verb.h"

/*
 * Ends what a dead master has left running, under the instance's lock, and removes its segment,
 * lock and pid file. Returns the exit status.
 */
int stop_left_over(const struct control *control, const char *name);

/* Says which of the members still live. */
void stop_complain_about_alive(const char *what, const struct members *members);

/* Says that the system refused it, with errno, and what to do. Returns CONTROL_REFUSED. */
int stop_refuse(const char *name, const char *what, int error);

#endif
