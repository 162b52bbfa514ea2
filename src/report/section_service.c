#include "report/section.h"

#include <stdio.h>

#include "base/mono.h"
#include "report/connect_time.h"
#include "report/haproxy.h"
#include "report/words.h"

/* One line of text before it is escaped. */
#define LINE_LIMIT 4096

/* The columns that HAProxy's users know, in the order that they know. */
static const struct html_column columns[] = {
    {.title = "", .class = "name"},
    {"Cur", "in the last second", "Session rate", NULL, "connections.per_second", HTML_PLAIN},
    {"Max", "in any second", "Session rate", NULL, "connections.per_second_max", HTML_PLAIN},
    {"Cur", "open now", "Sessions", NULL, "connections.active", HTML_PLAIN},
    {"Max", "open at any time", "Sessions", NULL, "connections.active_max", HTML_PLAIN},
    {"Total", NULL, "Sessions", NULL, "connections.total", HTML_PLAIN},
    {"In", "from clients", "Bytes", NULL, "bytes.in", HTML_BYTES},
    {"Out", "to clients", "Bytes", NULL, "bytes.out", HTML_BYTES},
    {"Conn", "connects that failed", "Errors", NULL, "errors.connect", HTML_PLAIN},
    {"Reset", "sessions that the backend has reset", "Errors", NULL, "errors.reset", HTML_PLAIN},
    {"Retr", "connects to another backend after one had failed", "Warnings", NULL, "retries",
     HTML_PLAIN},
    {"Replay", "TLS hellos sent to another backend after one had not answered", "Warnings", NULL,
     "replays", HTML_PLAIN},
    {"Status", NULL, "Server", "t", NULL, HTML_PLAIN},
    {"Since", "in this status", "Server", NULL, "since_seconds", HTML_AGE},
    {"LastChk", "the last probe's result", "Server", "t check", NULL, HTML_PLAIN},
    {"Wght", "weight", "Server", NULL, NULL, HTML_PLAIN},
    {"Act", "active", "Server", NULL, NULL, HTML_PLAIN},
    {"Bck", "backup", "Server", NULL, NULL, HTML_PLAIN},
    {"Chk", "probes with a bad result", "Server", NULL, "checks_failed", HTML_PLAIN},
    {"Dwn", "how often it has gone down", "Server", NULL, "went_down", HTML_PLAIN},
    {"Dwntme", "time it has been down, all together", "Server", NULL, "downtime_seconds", HTML_AGE},
    {"p50", "half of all connects took less", "Connect ms", NULL, "connect_ms.p50", HTML_MS},
    {"p99", "99 of 100 connects took less", "Connect ms", NULL, "connect_ms.p99", HTML_MS},
};

/* ---- levels ---- */

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

enum html_level section_backend_level(enum snapshot_status status)
{
    static const enum html_level levels[] = {
        [STATUS_MAINT] = HTML_HELD,  [STATUS_DRAIN] = HTML_HELD,     [STATUS_DOWN] = HTML_BAD,
        [STATUS_BLOCKED] = HTML_BAD, [STATUS_UNCHECKED] = HTML_IDLE, [STATUS_SUSPECT] = HTML_WARN,
        [STATUS_UP] = HTML_GOOD,
    };

    return levels[status];
}

char *section_at_backend(size_t service, size_t backend, char text[SECTION_AT_SIZE])
{
    snprintf(text, SECTION_AT_SIZE, "services.%zu.backends.%zu", service, backend);
    return text;
}

/* ---- the head ---- */

static void put_facts(const struct snapshot_service *service, struct textbuf *out)
{
    textbuf_puts(out, "<p>listen ");
    words_listen(out, service->listeners, service->listener_count);
    textbuf_printf(out, "</p><p>%s</p><p>check %s</p>", conf_balance_name(service->balance),
                   conf_check_name(service->check));
    words_turned_away(out, service, "<p>turned away: ", "</p>");
    if (service->never_good)
        textbuf_puts(out, "<p class=\"doubt\">not in use? enabled = no</p>");
}

/* The script draws the curves. */
static void put_head(const struct snapshot *snapshot, size_t index, struct textbuf *out)
{
    const struct snapshot_service *service = &snapshot->services[index];

    textbuf_printf(out, "<div class=\"head\"><h2 id=\"service-%zu\">", index);
    words_html(out, service->name);
    textbuf_puts(out, "</h2>");
    html_state(out, section_service_level(service->status),
               snapshot_service_status_name(service->status));
    if (service->enabled) {
        put_facts(service, out);
        textbuf_printf(out, "<div class=\"curves\" data-at=\"services.%zu\"></div>", index);
    }
    textbuf_puts(out, "</div>\n");
}

/* ---- rows ---- */

static void put_nothing(struct html_table *table, unsigned cells)
{
    for (unsigned i = 0; i < cells; i++)
        html_cell(table, "");
}

static void put_counts(struct html_table *table, const struct snapshot_counts *counts)
{
    html_cell_number(table, counts->per_second);
    html_cell_number(table, counts->per_second_max);
    html_cell_number(table, counts->active);
    html_cell_number(table, counts->active_max);
    html_cell_number(table, counts->total);
    html_cell_number(table, counts->bytes_in);
    html_cell_number(table, counts->bytes_out);
}

/* Without a connect there is no time. */
static void put_connect_time(struct html_table *table, const uint64_t buckets[BOARD_HISTOGRAM])
{
    static const unsigned percents[] = {50, 99};

    for (size_t i = 0; i < ARRAY_LEN(percents); i++) {
        uint64_t us = connect_time_percentile_us(buckets, percents[i]);

        if (us > 0)
            html_cell_number(table, us);
        else
            html_cell(table, "-");
    }
}

/* What clients come to. */
static void put_frontend(struct html_table *table, const struct snapshot_service *service,
                         const char *at)
{
    html_row_begin(table, HTML_IDLE, at);
    html_cell(table, "Frontend");
    put_counts(table, &service->counts);
    put_nothing(table, 4);
    html_cell(table, service->listener_count > 0 ? "open" : "closed");
    put_nothing(table, 10);
    html_row_end(table);
}

static void put_name(struct html_table *table, const struct snapshot_backend *backend)
{
    char place[WORDS_PLACE_SIZE];

    html_cell_begin(table);
    words_html(table->out, backend->name);
    textbuf_puts(table->out, "<small>");
    words_html(table->out, words_place(backend, place));
    textbuf_puts(table->out, "</small>");
    html_cell_end(table);
}

/* "L7OK/401 in 2 ms", "L4CON connection refused"; before the first result what is known. */
static void put_check(struct html_table *table, const struct snapshot_service *service,
                      const struct snapshot_backend *backend)
{
    const struct board_check *check = &backend->check;

    if (check->code == CHECKED_NONE) {
        html_cell(table, service->check == CHECK_NONE ? "none" : "not yet");
        return;
    }
    html_cell_begin(table);
    textbuf_puts(table->out, board_check_name(check->code));
    if (check->status != 0)
        textbuf_printf(table->out, "/%u", (unsigned)check->status);
    if (words_is_good(check->code)) {
        textbuf_puts(table->out, " in ");
        html_number(table->out, HTML_MS, "check.duration_ms", check->duration_us);
        textbuf_puts(table->out, " ms");
    } else {
        textbuf_puts(table->out, " ");
        words_html(table->out, check->description);
    }
    html_cell_end(table);
}

static void put_server(struct html_table *table, const struct snapshot_service *service,
                       const struct snapshot_backend *backend)
{
    html_cell_state(table, section_backend_level(backend->status),
                    snapshot_status_name(backend->status));
    html_cell_number(table, backend->since_seconds);
    put_check(table, service, backend);
    html_cell_printf(table, "%u", backend->weight);
    html_cell(table, backend->backup ? "-" : "Y");
    html_cell(table, backend->backup ? "Y" : "-");
    html_cell_number(table, backend->checks_failed);
    html_cell_number(table, backend->went_down);
    html_cell_number(table, backend->downtime_seconds);
}

static void put_backend(struct html_table *table, const struct snapshot_service *service,
                        const struct snapshot_backend *backend, const char *at)
{
    html_row_begin(table, section_backend_level(backend->status), at);
    put_name(table, backend);
    put_counts(table, &backend->counts);
    html_cell_number(table, backend->connect_errors);
    html_cell_number(table, backend->resets);
    html_cell_number(table, backend->retries);
    html_cell_number(table, backend->replays);
    put_server(table, service, backend);
    put_connect_time(table, backend->connect_time);
    html_row_end(table);
}

/* ---- the total ---- */

/* Of the backends that are there; what has a highest value of its own has none in a sum. */
struct total {
    struct snapshot_counts counts;
    uint64_t connect_errors, resets, retries, replays;
    uint64_t checks_failed, went_down;
};

static void add(struct total *total, const struct snapshot_backend *backend)
{
    total->counts.per_second += backend->counts.per_second;
    total->counts.active += backend->counts.active;
    total->counts.total += backend->counts.total;
    total->counts.bytes_in += backend->counts.bytes_in;
    total->counts.bytes_out += backend->counts.bytes_out;
    total->connect_errors += backend->connect_errors;
    total->resets += backend->resets;
    total->retries += backend->retries;
    total->replays += backend->replays;
    total->checks_failed += backend->checks_failed;
    total->went_down += backend->went_down;
}

static void put_total_counts(struct html_table *table, const struct total *total)
{
    html_cell_number(table, total->counts.per_second);
    html_cell(table, "");
    html_cell_number(table, total->counts.active);
    html_cell(table, "");
    html_cell_number(table, total->counts.total);
    html_cell_number(table, total->counts.bytes_in);
    html_cell_number(table, total->counts.bytes_out);
    html_cell_number(table, total->connect_errors);
    html_cell_number(table, total->resets);
    html_cell_number(table, total->retries);
    html_cell_number(table, total->replays);
}

static void put_total(struct html_table *table, const struct snapshot_service *service,
                      const char *at)
{
    struct haproxy_usable usable = haproxy_usable(service);
    struct total total = {0};

    for (size_t i = 0; i < service->backend_count; i++)
        add(&total, &service->backends[i]);
    textbuf_printf(table->out, "<tr class=\"total\" data-at=\"%s\" data-sum=\"backends\">", at);
    table->next = 0;
    html_cell(table, "Total");
    put_total_counts(table, &total);
    html_cell_state(table, section_service_level(service->status),
                    snapshot_service_status_name(service->status));
    put_nothing(table, 2);
    html_cell_printf(table, "%u", usable.weight);
    html_cell_printf(table, "%u", usable.active);
    html_cell_printf(table, "%u", usable.backup);
    html_cell_number(table, total.checks_failed);
    html_cell_number(table, total.went_down);
    html_cell_number(table, service->downtime_seconds);
    put_connect_time(table, service->sums.connect_time);
    html_row_end(table);
}

/* ---- the section ---- */

static void put_table(const struct snapshot *snapshot, size_t index, struct textbuf *out)
{
    const struct snapshot_service *service = &snapshot->services[index];
    struct html_table table;
    struct html_table_kind kind = {.class = "numbers",
                                   .label = service->name,
                                   .columns = columns,
                                   .column_count = ARRAY_LEN(columns)};
    char id[SECTION_AT_SIZE];
    char at[SECTION_AT_SIZE];

    snprintf(id, sizeof(id), "numbers-%zu", index);
    kind.id = id;
    html_table_begin(&table, out, &kind);
    snprintf(at, sizeof(at), "services.%zu", index);
    put_frontend(&table, service, at);
    for (size_t i = 0; i < service->backend_count; i++) {
        section_at_backend(index, i, at);
        put_backend(&table, service, &service->backends[i], at);
    }
    snprintf(at, sizeof(at), "services.%zu", index);
    put_total(&table, service, at);
    html_table_end(&table);
}

void section_service(const struct snapshot *snapshot, size_t index, struct textbuf *out)
{
    textbuf_printf(out, "<section aria-labelledby=\"service-%zu\">\n", index);
    put_head(snapshot, index, out);
    if (snapshot->services[index].enabled) {
        put_table(snapshot, index, out);
        section_tunnels(snapshot, index, out);
    }
    textbuf_puts(out, "</section>\n");
}
