/*
 * Certificates and keys that change under a running balancer. Every 10 s the master looks whether
 * their files are still the ones that the checker has read, by stat(2) alone; a change replaces the
 * checker by one that has read the new ones, as a reload does, with nothing else touched. Files
 * that are bad leave the checker as it is and raise a warning on the board.
 */
#ifndef K0SLB_MASTER_RENEWAL_H
#define K0SLB_MASTER_RENEWAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "conf/epoch.h"
#include "probe/credentials.h"

struct child;
struct master;

#define RENEWAL_LOOK_MS 10000

enum renewal_phase {
    RENEWAL_NONE,
    RENEWAL_PREPARING, /* the new checker reads the files */
    RENEWAL_CHANGING,  /* decided: the old one's end is awaited */
};

struct renewal {
    enum renewal_phase phase;
    struct child *successor; /* the new checker, until it has begun */
    uint64_t mark;           /* keyring_mark() just before the checker was born */
    bool lacks_files;        /* it could not use them all, and has begun without */
    uint64_t next_mark;      /* the same of the new one */
    uint64_t bad_mark; /* of files that could not be used at the last look; 0 = there are none */
    char reason[CREDENTIALS_ERROR_SIZE]; /* that the warning gives; "" = there is no warning */
    bool said_lacks;                     /* it says that the checker asks without them */
    struct loop_timer due;
    struct loop_timer deadline;
};

/* The loop can run: looks every RENEWAL_LOOK_MS. */
void renewal_begin(struct master *master);

bool renewal_is_active(const struct master *master);

/* A checker that succeeds nobody is about to be forked: it takes the files as they are. */
void renewal_expect(struct master *master, const struct epoch *epoch);

/* A reload was decided; its checker has read the files that had this mark. */
void renewal_settle(struct master *master, uint64_t mark);

/* A checker has said that it could not use all of its files. */
void renewal_lacks_files(const struct child *child);

/* A child is at work, or has died: the new checker, or the old one. */
void renewal_born(struct child *child);
void renewal_child_gone(struct child *child);

#endif
