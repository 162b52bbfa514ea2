#include "master/watchdog.h"

#include <signal.h>

#include "base/log.h"
#include "base/mono.h"
#include "base/process.h"
#include "master/master_state.h"
#include "master/process_log.h"

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

/* The next one in its place begins anew. */
static void note_stall(struct watchdog *watchdog, const struct child *child, bool stalls)
{
    struct process_log what = process_log_of(child, stalls ? "stalled" : "running");
    bool was_stalled = watchdog->is_stalled[child->slot];

    watchdog->is_stalled[child->slot] = stalls;
    if (stalls && !was_stalled)
        process_log_say(LOG_LEVEL_WARNING, &what, "%s (pid %d) has not run for %d seconds",
                        child->name, (int)child->pid, STALLED_MS / 1000);
    else if (was_stalled && !stalls && child->pid != 0)
        process_log_say(LOG_LEVEL_NOTICE, &what, "%s (pid %d) runs again", child->name,
                        (int)child->pid);
}

static void look_at(struct master *master, struct child *child, uint64_t now, uint64_t passed)
{
    uint64_t *spinning = &master->watchdog.spinning_ms[child->slot];
    bool stalls = child->pid != 0 && is_stalled(master, child, now);
    struct process_log what = process_log_of(child, "spinning");

    note_stall(&master->watchdog, child, stalls);
    if (!stalls || process_state(child->pid) != 'R') {
        *spinning = 0;
        return;
    }
    *spinning += passed;
    if (*spinning < SPINNING_MS)
        return;
    process_log_say(LOG_LEVEL_ERROR, &what, "%s (pid %d) has been spinning for a minute: killed",
                    child->name, (int)child->pid);
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
