#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "base/strnum.h"
#include "control/top_line.h"
#include "control/top_rows.h"
#include "report/report.h"
#include "report/sentence.h"
#include "report/words.h"

/* A list that does not fit leaves so many lines to events, where there are so many lines. */
#define EVENTS_RESERVED 3
#define EVENTS_ROOM     16

/* Upper left; autowrap is off, and every line is as long as the terminal is wide. */
#define HOME "\033[H"

/* What is drawn, and how the lines are shared out. */
struct frame {
    const struct top_sight *sight;
    const struct snapshot *now;
    struct top_view *view;
    struct top_line line;
    struct top_rows rows;
    size_t list_shown;
    size_t events_shown;
};

/* ---- the head ---- */

static void put_title(struct frame *frame)
{
    const struct snapshot *now = frame->now;
    struct top_line *line = &frame->line;
    char at[WALL_TEXT_SIZE];
    char age[AGE_TEXT_SIZE];
    char interval[STRNUM_DURATION_SIZE];
    struct textbuf right;

    top_line_printf(line, PAINT_STRONG, "k0slb %s  %s", now->version, now->name);
    top_line_printf(line, PAINT_PLAIN, "  up %s", words_age(now->uptime_seconds, age));
    textbuf_init(&right, 256);
    strnum_format_duration(frame->view->interval_ms, interval);
    textbuf_printf(&right, "  %s  %s %s", wall_format(now->taken_ms, at),
                   frame->view->paused ? "PAUSED, was every" : "every", interval);
    if (right.data != NULL && line->used + right.length <= line->width) {
        top_line_move(line, line->width - (unsigned)right.length);
        top_line_put(line, frame->view->paused ? PAINT_DOUBT : PAINT_FAINT, right.data);
    }
    textbuf_fini(&right);
    top_line_end(line);
}

/* What does not work is said here; of what works there is no line. */
static void put_trouble(struct frame *frame)
{
    struct textbuf health;

    if (frame->view->gone != NULL) {
        top_line_printf(&frame->line, PAINT_BAD, "! %s; trying again", frame->view->gone);
        top_line_end(&frame->line);
        return;
    }
    textbuf_init(&health, 65536);
    (void)report_healthz(frame->now, &health);
    if (health.data != NULL && strcmp(health.data, "ok\n") != 0) {
        health.data[health.length - 1] = '\0';
        top_line_printf(&frame->line, PAINT_DOUBT, "! %s", health.data);
        top_line_end(&frame->line);
    }
    textbuf_fini(&health);
    if (!frame->now->reload_ok) {
        top_line_put(&frame->line, PAINT_BAD, "! the last reload failed: k0slbctl status says why");
        top_line_end(&frame->line);
    }
}

static unsigned count_sessions(const struct snapshot *now)
{
    unsigned sessions = 0;

    for (size_t i = 0; i < now->service_count; i++)
        sessions += now->services[i].counts.active;
    return sessions;
}

static void put_totals(struct frame *frame)
{
    const struct top_sight *sight = frame->sight;
    struct top_line *line = &frame->line;
    struct top_rates sum;
    bool is_known = top_sum_rates(sight, &sum);
    char number[WORDS_COUNT_SIZE];
    char bytes[WORDS_BYTES_SIZE];
    size_t shown = sight->history_count;

    top_line_printf(line, PAINT_PLAIN, "sessions %s",
                    words_count(count_sessions(frame->now), number));
    top_line_printf(line, PAINT_PLAIN, "  new %s/s",
                    is_known ? words_count(sum.sessions, number) : "-");
    top_line_printf(line, PAINT_PLAIN, "  in %s/s",
                    is_known ? words_bytes(sum.bytes_in, bytes) : "-");
    top_line_printf(line, PAINT_PLAIN, "  out %s/s",
                    is_known ? words_bytes(sum.bytes_out, bytes) : "-");
    if (line->used + 4 < line->width && shown > 0) {
        if (shown > line->width - line->used - 2)
            shown = line->width - line->used - 2;
        top_line_move(line, line->used + 2);
        top_line_put_columns(line, sight->history + sight->history_count - shown, shown);
    }
    top_line_end(line);
}

static bool is_well(const struct snapshot_service *service)
{
    return service->status == SERVICE_UP || service->status == SERVICE_DISABLED;
}

static void put_sentence(struct frame *frame, const struct snapshot_service *service)
{
    struct textbuf sentence;

    textbuf_init(&sentence, 65536);
    sentence_service(frame->now, service, &sentence);
    top_line_put(&frame->line, paint_of_service(service->status), is_well(service) ? "  " : "! ");
    top_line_put(&frame->line, PAINT_PLAIN, sentence.data != NULL ? sentence.data : "");
    top_line_end(&frame->line);
    textbuf_fini(&sentence);
}

/* One for each service; where these are many, for those that are not well. */
static void put_sentences(struct frame *frame)
{
    const struct snapshot *now = frame->now;
    size_t most = frame->view->rows / 4;
    bool all = now->service_count <= most;
    size_t shown = 0;
    size_t left = 0;

    for (size_t i = 0; i < now->service_count; i++) {
        const struct snapshot_service *service = &now->services[i];

        if (!all && is_well(service))
            continue;
        if (shown++ < most)
            put_sentence(frame, service);
        else
            left++;
    }
    if (left == 0)
        return;
    top_line_printf(&frame->line, PAINT_DOUBT, "! and %zu more services are not up", left);
    top_line_end(&frame->line);
}

static void put_warnings(struct frame *frame)
{
    const struct snapshot *now = frame->now;

    if (now->warning_count == 0)
        return;
    top_line_printf(&frame->line, PAINT_DOUBT, "! %zu warning%s", now->warning_count,
                    now->warning_count == 1 ? "" : "s");
    for (size_t i = 0; i < now->warning_count; i++)
        top_line_printf(&frame->line, PAINT_PLAIN, "%s%s", i == 0 ? ": " : ", ",
                        now->warnings[i].code);
    top_line_put(&frame->line, PAINT_PLAIN, " (k0slbctl status has the remedies)");
    top_line_end(&frame->line);
}

/* ---- the list ---- */

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

static struct columns columns_of(const struct frame *frame)
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

static void put_titles(struct frame *frame, const struct columns *columns)
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

static void put_rates(struct frame *frame, const struct columns *columns, const struct top_row *row)
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
static uint64_t most_sessions(const struct frame *frame)
{
    uint64_t most = 0;

    for (size_t i = 0; i < frame->rows.count; i++) {
        const struct snapshot_backend *backend = frame->rows.list[i].backend;

        if (backend != NULL && backend->counts.active > most)
            most = backend->counts.active;
    }
    return most;
}

static void put_service(struct frame *frame, const struct columns *columns,
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

static void put_why(struct frame *frame, const struct top_row *row)
{
    struct textbuf why;

    textbuf_init(&why, 4096);
    words_why(&why, row->service, row->backend);
    top_line_put(&frame->line, PAINT_PLAIN, why.data != NULL ? why.data : "");
    textbuf_fini(&why);
}

/* On a narrow terminal the reason for trouble stands in place of the rates. */
static void put_backend(struct frame *frame, const struct columns *columns,
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

static void put_list(struct frame *frame)
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

/* ---- the end ---- */

static void put_events(struct frame *frame)
{
    const struct snapshot *now = frame->now;
    char at[WALL_TEXT_SIZE];

    if (frame->events_shown == 0)
        return;
    top_line_end(&frame->line);
    for (size_t i = now->event_count - frame->events_shown; i < now->event_count; i++) {
        top_line_printf(&frame->line, PAINT_FAINT, "%s", wall_format(now->events[i].at_ms, at));
        top_line_printf(&frame->line, PAINT_PLAIN, "  %s", now->events[i].text);
        top_line_end(&frame->line);
    }
}

static void put_foot(struct frame *frame)
{
    struct top_line *line = &frame->line;
    const struct top_view *view = frame->view;
    size_t below = frame->rows.count - view->scroll - frame->list_shown;

    while (line->row + 1 < line->rows)
        top_line_end(line);
    top_line_printf(line, PAINT_FAINT, "q quit  p %s  s sort: %s", view->paused ? "go on" : "pause",
                    top_order_name(view->order));
    if (view->scroll > 0 || below > 0)
        top_line_printf(line, PAINT_STRONG, "  lines %zu to %zu of %zu", view->scroll + 1,
                        view->scroll + frame->list_shown, frame->rows.count);
    top_line_end(line);
}

/* ---- all of it ---- */

/* After the head: an empty line, titles, the list, an empty line, events, the foot. */
static void share_out(struct frame *frame)
{
    const size_t fixed = frame->line.row + 3;
    const size_t rows = frame->view->rows;
    const size_t room = rows > fixed ? rows - fixed : 0;
    size_t events = frame->now->event_count;
    size_t rest;

    frame->list_shown = frame->rows.count < room ? frame->rows.count : room;
    rest = room - frame->list_shown;
    if (rest < EVENTS_RESERVED + 1 && room >= EVENTS_ROOM) {
        rest = EVENTS_RESERVED + 1;
        frame->list_shown = room - rest;
    }
    frame->events_shown = rest > 1 ? rest - 1 : 0;
    if (frame->events_shown > events)
        frame->events_shown = events;
    if (frame->view->scroll + frame->list_shown > frame->rows.count)
        frame->view->scroll = frame->rows.count - frame->list_shown;
}

size_t top_draw(const struct top_sight *sight, struct top_view *view, struct textbuf *out)
{
    struct frame frame = {.sight = sight, .now = sight->now, .view = view};

    frame.line = (struct top_line){.out = out,
                                   .width = view->columns,
                                   .rows = view->rows,
                                   .color = view->color,
                                   .utf8 = view->utf8};
    if (top_rows_make(sight, view->order, &frame.rows) == -1)
        out->truncated = true;
    textbuf_puts(out, HOME);
    put_title(&frame);
    put_totals(&frame);
    put_trouble(&frame);
    put_sentences(&frame);
    put_warnings(&frame);
    share_out(&frame);
    top_line_end(&frame.line);
    put_list(&frame);
    put_events(&frame);
    put_foot(&frame);
    top_rows_free(&frame.rows);
    return frame.list_shown;
}
