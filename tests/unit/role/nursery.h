/* A child of the balancer with a role made for tests, and what its master would have of it. */
#ifndef K0SLB_TESTS_UNIT_ROLE_NURSERY_H
#define K0SLB_TESTS_UNIT_ROLE_NURSERY_H

#include <stdatomic.h>

#include "role/role.h"

#define NURSERY_MOST_FDS 32

struct nursery;

/* What the child tells, in memory that both share. */
struct diary {
    _Atomic int prepared;
    _Atomic int started;
    _Atomic int heartbeats;
    _Atomic int drained;
    _Atomic int stopped;
    _Atomic int turns;
    _Atomic int wants_more_turns; /* turn() hurries until so many have been */
    uint32_t prepared_uid;
    int fd_count; /* at start(), below */
    int fds[NURSERY_MOST_FDS];
    char links[NURSERY_MOST_FDS][64]; /* what each leads to */
};

/* How a test wants the child to be. */
struct nursery_plan {
    enum board_role role;
    unsigned slot;
    bool change_user;
    uint32_t uid;
    uint32_t gid;
    bool fail_prepare;
    bool fail_start;
    bool is_unnoted;   /* its master dies before it has noted it on the board */
    uint32_t born_uid; /* other than 0: the child is that user from the start */
    /* Runs in the child at start(), with CHILD_EXPECT; may be NULL. */
    void (*look)(struct nursery *nursery);
};

struct nursery {
    struct nursery_plan plan;
    struct role_birth birth;
    struct board *board;
    const struct epoch *epoch;
    struct diary *diary;
    struct role_life *life; /* in the child */
    int listeners[4];       /* 0 and 1 of services, 2 of stats, 3 is -1 */
    int channel;            /* the master's end */
    int log;                /* the reading end */
    pid_t pid;
};

/* Makes all that a child inherits, and forks it. The test ends when that fails. */
void nursery_open(struct nursery *nursery, const struct nursery_plan *plan);

/* Waits until the number is at least that; false when the child ended, or after 20 s. */
bool nursery_await(const struct nursery *nursery, const _Atomic int *number, int least);

/* Waits for the child's end and returns its status as child_wait(); closes everything else. */
int nursery_close(struct nursery *nursery);

/* Whether the child's log, which is read to its end, holds that text. After the child's end. */
bool nursery_logged(struct nursery *nursery, const char *text);

#endif
