/* The processes that belong to an instance, dead or alive, as its segment lists them. */
#ifndef K0SLB_CONTROL_MEMBERS_H
#define K0SLB_CONTROL_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/board-t.h"

struct member {
    pid_t pid;
    uint64_t start_time;
    enum board_role role; /* BOARD_ROLE_NONE = the master */
};

struct members {
    uid_t owner; /* of the segment */
    size_t count;
    struct member list[1 + BOARD_MAX_CHILDREN]; /* the master first */
};

/* Reads them, of whatever version. Returns 0, or -1 with errno of board_prefix_read(). */
int members_read(struct members *members, const char *name) MUST_CHECK;

bool member_is_alive(const struct member *member);

/*
 * Sends a signal to exactly that process. A segment that is not root's lists what its owner likes:
 * then it reaches no process but that owner's. Returns 0, or -1 with errno: ESRCH when it is gone,
 * EPERM when the caller may not, or the owner could not.
 */
int member_signal(const struct members *members, const struct member *member,
                  int signal) MUST_CHECK;

size_t members_alive(const struct members *members);

/* Appends "master (pid 12), worker (pid 13)": those that live. */
void members_name_alive(const struct members *members, struct textbuf *out);

/* Signals all that live but the master. Returns 0, or -1 with the errno of the last that failed. */
int members_signal_children(const struct members *members, int signal) MUST_CHECK;

/* Waits until none lives, for so long at most. Returns whether it came to that. */
bool members_wait_until_gone(const struct members *members, unsigned within_ms);

#endif
