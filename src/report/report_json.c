#include "report/report.h"

#include <string.h>

#include "base/mono.h"
#include "report/words.h"

/* ---- the grammar of RFC 8259, in one place ---- */

/* Where a value goes, and whether a comma comes before it. */
struct json {
    struct textbuf *out;
    bool comma;
};

static void write_escaped(struct textbuf *out, const char *string, size_t length)
{
    while (length > 0) {
        unsigned char c = (unsigned char)*string;
        unsigned size = words_utf8(string);

        if (size == 0 || size > length)
            textbuf_puts(out, "\\ufffd");
        else if (c == '"' || c == '\\')
            textbuf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            textbuf_printf(out, "\\u%04x", c);
        else
            textbuf_append(out, string, size);
        size = size == 0 || size > length ? 1 : size;
        string += size;
        length -= size;
    }
}

/* The comma, and the key inside an object; NULL inside an array. Keys need no escaping. */
static void begin_value(struct json *json, const char *key)
{
    if (json->comma)
        textbuf_puts(json->out, ",");
    if (key != NULL)
        textbuf_printf(json->out, "\"%s\":", key);
    json->comma = true;
}

static void open_value(struct json *json, const char *key, const char *bracket)
{
    begin_value(json, key);
    textbuf_puts(json->out, bracket);
    json->comma = false;
}

static void close_value(struct json *json, const char *bracket)
{
    textbuf_puts(json->out, bracket);
    json->comma = true;
}

static void put_piece(struct json *json, const char *key, const char *string, size_t length)
{
    begin_value(json, key);
    textbuf_puts(json->out, "\"");
    write_escaped(json->out, string, length);
    textbuf_puts(json->out, "\"");
}

static void put_text(struct json *json, const char *key, const char *string)
{
    put_piece(json, key, string, strlen(string));
}

static void put_number(struct json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    textbuf_printf(json->out, "%llu", (unsigned long long)value);
}

static void put_word(struct json *json, const char *key, const char *word)
{
    begin_value(json, key);
    textbuf_puts(json->out, word);
}

static void put_bool(struct json *json, const char *key, bool value)
{
    put_word(json, key, value ? "true" : "false");
}

static void put_time(struct json *json, const char *key, uint64_t ms)
{
    char text[WALL_TEXT_SIZE];

    put_text(json, key, wall_format(ms, text));
}

static void put_address(struct json *json, const char *key, const struct addr *address)
{
    char text[ADDR_TEXT_SIZE];

    if (address->family == ADDR_NONE)
        put_word(json, key, "null");
    else
        put_text(json, key, addr_format(address, text));
}

/* ---- parts ---- */

static void put_connections(struct json *json, const struct snapshot_counts *counts)
{
    open_value(json, "connections", "{");
    put_number(json, "active", counts->active);
    put_number(json, "active_max", counts->active_max);
    put_number(json, "total", counts->total);
    put_number(json, "per_second", counts->per_second);
    close_value(json, "}");
    open_value(json, "bytes", "{");
    put_number(json, "in", counts->bytes_in);
    put_number(json, "out", counts->bytes_out);
    close_value(json, "}");
}

static void put_reload(struct json *json, const struct snapshot *snapshot)
{
    const char *line = snapshot->reload_errors;

    open_value(json, "last_reload", "{");
    put_bool(json, "ok", snapshot->reload_ok);
    open_value(json, "errors", "[");
    while (!snapshot->reload_ok && *line != '\0') {
        size_t length = strcspn(line, "\n");

        if (length > 0)
            put_piece(json, NULL, line, length);
        line += length + (line[length] == '\n');
    }
    close_value(json, "]");
    put_time(json, "at", snapshot->reload_ms);
    close_value(json, "}");
}

static void put_workers(struct json *json, const struct snapshot *snapshot)
{
    open_value(json, "workers", "[");
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->role != BOARD_ROLE_WORKER || process->orphan || !process->alive)
            continue;
        open_value(json, NULL, "{");
        put_number(json, "pid", (uint64_t)process->pid);
        put_text(json, "state", process->state);
        put_number(json, "connections", process->sessions);
        close_value(json, "}");
    }
    close_value(json, "]");
}

static void put_orphans(struct json *json, const struct snapshot *snapshot)
{
    open_value(json, "orphans", "[");
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (!process->orphan || !process->alive)
            continue;
        open_value(json, NULL, "{");
        put_number(json, "pid", (uint64_t)process->pid);
        put_text(json, "role", board_role_name(process->role));
        close_value(json, "}");
    }
    close_value(json, "]");
}

static void put_check(struct json *json, const struct board_check *check)
{
    open_value(json, "check", "{");
    if (check->code == CHECKED_NONE)
        put_word(json, "result", "null");
    else
        put_text(json, "result", board_check_name(check->code));
    if (check->status == 0)
        put_word(json, "code", "null");
    else
        put_number(json, "code", check->status);
    put_text(json, "description", check->description);
    begin_value(json, "duration_ms");
    if (check->code == CHECKED_NONE)
        textbuf_puts(json->out, "null");
    else
        textbuf_printf(json->out, "%u.%03u", check->duration_us / 1000, check->duration_us % 1000);
    close_value(json, "}");
}

static void put_reason(struct json *json, const struct snapshot_service *service,
                       const struct snapshot_backend *backend)
{
    struct textbuf reason;

    textbuf_init(&reason, 4 * BOARD_DESCRIPTION_SIZE);
    words_reason(&reason, service, backend);
    put_text(json, "reason", reason.data != NULL ? reason.data : "");
    json->out->truncated |= reason.truncated;
    textbuf_fini(&reason);
}

/* The address in use; of a name that has none yet, the name. */
static void put_place(struct json *json, const struct snapshot_backend *backend)
{
    char text[CONF_PLACE_SIZE];

    if (backend->host[0] != '\0' && backend->address.family == ADDR_NONE)
        put_text(json, "address", conf_place_format(backend->host, &backend->address, text));
    else
        put_address(json, "address", &backend->address);
    if (backend->host[0] != '\0')
        put_text(json, "host", backend->host);
    else
        put_word(json, "host", "null");
}

static void put_backend(struct json *json, const struct snapshot_service *service,
                        const struct snapshot_backend *backend)
{
    open_value(json, NULL, "{");
    put_text(json, "name", backend->name);
    put_place(json, backend);
    put_number(json, "weight", backend->weight);
    put_bool(json, "backup", backend->backup);
    put_text(json, "status", snapshot_status_name(backend->status));
    put_text(json, "health", board_health_name(backend->health));
    put_reason(json, service, backend);
    put_text(json, "admin", board_admin_name(backend->admin));
    put_number(json, "since_seconds", backend->since_seconds);
    put_check(json, &backend->check);
    put_connections(json, &backend->counts);
    open_value(json, "errors", "{");
    put_number(json, "connect", backend->connect_errors);
    put_number(json, "reset", backend->resets);
    close_value(json, "}");
    put_number(json, "retries", backend->retries);
    put_number(json, "replays", backend->replays);
    close_value(json, "}");
}

static void put_service(struct json *json, const struct snapshot_service *service)
{
    open_value(json, NULL, "{");
    put_text(json, "name", service->name);
    open_value(json, "listen", "[");
    for (size_t i = 0; i < service->listener_count; i++)
        put_address(json, NULL, &service->listeners[i]);
    close_value(json, "]");
    put_text(json, "balance", conf_balance_name(service->balance));
    put_text(json, "status", snapshot_service_status_name(service->status));
    put_connections(json, &service->counts);
    put_number(json, "refused", service->refused);
    put_number(json, "denied", service->denied);
    put_number(json, "limited", service->limited);
    put_number(json, "sources_full", service->sources_full);
    open_value(json, "backends", "[");
    for (size_t i = 0; i < service->backend_count; i++)
        put_backend(json, service, &service->backends[i]);
    close_value(json, "]");
    close_value(json, "}");
}

static void put_events(struct json *json, const struct snapshot *snapshot)
{
    open_value(json, "events", "[");
    for (size_t i = 0; i < snapshot->event_count; i++) {
        open_value(json, NULL, "{");
        put_time(json, "at", snapshot->events[i].at_ms);
        put_text(json, "text", snapshot->events[i].text);
        close_value(json, "}");
    }
    close_value(json, "]");
}

void report_json(const struct snapshot *snapshot, struct textbuf *out)
{
    struct json json = {.out = out};

    open_value(&json, NULL, "{");
    put_text(&json, "version", snapshot->version);
    put_text(&json, "name", snapshot->name);
    put_number(&json, "pid", (uint64_t)snapshot->pid);
    put_text(&json, "admin", board_admin_name(snapshot->admin));
    put_number(&json, "uptime_seconds", snapshot->uptime_seconds);
    put_number(&json, "epoch", snapshot->epoch);
    put_reload(&json, snapshot);
    put_workers(&json, snapshot);
    put_orphans(&json, snapshot);
    open_value(&json, "services", "[");
    for (size_t i = 0; i < snapshot->service_count; i++)
        put_service(&json, &snapshot->services[i]);
    close_value(&json, "]");
    put_events(&json, snapshot);
    close_value(&json, "}");
    textbuf_puts(out, "\n");
}
