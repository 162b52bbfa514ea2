#include "report/summary.h"

#include <string.h>

#include "base/mono.h"
#include "report/words.h"

/* ---- services ---- */

/* "1 degraded (kubeAPI)"; nothing when none is in that state. */
static void add_services_in_state(const struct snapshot *snapshot,
                                  enum snapshot_service_status status, struct textbuf *out)
{
    const char *before = " (";
    unsigned count = 0;

    for (size_t i = 0; i < snapshot->service_count; i++)
        count += snapshot->services[i].status == status;
    if (count == 0)
        return;
    textbuf_printf(out, "%u %s", count, snapshot_service_status_name(status));
    for (size_t i = 0; status > SERVICE_UP && i < snapshot->service_count; i++) {
        if (snapshot->services[i].status != status)
            continue;
        textbuf_puts(out, before);
        words_safe(out, snapshot->services[i].name);
        before = ", ";
    }
    textbuf_puts(out, status > SERVICE_UP ? ")" : "");
}

void summary_services(const struct snapshot *snapshot, struct textbuf *out)
{
    static const enum snapshot_service_status order[] = {SERVICE_DOWN, SERVICE_DEGRADED, SERVICE_UP,
                                                         SERVICE_DISABLED};
    size_t start = out->length;

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct textbuf one;

        textbuf_init(&one, 8192);
        add_services_in_state(snapshot, order[i], &one);
        if (one.length > 0) {
            words_separate(out, start, ", ");
            textbuf_puts(out, one.data);
        }
        textbuf_fini(&one);
    }
    if (out->length == start)
        textbuf_puts(out, "none");
}

void summary_warnings(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_printf(out, "%zu, see below", snapshot->warning_count);
}

/* ---- reloads ---- */

void summary_reload(const struct snapshot *snapshot, struct textbuf *out)
{
    char at[WALL_TEXT_SIZE];
    char age[AGE_TEXT_SIZE];
    uint64_t ago =
        snapshot->taken_ms > snapshot->reload_ms ? snapshot->taken_ms - snapshot->reload_ms : 0;

    wall_format(snapshot->reload_ms, at);
    age_format(ago / 1000, age);
    if (snapshot->reload_ms == snapshot->started_ms)
        textbuf_printf(out, "no reload since the start at %s", at);
    else if (snapshot->reload_ok)
        textbuf_printf(out, "last reload ok, %s ago (%s)", age, at);
    else
        textbuf_printf(out, "LAST RELOAD FAILED %s ago (%s), what was there stays in force", age,
                       at);
}

/* ---- processes ---- */

struct worker_count {
    unsigned workers;
    unsigned sessions;
};

static struct worker_count count_workers(const struct snapshot *snapshot, const char *state)
{
    struct worker_count count = {0};

    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->role != BOARD_ROLE_WORKER || process->orphan || !process->alive ||
            strcmp(process->state, state) != 0)
            continue;
        count.workers++;
        count.sessions += process->sessions;
    }
    return count;
}

void summary_workers(const struct snapshot *snapshot, struct textbuf *out)
{
    static const char *const others[] = {"starting", "draining", "stalled"};
    struct worker_count running = count_workers(snapshot, "running");
    unsigned sessions = running.sessions;

    textbuf_printf(out, "%u of %u running", running.workers, snapshot->workers_wanted);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct worker_count count = count_workers(snapshot, others[i]);

        if (count.workers > 0)
            textbuf_printf(out, ", %u %s", count.workers, others[i]);
        sessions += count.sessions;
    }
    textbuf_printf(out, ", %u session%s open", sessions, sessions == 1 ? "" : "s");
}

static void list_processes(const struct snapshot *snapshot, bool orphans_alone, struct textbuf *out)
{
    size_t start = out->length;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (!process->alive || (orphans_alone && !process->orphan))
            continue;
        words_separate(out, start, ", ");
        words_process(out, process);
        textbuf_printf(out, " (pid %d)", (int)process->pid);
    }
    if (out->length == start)
        textbuf_puts(out, "none");
}

void summary_living(const struct snapshot *snapshot, struct textbuf *out)
{
    list_processes(snapshot, false, out);
}

void summary_orphans(const struct snapshot *snapshot, struct textbuf *out)
{
    list_processes(snapshot, true, out);
    textbuf_puts(out, ": of an earlier master, finishing");
}

bool summary_has_orphans(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->process_count; i++) {
        if (snapshot->processes[i].orphan && snapshot->processes[i].alive)
            return true;
    }
    return false;
}
