#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/words.h"

/* Warnings are sentences, broken like those of a page. */
#define WARNING_WIDTH 99

/* The newest events stand at the end; `k0slbctl events` has them all. */
#define EVENTS_SHOWN 5

/* ---- the balancer ---- */

static void write_first_lines(const struct snapshot *snapshot, struct textbuf *out)
{
    char age[AGE_TEXT_SIZE];

    textbuf_puts(out, "k0slb ");
    words_safe(out, snapshot->version);
    textbuf_puts(out, " ");
    words_safe(out, snapshot->name);
    textbuf_printf(out, " pid %d ", (int)snapshot->pid);
    age_format(snapshot->uptime_seconds, age);
    if (snapshot->master_alive) {
        textbuf_printf(out, "up %s\n", age);
        return;
    }
    textbuf_printf(out, "is DEAD, was started %s ago\n", age);
    textbuf_puts(out, "living   ");
    summary_living(snapshot, out);
    textbuf_puts(out, "; start k0slbd again, or end it all by k0slbctl stop\n");
}

static void write_health(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "health   ");
    (void)report_healthz(snapshot, out);
}

static void write_services_line(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "services ");
    summary_services(snapshot, out);
    textbuf_puts(out, "\n");
}

static void write_warnings_line(const struct snapshot *snapshot, struct textbuf *out)
{
    if (snapshot->warning_count == 0)
        return;
    textbuf_puts(out, "warnings ");
    summary_warnings(snapshot, out);
    textbuf_puts(out, "\n");
}

static void write_reload_errors(const char *line, struct textbuf *out)
{
    while (*line != '\0') {
        char copy[BOARD_ERRORS_SIZE];
        size_t length = strcspn(line, "\n");

        memcpy(copy, line, length);
        copy[length] = '\0';
        textbuf_puts(out, "         ");
        words_safe(out, copy);
        textbuf_puts(out, "\n");
        line += length + (line[length] == '\n');
    }
}

static void write_reload(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_printf(out, "epoch    %llu, ", (unsigned long long)snapshot->epoch);
    summary_reload(snapshot, out);
    textbuf_puts(out, snapshot->reload_ok ? "\n" : ":\n");
    if (!snapshot->reload_ok)
        write_reload_errors(snapshot->reload_errors, out);
}

static void write_workers(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "workers  ");
    summary_workers(snapshot, out);
    textbuf_puts(out, "\n");
}

static void write_orphans(const struct snapshot *snapshot, struct textbuf *out)
{
    if (!snapshot->master_alive || !summary_has_orphans(snapshot))
        return;
    textbuf_puts(out, "orphans  ");
    summary_orphans(snapshot, out);
    textbuf_puts(out, "\n");
}

static void write_stats(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "stats    ");
    words_listen(out, snapshot->stats_listeners, snapshot->stats_listener_count);
    textbuf_puts(out, "\n");
    if (snapshot->log_dropped > 0)
        textbuf_printf(out, "log      %llu lines lost\n",
                       (unsigned long long)snapshot->log_dropped);
}

/* ---- a service ---- */

static void write_service_line(const struct snapshot_service *service, struct textbuf *out)
{
    const struct snapshot_counts *counts = &service->counts;
    char in[WORDS_BYTES_SIZE];
    char sent[WORDS_BYTES_SIZE];

    words_safe(out, service->name);
    textbuf_printf(out, "  %s", snapshot_service_status_name(service->status));
    if (!service->enabled) {
        textbuf_puts(out, "\n");
        return;
    }
    textbuf_puts(out, "  listen ");
    words_listen(out, service->listeners, service->listener_count);
    textbuf_printf(out, "  %s  check %s", conf_balance_name(service->balance),
                   conf_check_name(service->check));
    textbuf_printf(out, "  sessions %u/%llu  %u/s  in %s  out %s", counts->active,
                   (unsigned long long)counts->total, counts->per_second,
                   words_bytes(counts->bytes_in, in), words_bytes(counts->bytes_out, sent));
    if (service->never_good)
        textbuf_puts(out, "  not in use? enabled = no");
    words_turned_away(out, service, "\n  turned away: ", "");
    textbuf_puts(out, "\n");
}

static void add_why(struct table *table, const struct snapshot_service *service,
                    const struct snapshot_backend *backend)
{
    struct textbuf why;

    textbuf_init(&why, 4 * BOARD_DESCRIPTION_SIZE);
    words_why(&why, service, backend);
    table_add(table, why.data != NULL ? why.data : "");
    textbuf_fini(&why);
}

static void add_backend(struct table *table, const struct snapshot_service *service,
                        const struct snapshot_backend *backend)
{
    const struct snapshot_counts *counts = &backend->counts;
    char place[WORDS_PLACE_SIZE];
    char age[AGE_TEXT_SIZE];
    char bytes[WORDS_BYTES_SIZE];

    table_add(table, words_is_trouble(backend->status) ? "!" : "");
    table_add(table, backend->name);
    table_add(table, words_place(backend, place));
    table_printf(table, "%u%s", backend->weight, backend->backup ? " backup" : "");
    table_add(table, snapshot_status_name(backend->status));
    table_add(table, age_format(backend->since_seconds, age));
    add_why(table, service, backend);
    table_printf(table, "%u", counts->active);
    table_printf(table, "%u", counts->active_max);
    table_printf(table, "%llu", (unsigned long long)counts->total);
    table_add(table, words_bytes(counts->bytes_in, bytes));
    table_add(table, words_bytes(counts->bytes_out, bytes));
    table_printf(table, "%llu", (unsigned long long)(backend->connect_errors + backend->resets));
    table_printf(table, "%llu", (unsigned long long)backend->retries);
}

static void write_backends(const struct snapshot_service *service, struct textbuf *out)
{
    static const struct table_column columns[] = {
        {.title = " "},
        {.title = "NAME", .gap = 1},
        {.title = "ADDRESS", .gap = 2},
        {.title = "WEIGHT", .gap = 2},
        {.title = "STATUS", .gap = 2},
        {.title = "SINCE", .gap = 2},
        {.title = "WHY", .gap = 2},
        {.title = "NOW", .right = true, .gap = 2},
        {.title = "MAX", .right = true, .gap = 1},
        {.title = "TOTAL", .right = true, .gap = 1},
        {.title = "IN", .right = true, .gap = 1},
        {.title = "OUT", .right = true, .gap = 1},
        {.title = "ERR", .right = true, .gap = 1},
        {.title = "RETRY", .right = true, .gap = 1},
    };
    struct table table;

    table_init(&table, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < service->backend_count; i++)
        add_backend(&table, service, &service->backends[i]);
    table_print(&table, out);
    table_fini(&table);
}

/* ---- all of it ---- */

/* "! code: text" and "  remedy: …", broken into lines. */
static void write_warning(const struct board_warning *warning, struct textbuf *out)
{
    char line[BOARD_CODE_SIZE + BOARD_WARNING_SIZE + 8];

    snprintf(line, sizeof(line), "! %s: %s", warning->code, warning->text);
    words_wrap(out, line, 0, 4, WARNING_WIDTH);
    textbuf_puts(out, "\n");
    snprintf(line, sizeof(line), "remedy: %s", warning->remedy);
    textbuf_puts(out, "  ");
    words_wrap(out, line, 2, 4, WARNING_WIDTH);
    textbuf_puts(out, "\n");
}

static void write_warnings(const struct snapshot *snapshot, struct textbuf *out)
{
    if (snapshot->warning_count == 0)
        return;
    textbuf_puts(out, "\nwarnings\n");
    for (size_t i = 0; i < snapshot->warning_count; i++)
        write_warning(&snapshot->warnings[i], out);
}

static void write_events(const struct snapshot *snapshot, struct textbuf *out)
{
    size_t first = snapshot->event_count > EVENTS_SHOWN ? snapshot->event_count - EVENTS_SHOWN : 0;
    char at[WALL_TEXT_SIZE];

    if (snapshot->event_count == 0)
        return;
    textbuf_puts(out, "\nlast events\n");
    for (size_t i = first; i < snapshot->event_count; i++) {
        textbuf_printf(out, "  %s  ", wall_format(snapshot->events[i].at_ms, at));
        words_safe(out, snapshot->events[i].text);
        textbuf_puts(out, "\n");
    }
}

void report_text(const struct snapshot *snapshot, const struct report_look *look,
                 struct textbuf *out)
{
    (void)look;
    write_first_lines(snapshot, out);
    write_health(snapshot, out);
    write_services_line(snapshot, out);
    write_warnings_line(snapshot, out);
    write_reload(snapshot, out);
    write_workers(snapshot, out);
    write_orphans(snapshot, out);
    write_stats(snapshot, out);
    for (size_t i = 0; i < snapshot->service_count; i++) {
        textbuf_puts(out, "\n");
        write_service_line(&snapshot->services[i], out);
        if (snapshot->services[i].enabled)
            write_backends(&snapshot->services[i], out);
    }
    write_warnings(snapshot, out);
    write_events(snapshot, out);
}
