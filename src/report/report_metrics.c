#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "report/health_word.h"
#include "report/metric.h"

/* ---- the balancer ---- */

/* A sample with one label, whose value is not the project's own text. */
static void put_labelled(struct promtext *prom, const char *name, const char *value,
                         uint64_t number)
{
    struct textbuf labels;

    textbuf_init(&labels, METRIC_LABELS_SIZE);
    promtext_label(&labels, name, value);
    if (labels.data != NULL)
        promtext_sample(
            prom, &(struct promtext_key){.suffix = "", .labels = labels.data, .more = ""}, number);
    prom->out->truncated |= labels.truncated;
    textbuf_fini(&labels);
}

static void write_build(const struct metric_subject *subject, struct promtext *prom)
{
    put_labelled(prom, "version", subject->snapshot->version, 1);
}

static void write_ms(const struct metric_subject *subject, struct promtext *prom, uint64_t ms)
{
    struct promtext_key key = {.suffix = "", .labels = subject->labels, .more = ""};

    promtext_sample_scaled(prom, &key, ms, 3);
}

static void write_start(const struct metric_subject *subject, struct promtext *prom)
{
    write_ms(subject, prom, subject->snapshot->started_ms);
}

static void write_reload_time(const struct metric_subject *subject, struct promtext *prom)
{
    write_ms(subject, prom, subject->snapshot->reload_ms);
}

static void write_silence(const struct metric_subject *subject, struct promtext *prom)
{
    write_ms(subject, prom, subject->snapshot->checker_age_ms);
}

static void write_health(const struct metric_subject *subject, struct promtext *prom)
{
    static const char *const states[] = {"ok", "degraded", "maint", "failed"};
    const char *health = health_word(subject->snapshot, NULL);

    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        metric_put_state(subject, prom, states[i], strcmp(states[i], health) == 0);
}

/* ---- processes ---- */

static bool is_worker(const struct snapshot_process *process)
{
    return process->role == BOARD_ROLE_WORKER && process->alive && !process->orphan;
}

static void write_workers(const struct metric_subject *subject, struct promtext *prom)
{
    static const char *const states[] = {"starting", "running", "draining", "stalled"};
    const struct snapshot *snapshot = subject->snapshot;

    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        unsigned count = 0;

        for (size_t k = 0; k < snapshot->process_count; k++) {
            const struct snapshot_process *process = &snapshot->processes[k];

            count += is_worker(process) && strcmp(process->state, states[i]) == 0;
        }
        metric_put_state(subject, prom, states[i], count);
    }
}

static void write_orphans(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot *snapshot = subject->snapshot;
    unsigned count = 0;

    for (size_t i = 0; i < snapshot->process_count; i++)
        count += snapshot->processes[i].orphan && snapshot->processes[i].alive;
    metric_put(subject, prom, count);
}

static void write_connections(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot *snapshot = subject->snapshot;
    uint64_t sessions = 0;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        if (is_worker(&snapshot->processes[i]))
            sessions += snapshot->processes[i].sessions;
    }
    metric_put(subject, prom, sessions);
}

/* ---- warnings ---- */

/* Several of one code are one sample. */
static void write_warnings(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot *snapshot = subject->snapshot;
    const struct board_warning *warnings = snapshot->warnings;

    for (size_t i = 0; i < snapshot->warning_count; i++) {
        unsigned before = 0;
        unsigned count = 0;

        for (size_t k = 0; k < snapshot->warning_count; k++) {
            bool same = strcmp(warnings[i].code, warnings[k].code) == 0;

            before += same && k < i;
            count += same;
        }
        if (before == 0)
            put_labelled(prom, "code", warnings[i].code, count);
    }
}

/* ---- all of it ---- */

static const struct metric process_metrics[] = {
    {"k0slb_process_build_info", "gauge", "1, with the version of the program.",
     .write = write_build},
    {"k0slb_process_start_time_seconds", "gauge", "When the balancer was started (Unix time).",
     .write = write_start},
    {"k0slb_process_uptime_seconds", "gauge", "Seconds since the start.",
     METRIC_FIELD(snapshot, uptime_seconds)},
    {"k0slb_process_health", "gauge", "1 for what /healthz says.", .write = write_health},
    {"k0slb_process_workers", "gauge", "Workers in each state.", .write = write_workers},
    {"k0slb_process_workers_wanted", "gauge", "Workers that the configuration asks for.",
     METRIC_FIELD(snapshot, workers_wanted)},
    {"k0slb_process_orphans", "gauge", "Processes of an earlier master that finish.",
     .write = write_orphans},
    {"k0slb_process_current_connections", "gauge", "Connections open in all workers.",
     .write = write_connections},
    {"k0slb_process_dropped_logs_total", "counter", "Log lines that could not be written.",
     METRIC_FIELD(snapshot, log_dropped)},
    {"k0slb_checker_silent_seconds", "gauge", "Time since the checker last showed life.",
     .write = write_silence},
    {"k0slb_checker_stalls_total", "counter", "Times that the checker did not run for a while.",
     METRIC_FIELD(snapshot, stalls)},
    {"k0slb_checker_slow_ignored_total", "counter",
     "Evidence of slowness that would have left too few backends.",
     METRIC_FIELD(snapshot, slow_ignored)},
    {"k0slb_config_epoch", "gauge", "Number of the configuration in force.",
     METRIC_FIELD(snapshot, epoch)},
    {"k0slb_config_last_reload_successful", "gauge", "Whether the last reload was accepted.",
     METRIC_FIELD(snapshot, reload_ok)},
    {"k0slb_config_last_reload_timestamp_seconds", "gauge",
     "When the last reload ended, or the start (Unix time).", .write = write_reload_time},
    {"k0slb_reloads_total", "counter", "Reloads since the start, refused ones included.",
     METRIC_FIELD(snapshot, reloads)},
    {"k0slb_warnings", "gauge", "Warnings in force, by code.", .write = write_warnings},
};

void report_metrics(const struct snapshot *snapshot, const struct epoch *epoch, struct textbuf *out)
{
    const struct metric_subject balancer = {.snapshot = snapshot, .record = snapshot};

    metric_write(process_metrics, ARRAY_LEN(process_metrics), &balancer, 1, out);
    metric_write_proxies(snapshot, epoch, out);
}
