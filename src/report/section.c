#include "report/section.h"

#include <string.h>

#include "base/mono.h"
#include "report/words.h"

/* The newest stand first; `k0slbctl events` has them all. */
#define EVENTS_SHOWN 20

/* One line of text before it is escaped. */
#define LINE_LIMIT 4096

/* ---- a service ---- */

enum html_level section_service_level(enum snapshot_service_status status)
{
    static const enum html_level levels[] = {
        [SERVICE_DISABLED] = HTML_IDLE,
        [SERVICE_UP] = HTML_GOOD,
        [SERVICE_DEGRADED] = HTML_WARN,
        [SERVICE_DOWN] = HTML_BAD,
    };

    return levels[status];
}

static void write_service_head(const struct snapshot_service *service, struct textbuf *out)
{
    const struct snapshot_counts *counts = &service->counts;
    char in[WORDS_BYTES_SIZE];
    char sent[WORDS_BYTES_SIZE];

    textbuf_puts(out, "<div class=\"head\"><h2>");
    words_html(out, service->name);
    textbuf_puts(out, "</h2>");
    html_state(out, section_service_level(service->status),
               snapshot_service_status_name(service->status));
    if (service->enabled) {
        textbuf_puts(out, "<p>listen ");
        words_listen(out, service->listeners, service->listener_count);
        textbuf_printf(out, "</p><p>%s</p><p>check %s</p>", conf_balance_name(service->balance),
                       conf_check_name(service->check));
        textbuf_printf(out, "<p>sessions %u/%llu, %u/s</p><p>in %s, out %s</p>", counts->active,
                       (unsigned long long)counts->total, counts->per_second,
                       words_bytes(counts->bytes_in, in), words_bytes(counts->bytes_out, sent));
    }
    words_turned_away(out, service, "<p>turned away: ", "</p>");
    if (service->enabled && service->never_good)
        textbuf_puts(out, "<p>not in use? enabled = no</p>");
    textbuf_puts(out, "</div>\n");
}

static void put_why(struct html_table *table, const struct snapshot_service *service,
                    const struct snapshot_backend *backend)
{
    struct textbuf why;

    textbuf_init(&why, LINE_LIMIT);
    words_why(&why, service, backend);
    html_cell(table, why.data != NULL ? why.data : "");
    textbuf_fini(&why);
}

static enum html_level level_of_backend(enum snapshot_status status)
{
    static const enum html_level levels[] = {
        [STATUS_MAINT] = HTML_HELD,  [STATUS_DRAIN] = HTML_HELD,     [STATUS_DOWN] = HTML_BAD,
        [STATUS_BLOCKED] = HTML_BAD, [STATUS_UNCHECKED] = HTML_IDLE, [STATUS_SUSPECT] = HTML_WARN,
        [STATUS_UP] = HTML_GOOD,
    };

    return levels[status];
}

static void put_backend(struct html_table *table, const struct snapshot_service *service,
                        const struct snapshot_backend *backend)
{
    enum html_level level = level_of_backend(backend->status);
    const struct snapshot_counts *counts = &backend->counts;
    char place[WORDS_PLACE_SIZE];
    char age[AGE_TEXT_SIZE];
    char bytes[WORDS_BYTES_SIZE];

    html_row_begin(table, level);
    html_cell(table, backend->name);
    html_cell_state(table, level, snapshot_status_name(backend->status));
    html_cell(table, age_format(backend->since_seconds, age));
    put_why(table, service, backend);
    html_cell(table, words_place(backend, place));
    html_cell_printf(table, "%u%s", backend->weight, backend->backup ? " backup" : "");
    html_cell_printf(table, "%u", counts->active);
    html_cell_printf(table, "%u", counts->active_max);
    html_cell_printf(table, "%llu", (unsigned long long)counts->total);
    html_cell(table, words_bytes(counts->bytes_in, bytes));
    html_cell(table, words_bytes(counts->bytes_out, bytes));
    html_cell_printf(table, "%llu",
                     (unsigned long long)(backend->connect_errors + backend->resets));
    html_cell_printf(table, "%llu", (unsigned long long)backend->retries);
    html_row_end(table);
}

void section_service(const struct snapshot_service *service, struct textbuf *out)
{
    static const struct html_column columns[] = {
        {"Backend", NULL},      {"Status", NULL}, {"Since", NULL}, {"Why", "why"},
        {"Address", "address"}, {"Weight", NULL}, {"Now", "n"},    {"Max", "n"},
        {"Total", "n"},         {"In", "n"},      {"Out", "n"},    {"Errors", "n"},
        {"Retries", "n"},
    };
    struct html_table table;

    textbuf_puts(out, "<section>\n");
    write_service_head(service, out);
    if (service->enabled) {
        html_table_begin(&table, out, columns, ARRAY_LEN(columns));
        for (size_t i = 0; i < service->backend_count; i++)
            put_backend(&table, service, &service->backends[i]);
        html_table_end(&table);
    }
    textbuf_puts(out, "</section>\n");
}

/* ---- warnings ---- */

void section_warnings(const struct snapshot *snapshot, struct textbuf *out)
{
    static const struct html_column columns[] = {
        {"Warning", NULL}, {"What", "why"}, {"Remedy", "why"}};
    struct html_table table;

    if (snapshot->warning_count == 0)
        return;
    textbuf_puts(out, "<section>\n<div class=\"head\"><h2>Warnings</h2></div>\n");
    html_table_begin(&table, out, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < snapshot->warning_count; i++) {
        html_row_begin(&table, HTML_WARN);
        html_cell(&table, snapshot->warnings[i].code);
        html_cell(&table, snapshot->warnings[i].text);
        html_cell(&table, snapshot->warnings[i].remedy);
        html_row_end(&table);
    }
    html_table_end(&table);
    textbuf_puts(out, "</section>\n");
}

/* ---- processes and events ---- */

static enum html_level level_of_process(const struct snapshot_process *process)
{
    if (!process->alive)
        return HTML_BAD;
    if (process->orphan)
        return HTML_IDLE;
    if (process->role != BOARD_ROLE_WORKER || strcmp(process->state, "running") == 0)
        return HTML_GOOD;
    return strcmp(process->state, "stalled") == 0 ? HTML_BAD : HTML_IDLE;
}

static void put_process(struct html_table *table, const struct snapshot_process *process)
{
    enum html_level level = level_of_process(process);
    bool is_worker = process->role == BOARD_ROLE_WORKER;
    const char *state = is_worker ? process->state : "running";
    struct textbuf name;

    textbuf_init(&name, LINE_LIMIT);
    words_process(&name, process);
    html_row_begin(table, level);
    html_cell_printf(table, "%s%s", name.data != NULL ? name.data : "",
                     process->orphan ? " of an earlier master" : "");
    html_cell_state(table, level, process->alive ? state : "dead");
    html_cell_printf(table, "%d", (int)process->pid);
    if (is_worker && !process->orphan)
        html_cell_printf(table, "%u", process->sessions);
    else
        html_cell(table, "-");
    html_row_end(table);
    textbuf_fini(&name);
}

/* An orphan that has ended is no loss: it was to. */
static void put_processes(struct html_table *table, const struct snapshot *snapshot, bool orphans)
{
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];

        if (process->orphan == orphans && (process->alive || !orphans))
            put_process(table, process);
    }
}

static void put_master(struct html_table *table, const struct snapshot *snapshot)
{
    enum html_level level = snapshot->master_alive ? HTML_GOOD : HTML_BAD;

    html_row_begin(table, level);
    html_cell(table, "master");
    html_cell_state(table, level, snapshot->master_alive ? "running" : "dead");
    html_cell_printf(table, "%d", (int)snapshot->pid);
    html_cell(table, "-");
    html_row_end(table);
}

void section_processes(const struct snapshot *snapshot, struct textbuf *out)
{
    static const struct html_column columns[] = {
        {"Process", NULL}, {"State", "short"}, {"Pid", "short"}, {"Sessions", NULL}};
    struct html_table table;

    textbuf_puts(out, "<section>\n<div class=\"head\"><h2>Processes</h2></div>\n");
    html_table_begin(&table, out, columns, ARRAY_LEN(columns));
    put_master(&table, snapshot);
    put_processes(&table, snapshot, false);
    put_processes(&table, snapshot, true);
    html_table_end(&table);
    textbuf_puts(out, "</section>\n");
}

void section_events(const struct snapshot *snapshot, struct textbuf *out)
{
    static const struct html_column columns[] = {{"When", NULL}, {"What", "what"}};
    size_t last = snapshot->event_count > EVENTS_SHOWN ? snapshot->event_count - EVENTS_SHOWN : 0;
    struct html_table table;
    char at[WALL_TEXT_SIZE];

    if (snapshot->event_count == 0)
        return;
    textbuf_puts(out, "<section class=\"events\">\n<div class=\"head\"><h2>Last events</h2>"
                      "</div>\n");
    html_table_begin(&table, out, columns, ARRAY_LEN(columns));
    for (size_t i = snapshot->event_count; i > last; i--) {
        html_row_begin(&table, HTML_IDLE);
        html_cell(&table, wall_format(snapshot->events[i - 1].at_ms, at));
        html_cell(&table, snapshot->events[i - 1].text);
        html_row_end(&table);
    }
    html_table_end(&table);
    textbuf_puts(out, "</section>\n");
}
