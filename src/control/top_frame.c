#include "control/top_frame.h"

#include "base/mono.h"

/* A list that does not fit leaves so many lines to events, where there are so many lines. */
#define EVENTS_RESERVED 3
#define EVENTS_ROOM     16

/* Upper left; autowrap is off, and every line is as long as the terminal is wide. */
#define HOME "\033[H"

/* ---- the end ---- */

static void put_events(struct top_frame *frame)
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

static void put_foot(struct top_frame *frame)
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
static void share_out(struct top_frame *frame)
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
    struct top_frame frame = {.sight = sight, .now = sight->now, .view = view};

    frame.line = (struct top_line){.out = out,
                                   .width = view->columns,
                                   .rows = view->rows,
                                   .color = view->color,
                                   .utf8 = view->utf8};
    if (top_rows_make(sight, view->order, &frame.rows) == -1)
        out->truncated = true;
    textbuf_puts(out, HOME);
    top_draw_head(&frame);
    share_out(&frame);
    top_line_end(&frame.line);
    top_draw_list(&frame);
    put_events(&frame);
    put_foot(&frame);
    top_rows_free(&frame.rows);
    return frame.list_shown;
}
