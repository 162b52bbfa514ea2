/*
 * The channel between the master and one child: a SOCK_SEQPACKET pair (unix(7)) that carries small
 * messages and descriptors. Its end of file tells a child that its master is gone.
 */
#ifndef K0SLB_CHANNEL_CHANNEL_H
#define K0SLB_CHANNEL_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

#define CHANNEL_MAX_FDS 200

/*
 * A reload's transaction: PREPARE goes to everyone, READY or REFUSED comes back; then ABORT, or,
 * once the board says that it is decided, COMMIT, which is answered by DONE. An answer carries its
 * question's transaction number; one of another transaction means nothing.
 */
enum channel_type {
    CHANNEL_BORN = 1,    /* child: at work, or a successor that waits for BEGIN */
    CHANNEL_CHECKS_DONE, /* checker: the first round of probes is over */
    CHANNEL_LACKS_FILES, /* checker: it could not use all certificates and keys that it should */
    CHANNEL_PREPARE,     /* master: descriptors are the new epoch, then the new listeners */
    CHANNEL_READY,       /* child: could change over */
    CHANNEL_REFUSED,     /* child: could not */
    CHANNEL_ABORT,       /* master: forget it */
    CHANNEL_COMMIT,      /* master: change over */
    CHANNEL_DONE,        /* child: has changed over, and closed what was removed */
    CHANNEL_BEGIN,       /* master, to a successor: your predecessor is gone, work */
};

struct channel_message {
    uint32_t type;        /* enum channel_type */
    uint32_t fd_count;    /* descriptors that came, or go, with it */
    uint64_t transaction; /* an answer carries the number of its question */
};

/* Makes a pair, both ends non-blocking and close-on-exec. 0, or -1 with errno of socketpair(2). */
int channel_open(int ends[2]) MUST_CHECK;

/*
 * Sends a message with fds[message->fd_count]. Never waits: returns 0, or -1 with errno, EAGAIN
 * when the other end does not read, EPIPE when it is gone. The descriptors stay the caller's.
 */
int channel_send(int fd, const struct channel_message *message, const int *fds) MUST_CHECK;

/*
 * Takes one message; its descriptors, close-on-exec and now the caller's, are put into
 * fds[CHANNEL_MAX_FDS]. Returns 1, 0 at the end of file, or -1 with errno: EAGAIN when there is
 * none, EBADMSG for one that is malformed, EMFILE for one whose descriptors found no room here:
 * what else it says is in *message, and those that came are closed.
 */
int channel_receive(int fd, struct channel_message *message, int *fds) MUST_CHECK;

#endif
