#include <stdio.h>

#include "control/top_frame.h"
#include "report/words.h"

/* Where its columns end, or for the first two, begin. */
struct columns {
    unsigned name;
    unsigned state;
    unsigned now;
    unsigned bar;
    unsigned sessions;
    unsigned in;
    unsigned out;
    unsigned why;
};

#define STATE_PLACES 15

static struct columns columns_of(const struct top_frame *frame)
{
    const unsigned width = frame->view->columns;
    const unsigned most = width >= 120 ? 40 : width >= 90 ? 24 : 17;
    const unsigned bar = width >= 120 ? 16 : 8;
    size_t longest = 10;
    struct columns columns = {.name = 2};

    for (size_t i = 0; i < frame->rows.count; i++) {
        const struct top_row *row = &frame->rows.list[i];
        const char *name = row->backend != NULL ? row->backend->name : row->service->name;
        size_t size = words_width(name);

        longest = size > longest ? size : longest;
    }
    columns.state = columns.name + 1 + (longest < most ? (unsigned)longest : most);
    columns.now = columns.state + STATE_PLACES + 6;
    columns.bar = columns.now + 1;
    columns.sessions = columns.bar + bar + 6;
    columns.in = columns.sessions + 6;
    columns.out = columns.in + 6;
    columns.why = columns.out + 2;
    return columns;
}

static void put_titles(struct top_frame *frame, const struct columns *columns)
{
    struct top_line *line = &frame->line;

    textbuf_puts(line->out, line->color ? paint_begin(PAINT_FAINT) : "");
    top_line_put(line, PAINT_PLAIN, "SERVICE, BACKEND");
    top_line_move(line, columns->state);
    top_line_put(line, PAINT_PLAIN, "STATE");
    top_line_put_right(line, columns->now, "NOW");
    top_line_put_right(line, columns->sessions, "NEW/s");
    top_line_put_right(line, columns->in, "IN/s");
    top_line_put_right(line, columns->out, "OUT/s");
    top_line_move(line, columns->why);
    if (line->width >= columns->why + 20)
        top_line_put(line, PAINT_PLAIN, "CHECK");
    textbuf_puts(line->out, line->color ? paint_end(PAINT_FAINT) : "");
    top_line_end(line);
}

/* Cut so that what comes next stands in its column. */
static void put_cut(struct top_line *line, enum paint paint, const char *text, unsigned end)
{
    struct textbuf cut;

    if (line->used >= end)
        return;
    textbuf_init(&cut, 4096);
    words_clip(&cut, text, end - line->used);
    top_line_put(line, paint, cut.data != NULL ? cut.data : "");
    textbuf_fini(&cut);
    top_line_move(line, end);
}

static void put_rates(struct top_frame *frame, const struct columns *columns,
                      const struct top_row *row)
{
    char number[WORDS_COUNT_SIZE];
    char bytes[WORDS_BYTES_SIZE];
    struct top_line *line = &frame->line;
    const struct top_rates *rates = &row->rates;

    top_line_put_right(line, columns->sessions,
                       row->has_rates ? words_count(rates->sessions, number) : "-");
    top_line_put_right(line, columns->in,
                       row->has_rates ? words_bytes(rates->bytes_in, bytes) : "-");
    top_line_put_right(line, columns->out,
                       row->has_rates ? words_bytes(rates->bytes_out, bytes) : "-");
}

/* The widest bar is that of the backend with the most sessions of all. */
static uint64_t most_sessions(const struct top_frame *frame)
{
    uint64_t most = 0;

    for (size_t i = 0; i < frame->rows.count; i++) {
        const struct snapshot_backend *backend = frame->rows.list[i].backend;

        if (backend != NULL && backend->counts.active > most)
            most = backend->counts.active;
    }
    return most;
}

static void put_service(struct top_frame *frame, const struct columns *columns,
                        const struct top_row *row)
{
    char number[WORDS_COUNT_SIZE];
    struct top_line *line = &frame->line;
    enum snapshot_service_status status = row->service->status;

    put_cut(line, PAINT_STRONG, row->service->name, columns->state - 1);
    top_line_move(line, columns->state);
    put_cut(line, paint_of_service(status), snapshot_service_status_name(status),
            columns->state + STATE_PLACES);
    top_line_put_right(line, columns->now, words_count(row->service->counts.active, number));
    put_rates(frame, columns, row);
    top_line_end(line);
}

static void put_why(struct top_frame *frame, const struct top_row *row)
{
    struct textbuf why;

    textbuf_init(&why, 4096);
    words_why(&why, row->service, row->backend);
    top_line_put(&frame->line, PAINT_PLAIN, why.data != NULL ? why.data : "");
    textbuf_fini(&why);
}

/* On a narrow terminal the reason for trouble stands in place of the rates. */
static void put_backend(struct top_frame *frame, const struct columns *columns,
                        const struct top_row *row)
{
    const struct snapshot_backend *backend = row->backend;
    const enum paint paint = paint_of_status(backend->status);
    const bool is_trouble = words_is_trouble(backend->status);
    const bool is_wide = frame->view->columns >= columns->why + 20;
    struct top_line *line = &frame->line;
    char number[WORDS_COUNT_SIZE];
    char age[AGE_TEXT_SIZE];
    char state[AGE_TEXT_SIZE + 16];

    top_line_put(line, paint, is_trouble ? "! " : "  ");
    put_cut(line, PAINT_PLAIN, backend->name, columns->state - 1);
    top_line_move(line, columns->state);
    snprintf(state, sizeof(state), "%s %s", snapshot_status_name(backend->status),
             words_age(backend->since_seconds, age));
    put_cut(line, paint, state, columns->state + STATE_PLACES);
    top_line_put_right(line, columns->now, words_count(backend->counts.active, number));
    top_line_move(line, columns->bar);
    if (is_trouble && !is_wide) {
        top_line_move(line, columns->bar + 1);
        put_why(frame, row);
        top_line_end(line);
        return;
    }
    top_line_put_bar(line, columns->sessions - 6 - columns->bar, backend->counts.active,
                     most_sessions(frame));
    put_rates(frame, columns, row);
    top_line_move(line, columns->why);
    if (is_wide)
        put_why(frame, row);
    top_line_end(line);
}

void top_draw_list(struct top_frame *frame)
{
    const struct columns columns = columns_of(frame);

    put_titles(frame, &columns);
    for (size_t i = 0; i < frame->list_shown; i++) {
        const struct top_row *row = &frame->rows.list[frame->view->scroll + i];

        if (row->backend != NULL)
            put_backend(frame, &columns, row);
        else
            put_service(frame, &columns, row);
    }
}
