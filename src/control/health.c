#include "control/verb.h"

#include "board/snapshot.h"
#include "report/report.h"

#define HEALTH_LIMIT 8192

static bool is_anything_left(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->process_count; i++) {
        if (snapshot->processes[i].alive)
            return true;
    }
    return snapshot->master_alive;
}

/* The answer itself is the output, whichever it is. */
static int say_health(const struct snapshot *snapshot)
{
    struct textbuf text;
    int works;
    int status;

    textbuf_init(&text, HEALTH_LIMIT);
    works = report_healthz(snapshot, &text) == 200;
    status = control_print(&text);
    if (status == CONTROL_DONE && !works)
        status = CONTROL_REFUSED;
    textbuf_fini(&text);
    return status;
}

int verb_health(const struct control *control)
{
    struct board *board = control_open_board(control);
    struct snapshot *snapshot;
    int status = CONTROL_NOT_RUNNING;

    if (board == NULL)
        return CONTROL_NOT_RUNNING;
    snapshot = snapshot_take(board);
    board_close(board);
    if (snapshot == NULL) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    if (is_anything_left(snapshot))
        status = say_health(snapshot);
    else
        control_complain(
            "%s is not running: its master (pid %d) is dead, and nothing of it is left",
            snapshot->name, (int)snapshot->pid);
    snapshot_free(snapshot);
    return status;
}
