/*
 * A reload (HUP): a transaction over the running children. Until the one store that decides it,
 * anything that fails is undone and nothing running has been touched; see channel.h for the
 * messages. One at a time: HUPs that arrive meanwhile become one more, so the last file wins.
 */
#ifndef K0SLB_MASTER_RELOAD_H
#define K0SLB_MASTER_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/textbuf.h"
#include "channel/channel.h"
#include "conf/conf.h"
#include "conf/epoch.h"
#include "master/listeners.h"
#include "master/reload_log.h"

struct child;
struct master;

enum reload_phase {
    RELOAD_NONE,
    RELOAD_PREPARING, /* READY is awaited from everyone, for RELOAD_READY_MS */
    RELOAD_CHANGING,  /* decided: DONE, and the old checker's end, are awaited */
};

#define RELOAD_READY_MS 2000

/* Between two reloads: HUPs that come one upon the other are few of them. */
#define RELOAD_PAUSE_MS 50

/* What a reload owns until it is over. */
struct reload {
    enum reload_phase phase;
    bool again;              /* another HUP has come, and its reload has not begun */
    bool is_late;            /* decided, and somebody has not changed over in time */
    uint64_t transaction;    /* of this one; numbers are never used twice */
    struct child *successor; /* the new checker, until it has begun */
    uint64_t mark;           /* of the certificates and keys that the new checker reads */
    int epoch_fd;
    const struct epoch *epoch;
    struct listeners listeners; /* by the new epoch's index; those in force are kept */
    struct loop_timer deadline;
    uint64_t ended_ms;       /* when the one before was over; 0 = there was none */
    struct loop_timer pause; /* until the next one may begin */
    struct textbuf errors;   /* lines; of one that is over, until the next */
    struct reload_log log;
};

void reload_init(struct master *master);

/* Gives back what an unfinished one holds. */
void reload_fini(struct master *master);

/* HUP has come. */
void reload_request(struct master *master);

/* Whatever kept a reload from beginning is over: one that is wanted begins soon. */
void reload_resume(struct master *master);

bool reload_is_active(const struct master *master);

/* A child has answered; answers to another transaction mean nothing. */
void reload_answered(struct child *child, const struct channel_message *message);

/* A child has died: nobody waits for its answer. */
void reload_child_gone(struct child *child);

#endif
