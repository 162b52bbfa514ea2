#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "report/table.h"
#include "report/text.h"
#include "report/words.h"

/* ---- the heading ---- */

/* "kubeAPI  degraded  listen :6443, leastconn, check https" */
static void put_heading(struct text *text, const struct snapshot_service *service)
{
    const char *state = snapshot_service_status_name(service->status);
    struct textbuf line;

    textbuf_init(&line, 65536);
    words_safe(&line, service->name);
    paint_put(text->out, text->color, PAINT_STRONG, line.data != NULL ? line.data : "");
    textbuf_puts(text->out, "  ");
    paint_put(text->out, text->color, paint_of_service(service->status), state);
    textbuf_clear(&line);
    if (service->enabled) {
        textbuf_puts(&line, " listen ");
        words_listen(&line, service->listeners, service->listener_count);
        textbuf_printf(&line, ", %s, check %s", conf_balance_name(service->balance),
                       conf_check_name(service->check));
        if (service->never_good)
            textbuf_puts(&line, "; not in use? enabled = no");
        textbuf_puts(text->out, " ");
        words_wrap(text->out, line.data != NULL ? line.data : "",
                   (unsigned)(words_width(service->name) + 3 + strlen(state)), 2, text->width);
    }
    textbuf_puts(text->out, "\n");
    textbuf_fini(&line);
}

/* ---- cells ---- */

/* "L7OK/401 2ms": the result, the status of HTTP, and how long it took, unless it failed at once.
 */
static void write_check(struct textbuf *out, const struct board_check *check)
{
    uint32_t ms = check->duration_us / 1000;

    if (check->code == CHECKED_NONE) {
        textbuf_puts(out, "-");
        return;
    }
    textbuf_puts(out, board_check_name(check->code));
    if (check->status != 0)
        textbuf_printf(out, "/%u", (unsigned)check->status);
    if (ms == 0 && words_is_good(check->code))
        textbuf_printf(out, " 0.%ums", check->duration_us / 100);
    else if (ms > 0)
        textbuf_printf(out, " %u%s", ms < 10000 ? ms : ms / 1000, ms < 10000 ? "ms" : "s");
}

static void add_check(struct table *table, const struct board_check *check)
{
    struct textbuf cell;

    textbuf_init(&cell, 64);
    write_check(&cell, check);
    table_add(table, cell.data != NULL ? cell.data : "");
    textbuf_fini(&cell);
}

static void add_state(struct table *table, const struct snapshot_backend *backend)
{
    char age[AGE_TEXT_SIZE];
    char cell[AGE_TEXT_SIZE + 16];

    snprintf(cell, sizeof(cell), "%s %s", snapshot_status_name(backend->status),
             words_age(backend->since_seconds, age));
    table_add_painted(table, paint_of_status(backend->status), cell);
}

struct numbers {
    const struct snapshot_counts *counts;
    uint64_t errors;
    uint64_t retries;
};

static void add_numbers(struct table *table, const struct numbers *numbers)
{
    const struct snapshot_counts *counts = numbers->counts;
    char count[WORDS_COUNT_SIZE];
    char bytes[WORDS_BYTES_SIZE];

    table_add(table, words_count(counts->active, count));
    table_add(table, words_count(counts->active_max, count));
    table_add(table, words_count(counts->total, count));
    table_add(table, words_count(counts->per_second, count));
    table_add(table, words_bytes(counts->bytes_in, bytes));
    table_add(table, words_bytes(counts->bytes_out, bytes));
    table_add_painted(table, numbers->errors > 0 ? PAINT_DOUBT : PAINT_PLAIN,
                      words_count(numbers->errors, count));
    table_add(table, words_count(numbers->retries, count));
}

/* ---- lines below a backend ---- */

/* Weight and rank are told where they are other ones than everybody's. */
static void write_rank(struct textbuf *out, const struct snapshot_backend *backend)
{
    if (backend->backup)
        textbuf_puts(out, "backup");
    if (backend->weight == 1)
        return;
    words_separate(out, 0, ", ");
    textbuf_printf(out, "weight %u", backend->weight);
}

/* What speaks against it, without the result that stands above; nothing for a good one. */
static void write_reason(struct textbuf *out, const struct snapshot_service *service,
                         const struct snapshot_backend *backend)
{
    bool is_bad = backend->check.code != CHECKED_NONE && !words_is_good(backend->check.code);
    bool is_probed = backend->status != STATUS_BLOCKED && is_bad;

    if (is_probed && backend->check.description[0] != '\0')
        textbuf_puts(out, backend->check.description);
    else if (!is_probed && words_is_trouble(backend->status))
        words_reason(out, service, backend);
}

static void add_note(struct text *text, struct table *table, const struct textbuf *note)
{
    struct textbuf line;

    if (note->length == 0)
        return;
    textbuf_init(&line, 16384);
    textbuf_puts(&line, "      ");
    words_wrap(&line, note->data, 6, 6, text->width);
    table_add_line(table, line.data != NULL ? line.data : "");
    textbuf_fini(&line);
}

static void add_notes(struct text *text, struct table *table,
                      const struct snapshot_service *service,
                      const struct snapshot_backend *backend)
{
    struct textbuf note;

    textbuf_init(&note, 4096);
    write_rank(&note, backend);
    add_note(text, table, &note);
    textbuf_clear(&note);
    write_reason(&note, service, backend);
    add_note(text, table, &note);
    textbuf_fini(&note);
}

/* ---- the backends, a row each ---- */

static const char *mark_of(const struct snapshot_backend *backend)
{
    return words_is_trouble(backend->status) ? "!" : "";
}

static void add_numbers_of(struct table *table, const struct snapshot_backend *backend)
{
    const struct numbers numbers = {.counts = &backend->counts,
                                    .errors = backend->connect_errors + backend->resets,
                                    .retries = backend->retries};

    add_numbers(table, &numbers);
}

/* Of all backends together, removed ones included; `before` cells of the row are empty. */
static void add_sum(struct table *table, const struct snapshot_service *service, unsigned before)
{
    const struct numbers numbers = {.counts = &service->counts,
                                    .errors = service->sums.connect_errors + service->sums.resets,
                                    .retries = service->sums.retries};

    if (service->backend_count < 2)
        return;
    table_add(table, "");
    table_add(table, "all");
    for (unsigned i = 0; i < before; i++)
        table_add(table, "");
    add_numbers(table, &numbers);
}

#define COLUMNS_OF_NUMBERS                                                                         \
    {.title = "NOW", .right = true, .gap = 2}, {.title = "MAX", .right = true, .gap = 1},          \
        {.title = "TOTAL", .right = true, .gap = 1}, {.title = "/s", .right = true, .gap = 1},     \
        {.title = "IN", .right = true, .gap = 1}, {.title = "OUT", .right = true, .gap = 1},       \
        {.title = "ERR", .right = true, .gap = 1}, {.title = "RETRY", .right = true, .gap = 1},

static const struct table_column columns[] = {{.title = " "},
                                              {.title = "NAME", .gap = 1},
                                              {.title = "ADDRESS", .gap = 2},
                                              {.title = "STATE", .gap = 2},
                                              {.title = "CHECK", .gap = 2},
                                              COLUMNS_OF_NUMBERS};

static void add_row(struct text *text, struct table *table, const struct snapshot_service *service,
                    const struct snapshot_backend *backend)
{
    char place[WORDS_PLACE_SIZE];

    table_add_painted(table, paint_of_status(backend->status), mark_of(backend));
    table_add(table, backend->name);
    table_add(table, words_place(backend, place));
    add_state(table, backend);
    add_check(table, &backend->check);
    add_numbers_of(table, backend);
    add_notes(text, table, service, backend);
}

/* ---- the same where names or addresses are long: they stand above the rest ---- */

static const struct table_column tall_columns[] = {{.title = "   "},
                                                   {.title = "STATE", .gap = 1},
                                                   {.title = "CHECK", .gap = 2},
                                                   COLUMNS_OF_NUMBERS};

/* And where those are long, too, the check stands beside the name. */
static const struct table_column tallest_columns[] = {
    {.title = "   "}, {.title = "STATE", .gap = 1}, COLUMNS_OF_NUMBERS};

static void add_name(struct text *text, struct table *table, const struct snapshot_backend *backend)
{
    char place[WORDS_PLACE_SIZE];
    struct textbuf name;
    struct textbuf line;

    textbuf_init(&name, 4096);
    textbuf_init(&line, 8192);
    textbuf_printf(&name, "%s %s", backend->name, words_place(backend, place));
    if (table->columns == tallest_columns) {
        textbuf_puts(&name, " ");
        write_check(&name, &backend->check);
    }
    paint_put(&line, text->color, paint_of_status(backend->status),
              words_is_trouble(backend->status) ? "! " : "  ");
    words_wrap(&line, name.data != NULL ? name.data : "", 2, 4, text->width);
    table_add_line(table, line.data != NULL ? line.data : "");
    textbuf_fini(&name);
    textbuf_fini(&line);
}

static void add_tall_row(struct text *text, struct table *table,
                         const struct snapshot_service *service,
                         const struct snapshot_backend *backend)
{
    add_name(text, table, backend);
    table_add(table, "");
    add_state(table, backend);
    if (table->columns == tall_columns)
        add_check(table, &backend->check);
    add_numbers_of(table, backend);
    add_notes(text, table, service, backend);
}

static void put_tall(struct text *text, const struct snapshot_service *service, bool is_tallest)
{
    const struct table_column *list = is_tallest ? tallest_columns : tall_columns;
    struct table table;
    bool fits;

    table_init(&table, list, is_tallest ? ARRAY_LEN(tallest_columns) : ARRAY_LEN(tall_columns));
    table.color = text->color;
    for (size_t i = 0; i < service->backend_count; i++)
        add_tall_row(text, &table, service, &service->backends[i]);
    add_sum(&table, service, is_tallest ? 0 : 1);
    fits = is_tallest || table_width(&table) <= text->width;
    if (fits)
        table_print(&table, text->out);
    table_fini(&table);
    if (!fits)
        put_tall(text, service, true);
}

static void put_backends(struct text *text, const struct snapshot_service *service)
{
    struct table table;

    if (service->backend_count == 0)
        return;
    table_init(&table, columns, ARRAY_LEN(columns));
    table.color = text->color;
    for (size_t i = 0; i < service->backend_count; i++)
        add_row(text, &table, service, &service->backends[i]);
    add_sum(&table, service, 3);
    if (table_width(&table) <= text->width)
        table_print(&table, text->out);
    else
        put_tall(text, service, false);
    table_fini(&table);
}

/* ---- what is said once for all ---- */

/* "401, alive; readiness not verified": what the status of a good answer means, if anything. */
static const char *meaning_of(const struct snapshot_backend *backend)
{
    const char *comma = strstr(backend->check.description, ", ");

    if (backend->check.status == 0 || !words_is_good(backend->check.code) || comma == NULL)
        return NULL;
    return comma + 2;
}

static void put_meaning(struct text *text, const struct snapshot_service *service)
{
    for (size_t i = 0; i < service->backend_count; i++) {
        const struct board_check *check = &service->backends[i].check;
        const char *meaning = meaning_of(&service->backends[i]);
        char line[BOARD_DESCRIPTION_SIZE + 32];

        if (meaning == NULL)
            continue;
        snprintf(line, sizeof(line), "%s/%u: %s", board_check_name(check->code),
                 (unsigned)check->status, meaning);
        textbuf_puts(text->out, "  ");
        words_wrap(text->out, line, 2, 4, text->width);
        textbuf_puts(text->out, "\n");
        return;
    }
}

static void put_turned_away(struct text *text, const struct snapshot_service *service)
{
    struct textbuf line;

    textbuf_init(&line, 4096);
    words_turned_away(&line, service, "turned away: ", "");
    if (line.length > 0) {
        textbuf_puts(text->out, "  ");
        words_wrap(text->out, line.data, 2, 4, text->width);
        textbuf_puts(text->out, "\n");
    }
    textbuf_fini(&line);
}

void text_service(struct text *text, const struct snapshot_service *service)
{
    put_heading(text, service);
    if (!service->enabled)
        return;
    put_backends(text, service);
    put_meaning(text, service);
    put_turned_away(text, service);
    text_tunnels(text, service);
}
