#include "report/report.h"

#include <string.h>

#include "report/health_word.h"
#include "report/json.h"
#include "report/json_services.h"

/* More than any sentence of /healthz has. */
#define HEALTH_SIZE 2048

/* ---- parts ---- */

static void put_reload(struct json *json, const struct snapshot *snapshot)
{
    const char *line = snapshot->reload_errors;

    json_open(json, "last_reload", "{");
    json_put_bool(json, "ok", snapshot->reload_ok);
    json_open(json, "errors", "[");
    while (!snapshot->reload_ok && *line != '\0') {
        size_t length = strcspn(line, "\n");

        if (length > 0)
            json_put_piece(json, NULL, line, length);
        line += length + (line[length] == '\n');
    }
    json_close(json, "]");
    json_put_time(json, "at", snapshot->reload_ms);
    json_close(json, "}");
}

static void put_workers(struct json *json, const struct snapshot *snapshot)
{
    json_open(json, "workers", "[");
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->role != BOARD_ROLE_WORKER || process->orphan || !process->alive)
            continue;
        json_open(json, NULL, "{");
        json_put_number(json, "pid", (uint64_t)process->pid);
        json_put_number(json, "number", process->slot + 1);
        json_put_text(json, "state", process->state);
        json_put_number(json, "connections", process->sessions);
        json_close(json, "}");
    }
    json_close(json, "]");
}

static void put_orphans(struct json *json, const struct snapshot *snapshot)
{
    json_open(json, "orphans", "[");
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (!process->orphan || !process->alive)
            continue;
        json_open(json, NULL, "{");
        json_put_number(json, "pid", (uint64_t)process->pid);
        json_put_text(json, "role", board_role_name(process->role));
        json_close(json, "}");
    }
    json_close(json, "]");
}

static void put_processes(struct json *json, const struct snapshot *snapshot)
{
    json_open(json, "processes", "[");
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->orphan)
            continue;
        json_open(json, NULL, "{");
        json_put_number(json, "pid", (uint64_t)process->pid);
        json_put_text(json, "role", board_role_name(process->role));
        json_put_bool(json, "alive", process->alive);
        json_close(json, "}");
    }
    json_close(json, "]");
}

static void put_warnings(struct json *json, const struct snapshot *snapshot)
{
    json_open(json, "warnings", "[");
    for (size_t i = 0; i < snapshot->warning_count; i++) {
        json_open(json, NULL, "{");
        json_put_text(json, "code", snapshot->warnings[i].code);
        json_put_text(json, "text", snapshot->warnings[i].text);
        json_put_text(json, "remedy", snapshot->warnings[i].remedy);
        json_close(json, "}");
    }
    json_close(json, "]");
}

static void put_events(struct json *json, const struct snapshot *snapshot)
{
    json_open(json, "events", "[");
    for (size_t i = 0; i < snapshot->event_count; i++) {
        json_open(json, NULL, "{");
        json_put_time(json, "at", snapshot->events[i].at_ms);
        json_put_text(json, "text", snapshot->events[i].text);
        json_close(json, "}");
    }
    json_close(json, "]");
}

static void put_health(struct json *json, const struct snapshot *snapshot)
{
    struct textbuf sentence;

    textbuf_init(&sentence, HEALTH_SIZE);
    json_open(json, "health", "{");
    json_put_text(json, "status", health_word(snapshot, &sentence));
    json_put_text(json, "text", sentence.data != NULL ? sentence.data : "");
    json_close(json, "}");
    textbuf_fini(&sentence);
}

static void put_checker(struct json *json, const struct snapshot *snapshot)
{
    json_open(json, "checker", "{");
    json_put_number(json, "silent_seconds", snapshot->checker_age_ms / 1000);
    json_put_number(json, "stalls", snapshot->stalls);
    json_put_number(json, "slow_ignored", snapshot->slow_ignored);
    json_close(json, "}");
}

static void put_balancer(struct json *json, const struct snapshot *snapshot)
{
    json_put_text(json, "version", snapshot->version);
    json_put_text(json, "name", snapshot->name);
    json_put_number(json, "pid", (uint64_t)snapshot->pid);
    json_put_bool(json, "master_alive", snapshot->master_alive);
    json_put_text(json, "admin", board_admin_name(snapshot->admin));
    put_health(json, snapshot);
    json_put_time(json, "taken", snapshot->taken_ms);
    json_put_time(json, "started", snapshot->started_ms);
    json_put_number(json, "uptime_seconds", snapshot->uptime_seconds);
    json_put_number(json, "epoch", snapshot->epoch);
    json_put_number(json, "reloads", snapshot->reloads);
    put_reload(json, snapshot);
}

void report_json(const struct snapshot *snapshot, struct textbuf *out)
{
    struct json json = {.out = out};

    json_open(&json, NULL, "{");
    put_balancer(&json, snapshot);
    json_put_number(&json, "workers_wanted", snapshot->workers_wanted);
    put_workers(&json, snapshot);
    put_orphans(&json, snapshot);
    put_processes(&json, snapshot);
    put_checker(&json, snapshot);
    json_put_addresses(&json, "stats_listen", snapshot->stats_listeners,
                       snapshot->stats_listener_count);
    json_put_bool(&json, "checks_done", snapshot->checks_done);
    json_put_number(&json, "log_dropped", snapshot->log_dropped);
    json_put_services(&json, snapshot);
    put_warnings(&json, snapshot);
    put_events(&json, snapshot);
    json_close(&json, "}");
    textbuf_puts(out, "\n");
}
