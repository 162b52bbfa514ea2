/*
 * A few descriptors that a child keeps for the moment when it has no others left: what the master
 * passes with a message is lost for good when there is no number for it (recvmsg(2), MSG_CTRUNC),
 * and the hour in which descriptors run out is the one in which an administrator reloads.
 */
#ifndef K0SLB_ROLE_SPARE_H
#define K0SLB_ROLE_SPARE_H

/* Room for an epoch and some new listening sockets. */
#define SPARE_COUNT 4

struct spare {
    int fds[SPARE_COUNT]; /* -1 = could not be had */
};

/* Nothing is kept yet. */
void spare_init(struct spare *spare);

/* Takes what is missing, as far as it can be had. */
void spare_take(struct spare *spare);

/* Gives up all of them: so many numbers are free until the next spare_take(). */
void spare_give(struct spare *spare);

#endif
