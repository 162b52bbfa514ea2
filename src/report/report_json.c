#include "report/report.h"

#include <string.h>

#include "report/json.h"
#include "report/words.h"

/* ---- parts ---- */

static void put_connections(struct json *json, const struct snapshot_counts *counts)
{
    json_open(json, "connections", "{");
    json_put_number(json, "active", counts->active);
    json_put_number(json, "active_max", counts->active_max);
    json_put_number(json, "total", counts->total);
    json_put_number(json, "per_second", counts->per_second);
    json_close(json, "}");
    json_open(json, "bytes", "{");
    json_put_number(json, "in", counts->bytes_in);
    json_put_number(json, "out", counts->bytes_out);
    json_close(json, "}");
}

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

static void put_check(struct json *json, const struct board_check *check)
{
    json_open(json, "check", "{");
    if (check->code == CHECKED_NONE)
        json_put_word(json, "result", "null");
    else
        json_put_text(json, "result", board_check_name(check->code));
    if (check->status == 0)
        json_put_word(json, "code", "null");
    else
        json_put_number(json, "code", check->status);
    json_put_text(json, "description", check->description);
    if (check->code == CHECKED_NONE)
        json_put_word(json, "duration_ms", "null");
    else
        json_put_ms(json, "duration_ms", check->duration_us);
    json_close(json, "}");
}

static void put_reason(struct json *json, const struct snapshot_service *service,
                       const struct snapshot_backend *backend)
{
    struct textbuf reason;

    textbuf_init(&reason, 4 * BOARD_DESCRIPTION_SIZE);
    words_reason(&reason, service, backend);
    json_put_text(json, "reason", reason.data != NULL ? reason.data : "");
    json->out->truncated |= reason.truncated;
    textbuf_fini(&reason);
}

/* The address in use; of a name that has none yet, the name. */
static void put_place(struct json *json, const struct snapshot_backend *backend)
{
    char text[CONF_PLACE_SIZE];

    if (backend->host[0] != '\0' && backend->address.family == ADDR_NONE)
        json_put_text(json, "address", conf_place_format(backend->host, &backend->address, text));
    else
        json_put_address(json, "address", &backend->address);
    if (backend->host[0] != '\0')
        json_put_text(json, "host", backend->host);
    else
        json_put_word(json, "host", "null");
}

/* Names are good unless the checker has found that some are missing. */
static void put_certificate(struct json *json, const struct board_certificate *certificate)
{
    const struct certificate *facts = &certificate->facts;

    if (certificate->at_ms == 0) {
        json_put_word(json, "certificate", "null");
        return;
    }
    json_open(json, "certificate", "{");
    json_put_text(json, "issuer", facts->issuer);
    if (facts->not_after_s > 0)
        json_put_time(json, "not_after", (uint64_t)facts->not_after_s * 1000);
    else
        json_put_word(json, "not_after", "null");
    json_put_bool(json, "names_ok", (certificate->flags & BOARD_CERTIFICATE_LACKS_NAMES) == 0);
    if (facts->authority_known)
        json_put_bool(json, "ca_ok", facts->trusted);
    else
        json_put_word(json, "ca_ok", "null");
    json_close(json, "}");
}

static void put_backend(struct json *json, const struct snapshot_service *service,
                        const struct snapshot_backend *backend)
{
    json_open(json, NULL, "{");
    json_put_text(json, "name", backend->name);
    put_place(json, backend);
    json_put_number(json, "weight", backend->weight);
    json_put_bool(json, "backup", backend->backup);
    json_put_text(json, "status", snapshot_status_name(backend->status));
    json_put_text(json, "health", board_health_name(backend->health));
    put_reason(json, service, backend);
    json_put_text(json, "admin", board_admin_name(backend->admin));
    json_put_bool(json, "ready_verified", backend->ready_verified);
    json_put_number(json, "since_seconds", backend->since_seconds);
    put_check(json, &backend->check);
    put_connections(json, &backend->counts);
    json_open(json, "errors", "{");
    json_put_number(json, "connect", backend->connect_errors);
    json_put_number(json, "reset", backend->resets);
    json_close(json, "}");
    json_put_number(json, "retries", backend->retries);
    json_put_number(json, "replays", backend->replays);
    put_certificate(json, &backend->certificate);
    json_close(json, "}");
}

static void put_service(struct json *json, const struct snapshot_service *service)
{
    json_open(json, NULL, "{");
    json_put_text(json, "name", service->name);
    json_open(json, "listen", "[");
    for (size_t i = 0; i < service->listener_count; i++)
        json_put_address(json, NULL, &service->listeners[i]);
    json_close(json, "]");
    json_put_text(json, "balance", conf_balance_name(service->balance));
    json_put_text(json, "status", snapshot_service_status_name(service->status));
    put_connections(json, &service->counts);
    json_put_number(json, "refused", service->refused);
    json_put_number(json, "denied", service->denied);
    json_put_number(json, "limited", service->limited);
    json_put_number(json, "sources_full", service->sources_full);
    json_open(json, "backends", "[");
    for (size_t i = 0; i < service->backend_count; i++)
        put_backend(json, service, &service->backends[i]);
    json_close(json, "]");
    json_close(json, "}");
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

void report_json(const struct snapshot *snapshot, struct textbuf *out)
{
    struct json json = {.out = out};

    json_open(&json, NULL, "{");
    json_put_text(&json, "version", snapshot->version);
    json_put_text(&json, "name", snapshot->name);
    json_put_number(&json, "pid", (uint64_t)snapshot->pid);
    json_put_text(&json, "admin", board_admin_name(snapshot->admin));
    json_put_number(&json, "uptime_seconds", snapshot->uptime_seconds);
    json_put_number(&json, "epoch", snapshot->epoch);
    put_reload(&json, snapshot);
    put_workers(&json, snapshot);
    put_orphans(&json, snapshot);
    json_open(&json, "services", "[");
    for (size_t i = 0; i < snapshot->service_count; i++)
        put_service(&json, &snapshot->services[i]);
    json_close(&json, "]");
    put_warnings(&json, snapshot);
    put_events(&json, snapshot);
    json_close(&json, "}");
    textbuf_puts(out, "\n");
}
