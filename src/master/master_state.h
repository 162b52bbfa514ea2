/* What the master knows: the state that its files share. */
#ifndef K0SLB_MASTER_MASTER_STATE_H
#define K0SLB_MASTER_MASTER_STATE_H

#include <stdbool.h>

#include "base/loop.h"
#include "board/board.h"
#include "conf/epoch.h"
#include "master/announce.h"
#include "master/child.h"
#include "master/listeners.h"
#include "master/logger.h"
#include "master/monitor.h"
#include "master/reload.h"
#include "master/renewal.h"
#include "master/resolver.h"
#include "master/takeover.h"
#include "master/watchdog.h"

enum master_state {
    MASTER_RUNNING,
    MASTER_DRAINING,      /* QUIT: workers finish their sessions, then it stops */
    MASTER_STOPPING,      /* TERM: children are ending */
    MASTER_STEPPING_DOWN, /* USR2: it leaves, and they go on */
};

struct master {
    enum master_state state;
    bool wants_to_leave; /* USR2 has come */
    bool gives_up;       /* no worker can live: see master_give_up() */
    bool is_daemon;
    char name[CONF_NAME_SIZE]; /* of the instance */
    char *path;                /* of the configuration file; owned */
    struct loop *loop;
    const struct epoch *epoch;
    struct board *board;
    bool is_published; /* the board has its name */
    int lock;          /* the instance lock: no child keeps it */
    int look_event;
    int health_event;
    struct listeners listeners;
    struct logger logger;
    struct monitor monitor;
    struct loop_watch signals;
    struct loop_timer second;
    struct loop_timer kill; /* while stopping: who has not ended by then is killed */
    struct reload reload;
    struct renewal renewal;
    struct resolver resolver;
    struct announce announce;
    struct takeover takeover;
    struct watchdog watchdog;
    struct child children[CHILD_MOST];
};

/* A start that does not serve ends: its own children stop, those of an earlier master go on. */
void master_give_up(struct master *master);

#endif
