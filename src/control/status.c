#include "control/verb.h"

#include "report/report.h"

#define STATUS_LIMIT (8u << 20)

int verb_status(const struct control *control)
{
    struct board *board = control_open_board(control);
    struct snapshot *snapshot;
    struct textbuf text;
    int status;

    if (board == NULL)
        return CONTROL_NOT_RUNNING;
    snapshot = snapshot_take(board);
    board_close(board);
    if (snapshot == NULL) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    textbuf_init(&text, STATUS_LIMIT);
    report_text(snapshot, &(struct report_look){.color = false}, &text);
    status = control_print(&text);
    if (status == CONTROL_DONE && !snapshot->master_alive)
        status = CONTROL_NOT_RUNNING;
    textbuf_fini(&text);
    snapshot_free(snapshot);
    return status;
}
