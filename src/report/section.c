#include "report/section.h"

#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/words.h"

/* The newest are seen at once, the rest when asked for. */
#define EVENTS_SHOWN 20

/* One line of text before it is escaped. */
#define LINE_LIMIT 16384

/* A line about the balancer as the text report has it, too. */
typedef void line_fn(const struct snapshot *snapshot, struct textbuf *out);

/* ---- levels ---- */

static enum html_level worse(enum html_level a, enum html_level b)
{
    return a > b ? a : b;
}

/* This process's own health, without the line end; the level that it means. */
static enum html_level health_of(const struct snapshot *snapshot, struct textbuf *out)
{
    int status = report_healthz(snapshot, out);

    if (out->length > 0 && out->data[out->length - 1] == '\n')
        out->data[--out->length] = '\0';
    if (snapshot->admin == BOARD_ADMIN_MAINT)
        return HTML_HELD;
    if (status != 200)
        return HTML_BAD;
    return out->data != NULL && strcmp(out->data, "ok") == 0 ? HTML_GOOD : HTML_WARN;
}

enum html_level section_level_of_all(const struct snapshot *snapshot)
{
    enum html_level level =
        snapshot->reload_ok && snapshot->warning_count == 0 ? HTML_GOOD : HTML_WARN;
    struct textbuf health;

    textbuf_init(&health, LINE_LIMIT);
    level = worse(level, health_of(snapshot, &health));
    textbuf_fini(&health);
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].enabled)
            level = worse(level, section_service_level(snapshot->services[i].status));
    }
    return level;
}

/* "1 of 3 services degraded" */
static void say_services(const struct snapshot *snapshot, struct textbuf *out)
{
    unsigned degraded = 0;
    unsigned enabled = 0;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        enabled += snapshot->services[i].enabled;
        degraded +=
            snapshot->services[i].enabled && snapshot->services[i].status == SERVICE_DEGRADED;
    }
    if (degraded > 0)
        textbuf_printf(out, "%u of %u service%s degraded", degraded, enabled,
                       enabled == 1 ? "" : "s");
}

/* What is to be looked at, in few words. */
static void say_worries(const struct snapshot *snapshot, struct textbuf *out)
{
    size_t start = out->length;
    struct textbuf health;
    enum html_level level;

    textbuf_init(&health, LINE_LIMIT);
    level = health_of(snapshot, &health);
    textbuf_fini(&health);
    say_services(snapshot, out);
    if (level == HTML_WARN || level == HTML_HELD) {
        words_separate(out, start, ", ");
        textbuf_puts(out, level == HTML_WARN ? "balancer degraded" : "in maint");
    }
    if (!snapshot->reload_ok) {
        words_separate(out, start, ", ");
        textbuf_puts(out, "reload failed");
    }
    if (snapshot->warning_count > 0) {
        words_separate(out, start, ", ");
        textbuf_printf(out, "%zu warning%s", snapshot->warning_count,
                       snapshot->warning_count == 1 ? "" : "s");
    }
}

void section_words_for_all(const struct snapshot *snapshot, struct textbuf *out)
{
    switch (section_level_of_all(snapshot)) {
    case HTML_GOOD:
        textbuf_puts(out, "all is well");
        break;
    case HTML_IDLE:
        textbuf_puts(out, "idle");
        break;
    case HTML_BAD:
        textbuf_puts(out, "not all is served");
        break;
    case HTML_HELD:
    case HTML_WARN:
        say_worries(snapshot, out);
        break;
    }
}

/* ---- facts ---- */

static void write_health(const struct snapshot *snapshot, struct textbuf *out)
{
    (void)health_of(snapshot, out);
}

static void write_stats(const struct snapshot *snapshot, struct textbuf *out)
{
    words_listen(out, snapshot->stats_listeners, snapshot->stats_listener_count);
}

static void write_log(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_printf(out, "%llu lines lost", (unsigned long long)snapshot->log_dropped);
}

static void put_fact(const struct snapshot *snapshot, const char *name, line_fn *write,
                     struct textbuf *out)
{
    struct textbuf line;

    textbuf_init(&line, LINE_LIMIT);
    write(snapshot, &line);
    textbuf_printf(out, "<dt>%s</dt><dd>", name);
    words_html(out, line.data != NULL ? line.data : "");
    textbuf_puts(out, "</dd>\n");
    out->truncated |= line.truncated;
    textbuf_fini(&line);
}

static void put_version(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "<dt>Version</dt><dd>k0slb ");
    words_html(out, snapshot->version);
    textbuf_printf(out, "</dd>\n<dt>%s</dt><dd><span data-at=\"\">",
                   snapshot->master_alive ? "Uptime" : "Started");
    html_number(out, HTML_AGE, "uptime_seconds", snapshot->uptime_seconds);
    textbuf_printf(out, "%s</span></dd>\n", snapshot->master_alive ? "" : " ago");
}

static void put_reload(const struct snapshot *snapshot, struct textbuf *out)
{
    char at[WALL_TEXT_SIZE];

    textbuf_printf(out, "<dt>Configuration</dt><dd>epoch %llu</dd>\n<dt>Last reload</dt><dd>",
                   (unsigned long long)snapshot->epoch);
    if (snapshot->reload_ms == snapshot->started_ms) {
        textbuf_puts(out, "none since the start, ");
    } else {
        html_state(out, snapshot->reload_ok ? HTML_GOOD : HTML_BAD,
                   snapshot->reload_ok ? "ok" : "failed");
        textbuf_puts(out, ", ");
    }
    html_ago(out, snapshot->reload_ms, snapshot->taken_ms);
    textbuf_printf(out, " (%s)</dd>\n", wall_format(snapshot->reload_ms, at));
}

static void put_facts(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "<dl>\n");
    put_version(snapshot, out);
    put_fact(snapshot, "Health", write_health, out);
    put_fact(snapshot, "Services", summary_services, out);
    put_reload(snapshot, out);
    put_fact(snapshot, "Workers", summary_workers, out);
    if (snapshot->master_alive && summary_has_orphans(snapshot))
        put_fact(snapshot, "Orphans", summary_orphans, out);
    if (!snapshot->master_alive)
        put_fact(snapshot, "Still living", summary_living, out);
    put_fact(snapshot, "This page", write_stats, out);
    if (snapshot->log_dropped > 0)
        put_fact(snapshot, "Log", write_log, out);
    textbuf_puts(out, "</dl>\n");
}

/* ---- processes ---- */

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

/* `at` is the worker's place in the JSON, NULL for all others. */
static void put_process(struct html_table *table, const struct snapshot_process *process,
                        const char *at)
{
    enum html_level level = level_of_process(process);
    bool is_worker = process->role == BOARD_ROLE_WORKER;
    const char *state = is_worker ? process->state : "running";
    struct textbuf name;

    textbuf_init(&name, LINE_LIMIT);
    words_process(&name, process);
    html_row_begin(table, level, at);
    html_cell_printf(table, "%s%s", name.data != NULL ? name.data : "",
                     process->orphan ? " of an earlier master" : "");
    html_cell_state(table, level, process->alive ? state : "dead");
    html_cell_printf(table, "%d", (int)process->pid);
    if (is_worker && !process->orphan)
        html_cell_number(table, process->sessions);
    else
        html_cell(table, "-");
    html_row_end(table);
    textbuf_fini(&name);
}

/* An orphan that has ended is no loss: it was to. */
static void put_processes(struct html_table *table, const struct snapshot *snapshot, bool orphans)
{
    char at[SECTION_AT_SIZE];
    size_t workers = 0;

    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_process *process = &snapshot->processes[i];
        bool is_listed = process->role == BOARD_ROLE_WORKER && process->alive && !orphans;

        if (process->orphan != orphans || (!process->alive && orphans))
            continue;
        if (is_listed)
            snprintf(at, sizeof(at), "workers.%zu", workers++);
        put_process(table, process, is_listed ? at : NULL);
    }
}

static void put_master(struct html_table *table, const struct snapshot *snapshot)
{
    enum html_level level = snapshot->master_alive ? HTML_GOOD : HTML_BAD;

    html_row_begin(table, level, NULL);
    html_cell(table, "master");
    html_cell_state(table, level, snapshot->master_alive ? "running" : "dead");
    html_cell_printf(table, "%d", (int)snapshot->pid);
    html_cell(table, "-");
    html_row_end(table);
}

static void put_process_table(const struct snapshot *snapshot, struct textbuf *out)
{
    static const struct html_column columns[] = {
        {.title = "Process", .class = "name"},
        {.title = "State", .class = "t"},
        {.title = "Pid"},
        {.title = "Sessions", .key = "connections"},
    };
    static const struct html_table_kind kind = {.id = "processes",
                                                .class = "plain",
                                                .label = "Processes",
                                                .columns = columns,
                                                .column_count = ARRAY_LEN(columns)};
    struct html_table table;

    html_table_begin(&table, out, &kind);
    put_master(&table, snapshot);
    put_processes(&table, snapshot, false);
    put_processes(&table, snapshot, true);
    html_table_end(&table);
}

void section_balancer(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "<section aria-labelledby=\"balancer\">\n<h2 id=\"balancer\">"
                      "This balancer</h2>\n<div class=\"pair\">\n");
    put_facts(snapshot, out);
    put_process_table(snapshot, out);
    textbuf_puts(out, "</div>\n</section>\n");
}

/* ---- events ---- */

static void put_event(const struct snapshot *snapshot, const struct snapshot_event *event,
                      struct textbuf *out)
{
    char at[WALL_TEXT_SIZE];

    textbuf_printf(out, "<li><time>%s</time><span class=\"ago\">", wall_format(event->at_ms, at));
    html_ago(out, event->at_ms, snapshot->taken_ms);
    textbuf_puts(out, "</span><span>");
    words_html(out, event->text);
    textbuf_puts(out, "</span></li>\n");
}

/* Those from the `newest` on, counted from the end, to before `oldest`. */
static void put_events(const struct snapshot *snapshot, size_t newest, size_t oldest,
                       struct textbuf *out)
{
    textbuf_puts(out, "<ol>\n");
    for (size_t i = newest; i < oldest; i++)
        put_event(snapshot, &snapshot->events[snapshot->event_count - 1 - i], out);
    textbuf_puts(out, "</ol>\n");
}

void section_events(const struct snapshot *snapshot, struct textbuf *out)
{
    size_t count = snapshot->event_count;

    if (count == 0)
        return;
    textbuf_puts(out, "<section class=\"events\" aria-labelledby=\"events\">\n"
                      "<h2 id=\"events\">Events</h2>\n");
    put_events(snapshot, 0, count < EVENTS_SHOWN ? count : EVENTS_SHOWN, out);
    if (count > EVENTS_SHOWN) {
        textbuf_printf(out, "<details id=\"older\">\n<summary>%zu older</summary>\n",
                       count - EVENTS_SHOWN);
        put_events(snapshot, EVENTS_SHOWN, count, out);
        textbuf_puts(out, "</details>\n");
    }
    textbuf_puts(out, "</section>\n");
}
