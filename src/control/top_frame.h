/* A frame while it is drawn, and its parts: each draws whole lines. */
#ifndef K0SLB_CONTROL_TOP_FRAME_H
#define K0SLB_CONTROL_TOP_FRAME_H

#include "control/top_line.h"
#include "control/top_rows.h"

/* What is drawn, and how the lines are shared out. */
struct top_frame {
    const struct top_sight *sight;
    const struct snapshot *now;
    struct top_view *view;
    struct top_line line;
    struct top_rows rows;
    size_t list_shown;
    size_t events_shown;
};

/* The balancer, all services together, the sentences, the warnings. */
void top_draw_head(struct top_frame *frame);

/* Titles, and frame->list_shown rows from frame->view->scroll on. */
void top_draw_list(struct top_frame *frame);

#endif
