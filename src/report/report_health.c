#include "report/report.h"

#include <string.h>

#include "report/words.h"

/* A process that shows no life for so long is told about. */
#define SILENT_AFTER_MS 10000

/* ---- /healthz ---- */

static void add_problem(struct textbuf *problems, const char *text)
{
    words_separate(problems, 0, "; ");
    textbuf_puts(problems, text);
}

static unsigned count_workers(const struct snapshot *snapshot, const char *state)
{
    unsigned count = 0;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->role == BOARD_ROLE_WORKER && process->alive && !process->orphan)
            count += strcmp(process->state, state) == 0;
    }
    return count;
}

static bool is_there(const struct snapshot *snapshot, enum board_role role)
{
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->role == role && process->alive && !process->orphan)
            return true;
    }
    return false;
}

static void add_workers(const struct snapshot *snapshot, struct textbuf *problems)
{
    unsigned running = count_workers(snapshot, "running");
    unsigned stalled = count_workers(snapshot, "stalled");

    if (stalled > 0) {
        words_separate(problems, 0, "; ");
        textbuf_printf(problems, "%u of %u workers stalled", stalled, snapshot->workers_wanted);
    }
    if (running + stalled < snapshot->workers_wanted) {
        words_separate(problems, 0, "; ");
        textbuf_printf(problems, "%u of %u workers missing",
                       snapshot->workers_wanted - running - stalled, snapshot->workers_wanted);
    }
}

static void add_master(const struct snapshot *snapshot, struct textbuf *problems)
{
    if (!snapshot->master_alive)
        add_problem(problems, "the master is dead");
    else if (snapshot->master_age_ms > SILENT_AFTER_MS)
        add_problem(problems, "the master does not answer");
}

static void add_others(const struct snapshot *snapshot, struct textbuf *problems)
{
    if (!is_there(snapshot, BOARD_ROLE_CHECKER))
        add_problem(problems, "the checker is missing");
    else if (snapshot->checker_age_ms > SILENT_AFTER_MS)
        add_problem(problems, "the checker does not answer");
    if (snapshot->stats_listener_count > 0 && !is_there(snapshot, BOARD_ROLE_STATS))
        add_problem(problems, "the stats process is missing");
}

int report_healthz(const struct snapshot *snapshot, struct textbuf *out)
{
    struct textbuf problems;
    bool serves = count_workers(snapshot, "running") > 0;

    if (snapshot->admin == BOARD_ADMIN_MAINT) {
        textbuf_puts(out, "maint\n");
        return 503;
    }
    textbuf_init(&problems, 1024);
    add_master(snapshot, &problems);
    add_workers(snapshot, &problems);
    add_others(snapshot, &problems);
    if (problems.length == 0)
        textbuf_puts(out, "ok\n");
    else
        textbuf_printf(out, "%s: %s\n", serves ? "degraded" : "no worker serves", problems.data);
    textbuf_fini(&problems);
    return serves ? 200 : 503;
}

/* ---- /readyz ---- */

static bool is_ready(const struct snapshot_service *service)
{
    if (!service->enabled)
        return false;
    for (size_t i = 0; i < service->backend_count; i++) {
        enum snapshot_status status = service->backends[i].status;

        if (status == STATUS_UP || status == STATUS_SUSPECT)
            return true;
    }
    return false;
}

static void say_why_not(const struct snapshot_service *service, struct textbuf *out)
{
    words_safe(out, service->name);
    if (!service->enabled) {
        textbuf_puts(out, ": disabled");
        return;
    }
    textbuf_puts(out, ": no backend is up: ");
    words_backends(out, service);
}

static int answer_for(const struct snapshot_service *service, struct textbuf *out)
{
    if (is_ready(service)) {
        textbuf_puts(out, "ok\n");
        return 200;
    }
    say_why_not(service, out);
    textbuf_puts(out, "\n");
    return 503;
}

static int answer_for_all(const struct snapshot *snapshot, struct textbuf *out)
{
    size_t start = out->length;
    size_t enabled = 0;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        enabled += service->enabled;
        if (!service->enabled || is_ready(service))
            continue;
        words_separate(out, start, "; ");
        say_why_not(service, out);
    }
    if (enabled == 0)
        textbuf_puts(out, "no service is enabled");
    if (out->length == start) {
        textbuf_puts(out, "ok\n");
        return 200;
    }
    textbuf_puts(out, "\n");
    return 503;
}

int report_readyz(const struct snapshot *snapshot, const char *service, struct textbuf *out)
{
    const struct snapshot_service *found =
        snapshot_service_named(snapshot, service != NULL ? service : "kubeAPI");

    if (service != NULL && found == NULL) {
        textbuf_puts(out, "no such service\n");
        return 404;
    }
    if (service == NULL && (found == NULL || !found->enabled))
        return answer_for_all(snapshot, out);
    return answer_for(found, out);
}
