#include "control/admin.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/mono.h"
#include "base/strnum.h"
#include "control/verb.h"
#include "report/words.h"

#define LOOK_MS    200
#define TEXT_LIMIT 8192

/* No session is left when none has been there for so long: a worker that chose the backend just
 * before it read the word has counted its session by then. */
#define QUIET_MS 600

enum progress {
    PROGRESS_NONE, /* not yet */
    PROGRESS_DONE,
    PROGRESS_UNDONE, /* somebody else has said something else, or a reload has taken it away */
};

/* ---- one look ---- */

/* Whether what was said still holds; maint is more than drain. */
static bool is_still_said(const struct admin_plan *plan, enum board_admin_state state)
{
    return state == plan->state || (plan->state == BOARD_ADMIN_DRAIN && state == BOARD_ADMIN_MAINT);
}

static bool is_up(const struct admin_plan *plan, const struct snapshot_service *service,
                  const struct snapshot_backend *backend)
{
    return backend->status == STATUS_UP &&
           (service->check == CHECK_NONE || backend->check.at_ms > plan->said_ms);
}

/* Notes in `missing` what keeps a backend from being what was said. */
static void look_at(const struct admin_plan *plan, const struct snapshot_service *service,
                    const struct snapshot_backend *backend, struct textbuf *missing)
{
    if (plan->state != BOARD_ADMIN_READY) {
        if (backend->counts.active == 0)
            return;
        words_separate(missing, 0, ", ");
        textbuf_printf(missing, "%s has %u session%s", service->name,
                       (unsigned)backend->counts.active, backend->counts.active == 1 ? "" : "s");
        return;
    }
    if (!service->enabled || is_up(plan, service, backend))
        return;
    words_separate(missing, 0, ", ");
    textbuf_printf(missing, "%s is %s", service->name, snapshot_status_name(backend->status));
}

/* What a reload has taken away may have sessions still, and they are on the same machine. */
static void look_at_removed(const struct admin_plan *plan, const struct board *board,
                            struct textbuf *missing)
{
    uint32_t sessions = 0;

    for (unsigned i = 0; i < board_master(board)->layout.backends; i++) {
        const struct board_backend *slot = board_backend(board, i);

        if (atomic_load(&slot->state) == BOARD_SLOT_REMOVED &&
            strncmp(slot->name, plan->controller, sizeof(slot->name)) == 0)
            sessions += board_active(board, i);
    }
    if (sessions == 0)
        return;
    words_separate(missing, 0, ", ");
    textbuf_printf(missing, "%u in what a reload has taken away", (unsigned)sessions);
}

/* Those of an earlier start keep sessions that this board does not count. */
static void look_at_orphans(const struct snapshot *snapshot, struct textbuf *missing)
{
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (!process->orphan || !process->alive || process->role != BOARD_ROLE_WORKER)
            continue;
        words_separate(missing, 0, ", ");
        textbuf_printf(missing, "worker (pid %d) of an earlier start has sessions",
                       (int)process->pid);
    }
}

static enum progress look_at_all(const struct admin_plan *plan, const struct snapshot *snapshot,
                                 struct textbuf *missing)
{
    unsigned meant = 0;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t j = 0; j < service->backend_count; j++) {
            const struct snapshot_backend *backend = &service->backends[j];

            if (!admin_means(plan, service, backend))
                continue;
            meant++;
            if (!is_still_said(plan, backend->admin)) {
                control_complain("%s: somebody has said %s meanwhile in %s", backend->name,
                                 board_admin_name(backend->admin), service->name);
                return PROGRESS_UNDONE;
            }
            look_at(plan, service, backend, missing);
        }
    }
    if (meant == 0) {
        control_complain("%s: a reload has taken it away meanwhile", plan->controller);
        return PROGRESS_UNDONE;
    }
    if (plan->state != BOARD_ADMIN_READY)
        look_at_orphans(snapshot, missing);
    return missing->length == 0 ? PROGRESS_DONE : PROGRESS_NONE;
}

static bool is_anyone_alive(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->process_count; i++) {
        if (snapshot->processes[i].alive)
            return true;
    }
    return snapshot->master_alive;
}

static int look_at_board(const struct admin_plan *plan, const struct board *board,
                         enum progress *progress, struct textbuf *missing)
{
    struct snapshot *snapshot = snapshot_take(board);
    bool is_alive;

    if (snapshot == NULL) {
        control_explain(plan->instance, ENOMEM);
        return -1;
    }
    textbuf_clear(missing);
    if (plan->state != BOARD_ADMIN_READY && plan->service == NULL)
        look_at_removed(plan, board, missing);
    *progress = look_at_all(plan, snapshot, missing);
    is_alive = is_anyone_alive(snapshot);
    snapshot_free(snapshot);
    if (is_alive)
        return 0;
    control_complain("%s does not run any more: its processes are dead", plan->instance);
    return -1;
}

/* The board is opened anew each time: a restart makes another one. -1 when nothing runs. */
static int look(const struct admin_plan *plan, enum progress *progress, struct textbuf *missing)
{
    struct board *board = board_open(plan->instance);
    int result;

    if (board == NULL) {
        control_explain(plan->instance, errno);
        return -1;
    }
    result = look_at_board(plan, board, progress, missing);
    board_close(board);
    return result;
}

/* ---- the end ---- */

static int say_done(const struct admin_plan *plan)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, TEXT_LIMIT);
    textbuf_puts(&text, plan->controller);
    if (plan->state == BOARD_ADMIN_READY)
        textbuf_puts(&text, ": up");
    else
        textbuf_puts(&text, ": no session is left");
    if (plan->service != NULL)
        textbuf_printf(&text, " in %s", plan->service);
    else if (plan->state != BOARD_ADMIN_READY)
        textbuf_puts(&text, ": safe to upgrade");
    textbuf_puts(&text, "\n");
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

static int say_too_late(const struct admin_plan *plan, const struct textbuf *missing)
{
    char timeout[STRNUM_DURATION_SIZE];

    strnum_format_duration(plan->timeout_ms, timeout);
    control_complain("%s: not %s after %s: %s", plan->controller,
                     plan->state == BOARD_ADMIN_READY ? "up" : "without sessions", timeout,
                     missing->length > 0 ? missing->data : "it has only just come to that");
    return CONTROL_REFUSED;
}

static int wait_for_it(const struct admin_plan *plan, struct textbuf *missing)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    const uint64_t quiet_ms = plan->state == BOARD_ADMIN_READY ? 0 : QUIET_MS;
    uint64_t began_ms = mono_ms();
    uint64_t quiet_since_ms = began_ms;

    for (;;) {
        enum progress progress;

        if (look(plan, &progress, missing) == -1)
            return CONTROL_NOT_RUNNING;
        if (progress == PROGRESS_UNDONE)
            return CONTROL_REFUSED;
        if (progress == PROGRESS_NONE)
            quiet_since_ms = mono_ms();
        else if (mono_ms() - quiet_since_ms >= quiet_ms)
            return say_done(plan);
        if (plan->timeout_ms > 0 && mono_ms() - began_ms >= plan->timeout_ms)
            return say_too_late(plan, missing);
        nanosleep(&pause, NULL);
    }
}

int admin_wait(const struct admin_plan *plan)
{
    struct textbuf missing;
    int status;

    textbuf_init(&missing, TEXT_LIMIT);
    status = wait_for_it(plan, &missing);
    textbuf_fini(&missing);
    return status;
}
