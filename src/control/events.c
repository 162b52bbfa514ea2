#include "control/verb.h"

#include "base/mono.h"
#include "board/snapshot.h"
#include "report/words.h"

#define EVENTS_LIMIT (1u << 20)

int verb_events(const struct control *control)
{
    struct board *board = control_open_board(control);
    struct snapshot *snapshot;
    struct textbuf text;
    char at[WALL_TEXT_SIZE];
    int status;

    if (board == NULL)
        return CONTROL_NOT_RUNNING;
    snapshot = snapshot_take(board);
    board_close(board);
    if (snapshot == NULL) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    textbuf_init(&text, EVENTS_LIMIT);
    for (size_t i = 0; i < snapshot->event_count; i++) {
        textbuf_printf(&text, "%s  ", wall_format(snapshot->events[i].at_ms, at));
        words_safe(&text, snapshot->events[i].text);
        textbuf_puts(&text, "\n");
    }
    status = control_print(&text);
    if (status == CONTROL_DONE && !snapshot->master_alive)
        status = CONTROL_NOT_RUNNING;
    textbuf_fini(&text);
    snapshot_free(snapshot);
    return status;
}
