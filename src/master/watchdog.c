#include "master/watchdog.h"

#include <signal.h>

#include "base/log.h"
#include "base/mono.h"
#include "base/process.h"
#include "master/master_state.h"

#define STALLED_MS  10000
#define SPINNING_MS 60000

/* A look that comes later than this says that the master did not run. */
#define LATE_MS 3000

static bool is_stalled(const struct master *master, const struct child *child, uint64_t now)
{
    const struct board_worker *worker = board_worker(master->board, child->slot);
    uint64_t beat = worker == NULL ? 0 : atomic_load(&worker->heartbeat_ms);

    return beat != 0 && now > beat && now - beat > STALLED_MS;
}

static void look_at(struct master *master, struct child *child, uint64_t now, uint64_t passed)
{
    uint64_t *spinning = &master->watchdog.spinning_ms[child->slot];

    if (child->pid == 0 || !is_stalled(master, child, now) || process_state(child->pid) != 'R') {
        *spinning = 0;
        return;
    }
    *spinning += passed;
    if (*spinning < SPINNING_MS)
        return;
    log_error("%s (pid %d) has been spinning for a minute: killed", child->name, (int)child->pid);
    *spinning = 0;
    /* Not reaped yet, so the pid is still this child's. */
    (void)!kill(child->pid, SIGKILL);
}

void watchdog_look(struct master *master)
{
    struct watchdog *watchdog = &master->watchdog;
    uint64_t now = mono_ms();
    uint64_t passed = now - watchdog->last_ms;

    watchdog->last_ms = now;
    if (passed > LATE_MS)
        return;
    for (unsigned i = 0; i < CHILD_MOST; i++) {
        if (master->children[i].role == BOARD_ROLE_WORKER)
            look_at(master, &master->children[i], now, passed);
    }
}
